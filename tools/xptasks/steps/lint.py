"""Ruff's rules over the whole project."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _ruff
from xptasks.tiers.settings import StepOptions

NEEDS = ("ruff",)


class Options(StepOptions):
    """`[steps.lint]`: `ruff check`. The rules stand in ruff's own configuration."""


def command(_options: Options, context: StepContext) -> Command:
    """`ruff check`; without its cache, which trusts times and sizes and saves less than it takes to start."""
    # Whatever their configuration says, a check fixes nothing.
    argv = (context.python, "-m", "ruff", "check", "--no-fix", "--no-cache", "--output-format=json")
    return Command((*argv, *(context.extra or (".",))), inputs=_ruff.INPUTS, distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a violation."""
    return _ruff.read(outcome, clean="no findings", hint="run `inv fix`")
