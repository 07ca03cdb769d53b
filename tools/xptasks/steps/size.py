"""The change is small: fewer than 300 lines outside of generated files, pins and snapshots."""

from typing import Annotated

from pydantic import Field

from xptasks.landing.size import EXCLUDE
from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.steps import _reading
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()
OURS = True
SOMETIMES = ("change_lines",)  # not on the trunk


class Options(StepOptions):
    """`[steps.size]`: what differs from the merge base, committed or not."""

    max_lines: Annotated[
        int,
        Field(ge=1, description="A change of fewer added and deleted lines passes.", examples=[300]),
    ] = 300
    exclude: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of files that do not count, besides generated files, pins, lock files and snapshots.",
            examples=[["docs/reference/**"]],
        ),
    ] = ()


def command(options: Options, context: StepContext) -> Command:
    """Ask git for the numbers of lines, in a process of its own."""
    generate = context.slices.get("generate")
    generated = generate.files().values() if generate else ()
    exclude = [f"--exclude={glob}" for glob in (*EXCLUDE, *generated, *options.exclude)]
    argv = (context.own, "-m", "xptasks.landing.measure", f"--base={context.base}", f"--limit={options.max_lines}")
    return Command((*argv, *exclude))


def read(_options: Options, outcome: Outcome) -> Reading:
    """Skipped without a change; the biggest files when it is too large."""
    return _reading.read(outcome)
