"""Ruff's formatter as a check."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _ruff
from xptasks.tiers.settings import StepOptions

NEEDS = ("ruff",)


class Options(StepOptions):
    """`[steps.format]`: `ruff format --check`."""


def command(_options: Options, context: StepContext) -> Command:
    """`ruff format --check`, which changes nothing; an older ruff knows the variable, but not the option."""
    argv = (context.python, "-m", "ruff", "format", "--check", "--no-cache", *(context.extra or (".",)))
    return Command(argv, inputs=_ruff.INPUTS, distributions=NEEDS, env={"RUFF_OUTPUT_FORMAT": "json"})


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a file that is not formatted."""
    return _ruff.read(outcome, clean="all formatted", hint="run `inv fix`")
