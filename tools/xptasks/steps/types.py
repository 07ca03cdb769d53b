"""Mypy over the project's sources."""

import json
import re
from typing import Annotated, Any

from pydantic import Field

from xptasks.results import Command, Finding, Outcome, Position, Reading, Severity, Status, StepContext
from xptasks.tiers.settings import StepOptions

NEEDS = ("mypy",)
_FOUND = 1
_TEXT = ("--show-column-numbers", "--show-error-codes", "--no-pretty", "--no-error-summary", "--no-color-output")
_LINE = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<severity>error|note): (?P<message>.*?)"
    r"(?:  \[(?P<code>[\w-]+)\])?$"
)


class Options(StepOptions):
    """`[steps.types]`: mypy, configured in `pyproject.toml`."""

    paths: Annotated[
        tuple[str, ...],
        Field(
            description="What mypy checks; without it, `files` of mypy's own configuration.",
            examples=[["src", "tests"]],
        ),
    ] = ()
    text: Annotated[
        bool, Field(description="Read mypy's text: for versions below 1.11, which know no JSON.", examples=[True])
    ] = False


def command(options: Options, context: StepContext) -> Command:
    """Plain mypy, never its daemon: the daemon has reported success with an error present."""
    paths = context.extra or options.paths
    output = _TEXT if options.text else ("--output=json",)
    argv = (context.python, "-m", "mypy", *output, f"--cache-dir={context.state / 'mypy'}", *paths)
    inputs = ("**/*.py", "**/*.pyi", "**/pyproject.toml", "**/mypy.ini", "**/.mypy.ini", "**/setup.cfg", "**/py.typed")
    return Command(argv, inputs=inputs, distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding an error; exit code 2 means that mypy could not check."""
    findings = tuple(_finding(item) for line in outcome.stdout.splitlines() if (item := _item(line)))
    errors = sum(finding.severity == "error" for finding in findings)
    if outcome.exit_code == 0:
        return Reading(Status.PASSED, summary="no type errors", findings=findings)
    if outcome.exit_code == _FOUND and errors:
        return Reading(Status.FAILED, summary=f"{errors} type errors", findings=findings)
    told = "; ".join(finding.message for finding in findings if finding.severity == "error")
    said = (outcome.stderr.strip() or told or outcome.stdout.strip())[-500:]
    return Reading(Status.ERROR, summary=said or f"mypy: exit code {outcome.exit_code}", findings=findings)


def _item(line: str) -> dict[str, Any] | None:
    """What a line complains about, in JSON or as text; None for any other line."""
    if line.startswith("{"):
        found: dict[str, Any] = json.loads(line)
        return found
    said = _LINE.match(line)
    return {**said.groupdict(), "line": int(said["line"]), "column": int(said["column"] or 1) - 1} if said else None


def _finding(item: dict[str, Any]) -> Finding:
    severity: Severity = "error" if item["severity"] == "error" else "info"
    # mypy counts columns from 0.
    position = Position(item["file"], item["line"], item["column"] + 1)
    return Finding(item["message"], item.get("code") or "", severity, position, item.get("hint") or "")
