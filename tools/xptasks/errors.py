"""Every failure that xptasks expects: one tree, one exit code each, one block of text for its user.

XpError
|-- GateFailedError   1  the check said no
|-- ConfigError       2  a file or an option is wrong
|-- UsageError        2  the command line is wrong
|-- CannotRunError    3  a tool, the environment or the disk is missing
|-- LockBusyError     4  somebody else is at it
|-- OverBudgetError   5  over the budget, or timed out
`-- HumanNeededError  6  a human has to decide

130 and 143 are what a shell reports for SIGINT and SIGTERM; the runner returns them itself.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of every command; Nox flattens them to 0 and 1, so `.xp/last-run.json` repeats them."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    CANNOT_RUN = 3
    LOCK_BUSY = 4
    OVER_BUDGET = 5
    HUMAN_NEEDED = 6
    INTERRUPTED = 130
    TERMINATED = 143


class XpError(Exception):
    """An expected failure.

    Args:
        message: what is wrong, one sentence without a full stop.
        where: `file`, `file:line` or `file:line:col`, when there is such a place.
        hint: what to do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.CANNOT_RUN

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """The whole block as a user reads it."""
        first = f"{self.where}: {self.message}" if self.where else self.message
        return f"{first}\n  {self.hint}" if self.hint else first


class GateFailedError(XpError):
    """The check ran and said no."""

    exit_code = ExitCode.GATE_FAILED


class ConfigError(XpError):
    """A configuration file, an override or a contract cannot be used as it is written."""

    exit_code = ExitCode.USAGE


class UsageError(XpError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class CannotRunError(XpError):
    """The check could not run: a tool, the environment or the disk is missing or broken."""

    exit_code = ExitCode.CANNOT_RUN


class LockBusyError(XpError):
    """Another process holds the lock."""

    exit_code = ExitCode.LOCK_BUSY


class OverBudgetError(XpError):
    """A time budget ran out."""

    exit_code = ExitCode.OVER_BUDGET


class HumanNeededError(XpError):
    """The machine must not decide this alone."""

    exit_code = ExitCode.HUMAN_NEEDED
