"""A command of the user's own: a table `[steps.NAME]` with `run`. Its exit code is the verdict."""

from typing import Annotated, Literal

from pydantic import Field

from xptasks.results import Command, Outcome, Reading, Status, StepContext
from xptasks.steps import _lines
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()


class Options(StepOptions):
    """`[steps.NAME]` for a command of your own."""

    run: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="The command, word by word; no shell. `python` is the interpreter of the tier's environment.",
            examples=[["python", "-m", "my_check"]],
        ),
    ]
    inputs: Annotated[
        tuple[str, ...],
        Field(description="Globs of the files that the outcome depends on.", examples=[["src/**/*.py"]]),
    ] = ("**",)
    reads: Annotated[
        Literal["", "black", "flake8", "isort", "pyright"],
        Field(
            description="What the output looks like: then each complaint is a finding with its place, and a baseline "
            "can tell new ones from known ones. Without it the exit code says all.",
            examples=["flake8"],
        ),
    ] = ""
    needs: Annotated[
        tuple[str, ...],
        Field(description="Distributions that the tier's environment must hold.", examples=[["my-check>=1"]]),
    ] = ()


def command(options: Options, context: StepContext) -> Command:
    """The user's words, with `python` meaning the tier's interpreter."""
    first, *rest = options.run
    program = context.python if first in {"python", "python3"} else first
    return Command((program, *rest, *context.extra), inputs=options.inputs)


def read(options: Options, outcome: Outcome) -> Reading:
    """Exit code 0 is green; the last line of the output is the summary, unless the options say how to read it."""
    if options.reads and outcome.exit_code:
        return _lines.read(outcome, options.reads)
    lines = (outcome.stdout or outcome.stderr).strip().splitlines()
    status = Status.PASSED if outcome.exit_code == 0 else Status.FAILED
    return Reading(status, summary=lines[-1].strip()[:200] if lines else f"exit code {outcome.exit_code}")
