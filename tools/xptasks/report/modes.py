"""How a run talks, and how that is chosen. Every Nox call imports this module: next to nothing is imported here."""

from collections.abc import Mapping
from enum import StrEnum

from xptasks.errors import UsageError

VARIABLE = "XPTASKS_OUTPUT"
AGENTS = ("AI_AGENT", "CLAUDECODE", "CODEX_SANDBOX", "CURSOR_AGENT", "GEMINI_CLI")
"""Variables that coding agents set for the commands that they run; any that is not empty chooses `agent`."""


class Mode(StrEnum):
    """How a run talks."""

    LIVE = "live"  # a terminal: what runs now, and lines for what has ended
    PLAIN = "plain"  # lines only, and a sign of life every 30 s
    AGENT = "agent"  # as few bytes as possible
    JSON = "json"  # the run as JSON on stdout, plain lines on stderr


MODES = tuple(Mode)
_CHOICES = f"{', '.join(MODES[:-1])} or {MODES[-1]}"


def mode_of(asked: str | None, environ: Mapping[str, str], *, terminal: bool) -> Mode:
    """What the command line asks for, else `XPTASKS_OUTPUT`, else `agent` for agents, `live` on a terminal, or `plain`.

    Raises:
        UsageError: there is no such mode.
    """
    chosen = asked or environ.get(VARIABLE, "")
    if chosen not in (*MODES, ""):
        raise UsageError(f"there is no output {chosen!r}", where=None if asked else VARIABLE, hint=f"use {_CHOICES}")
    if chosen:
        return Mode(chosen)
    if any(environ.get(name) for name in AGENTS):
        return Mode.AGENT
    return Mode.LIVE if terminal and environ.get("TERM") != "dumb" else Mode.PLAIN
