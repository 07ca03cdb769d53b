"""The CI files are what `xpconfig.toml` says, and no workflow lets through what our rules forbid."""

from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _reading
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()


_FILES = ("xpconfig.toml", ".github/**", ".gitlab-ci.yml")
_SHOWN = ("tools/start.py", "requirements*.txt", "requirements/**", "uv.lock")  # how jobs get xptasks


class Options(StepOptions):
    """`[steps.ci]`: what `inv generate-ci --check` does; the files follow from the table `[ci]`."""


def command(_options: Options, context: StepContext) -> Command:
    """One process: it reads the configuration itself, without profile and variables."""
    return Command((context.python, "-m", "xptasks.loop.workflows"), inputs=(*_FILES, *_SHOWN))


def read(_options: Options, outcome: Outcome) -> Reading:
    """A finding for each stale file and for each rule that a workflow breaks."""
    return _reading.read(outcome)
