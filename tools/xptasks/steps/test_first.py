"""The tests of a change fail on its merge base and pass on the change; a change without behaviour needs none."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _reading
from xptasks.tiers.settings import StepOptions

NEEDS = ("pytest",)
SOMETIMES = ("tests_red_then_green",)


class Options(StepOptions):
    """`[steps.test_first]`: runs only the tests that the change adds or changes, on the merge base and here."""


def command(_options: Options, context: StepContext) -> Command:
    """Both runs in one process, which makes and removes the copy of the merge base."""
    words = [f"--source={folder}" for folder in context.sources] + [f"--tests={folder}" for folder in context.tests]
    scratch = f"--scratch={context.scratch}"
    argv = (context.python, "-m", "xptasks.landing.rehearse", f"--base={context.base}", scratch, *words)
    return Command(argv, distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """A finding a test, with its verdict; skipped without a change."""
    return _reading.read(outcome)
