"""The service keeps its OpenAPI contract: Schemathesis sends the contract's examples and what covers its schemas."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _contract_tests

NEEDS = _contract_tests.NEEDS
_PHASES = ("examples", "coverage")
_SEED = 1  # the same requests in every run


class Options(_contract_tests.ContractTestOptions):
    """`[steps.contract_tests]`: the same requests in every run, derived from the contract."""


def command(options: Options, context: StepContext) -> Command:
    """The phases that enumerate: examples and coverage."""
    return _contract_tests.command(options, context, _PHASES, _SEED)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a fault."""
    return _contract_tests.read(outcome)
