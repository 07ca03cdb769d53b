"""The tests that are not slow, likely failures first, as many as the budget allows."""

from typing import Annotated

from pydantic import Field

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _pytest

NEEDS = _pytest.NEEDS


class Options(_pytest.TestOptions):
    """`[steps.unit]`: pytest without the tests marked `slow`."""

    defer: Annotated[
        bool,
        Field(description="Leave what the budget does not allow for the next run, and say so.", examples=[True]),
    ] = True


def command(options: Options, context: StepContext) -> Command:
    """`pytest -m "not slow"` with the ordering plugin."""
    return _pytest.command(options, context, "not slow")


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a failed test."""
    return _pytest.read(outcome)
