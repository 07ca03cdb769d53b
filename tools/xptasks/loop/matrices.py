"""`inv ci-matrix`: which tiers run on which Pythons, from the configuration to GitHub's output of a step."""

from collections.abc import Mapping
from pathlib import Path

from xptasks.ci import matrix
from xptasks.config.settings import Config
from xptasks.errors import CannotRunError, UsageError
from xptasks.loop.workflows import request_of


def rows(found: Config, occasion: matrix.Occasion) -> tuple[matrix.Row, ...]:
    """The jobs of one event.

    Raises:
        UsageError: there is no such tier, or none at that time.
    """
    request = request_of(found, Path.cwd())
    return matrix.rows(
        occasion,
        gate=request.gate,
        minutes=request.minutes,
        schedules=request.schedules,
        pythons=request.pythons,
    )


def give(line: str, environ: Mapping[str, str]) -> None:
    """Write the output `matrix` of a step; `line` is one line of JSON.

    Raises:
        UsageError: no workflow runs here.
        CannotRunError: the file cannot be written.
    """
    name = environ.get("GITHUB_OUTPUT", "")
    if not name:
        raise UsageError("GITHUB_OUTPUT is not set", hint="--output is for a step of a workflow; --json prints")
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"matrix={line}\n")
    except OSError as problem:
        raise CannotRunError(f"the step's output cannot be written: {problem}") from problem
