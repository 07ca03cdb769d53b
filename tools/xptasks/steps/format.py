"""Ruff's formatter as a check."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _ruff
from xptasks.tiers.settings import StepOptions

NEEDS = ("ruff",)


class Options(StepOptions):
    """`[steps.format]`: `ruff format --check`."""


def command(_options: Options, context: StepContext) -> Command:
    """`ruff format --check`, which changes nothing."""
    words = ("format", "--check", "--no-cache", "--output-format=json", *(context.extra or (".",)))
    return Command((context.python, "-m", "ruff", *words), inputs=_ruff.INPUTS, distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a file that is not formatted."""
    return _ruff.read(outcome, clean="all formatted", hint="run `inv fix`")
