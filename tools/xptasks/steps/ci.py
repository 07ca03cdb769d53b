"""The CI files are what `xpconfig.toml` says, and no workflow lets through what our rules forbid."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _reading
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()


class Options(StepOptions):
    """`[steps.ci]`: what `inv generate-ci --check` does; the files follow from the table `[ci]`."""


def command(_options: Options, context: StepContext) -> Command:
    """One process: it reads the configuration itself, without profile and variables."""
    inputs = ("xpconfig.toml", ".github/**", ".gitlab-ci.yml", "tools/start.py", "requirements*", "uv.lock")
    return Command((context.python, "-m", "xptasks.loop.workflows"), inputs=inputs)


def read(_options: Options, outcome: Outcome) -> Reading:
    """A finding for each stale file and for each rule that a workflow breaks."""
    return _reading.read(outcome)
