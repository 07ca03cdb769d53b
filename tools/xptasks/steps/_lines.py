"""Tools that complain in lines of text: their findings, one a line."""

import re
from pathlib import Path

from xptasks.results import Finding, Outcome, Position, Reading, Status

_PATTERNS = {
    "black": r"^would reformat (?P<file>.+)$",
    "flake8": r"^(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?P<rule>[A-Z]+\d+) (?P<message>.+)$",
    "isort": r"^ERROR: (?P<file>.+?) (?P<message>Imports are incorrectly sorted.*)$",
    "pyright": r"^\s+(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+) - error: (?P<message>.+?)(?: \((?P<rule>\w+)\))?$",
}


def read(outcome: Outcome, style: str) -> Reading:
    """Every line that has the tool's form is a finding; without any, the tool itself could not run."""
    said = f"{outcome.stdout}\n{outcome.stderr}"
    findings = tuple(
        _finding(found.groupdict(), style, outcome.project)
        for found in re.finditer(_PATTERNS[style], said, re.MULTILINE)
    )
    if not findings:
        return Reading(Status.ERROR, said.strip()[-500:] or f"{style}: exit code {outcome.exit_code}")
    return Reading(Status.FAILED, f"{len(findings)} findings", findings)


def _finding(found: dict[str, str], style: str, project: Path) -> Finding:
    path = Path(found["file"])
    name = path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()
    line, column = found.get("line"), found.get("column")
    position = Position(name, int(line) if line else None, int(column) if column else None)
    return Finding(found.get("message") or "not formatted", found.get("rule") or style, position=position)
