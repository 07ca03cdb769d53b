"""The service keeps its OpenAPI contract under chance: Schemathesis makes up requests, and sequences of them."""

from typing import Annotated

from pydantic import Field

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _contract_tests

NEEDS = _contract_tests.NEEDS
_PHASES = ("fuzzing", "stateful")


class Options(_contract_tests.ContractTestOptions):
    """`[steps.contract_fuzz]`: other requests in each run; the seed is in the report."""

    seed: Annotated[
        int | None,
        Field(description="Where chance begins; without it anew in each run.", examples=[20260131]),
    ] = None


def command(options: Options, context: StepContext) -> Command:
    """The phases that take chances, until the time is spent: fuzzing and stateful."""
    return _contract_tests.command(options, context, _PHASES, options.seed)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a fault."""
    return _contract_tests.read(outcome)
