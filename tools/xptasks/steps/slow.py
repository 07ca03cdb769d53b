"""The tests marked `slow`."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _pytest

NEEDS = _pytest.NEEDS


class Options(_pytest.TestOptions):
    """`[steps.slow]`: pytest with only the tests marked `slow`."""


def command(options: Options, context: StepContext) -> Command:
    """`pytest -m "slow"` with the ordering plugin."""
    return _pytest.command(options, context, "slow")


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a failed test."""
    return _pytest.read(outcome)
