"""What the steps `lint` and `format` share: ruff's JSON."""

import json
import re
from pathlib import Path
from typing import Any

from xptasks.results import Finding, Outcome, Position, Reading, Status

# Ruff's configuration may extend any TOML file, and ruff leaves out what git ignores, tracked or not.
INPUTS = ("**/*.py", "**/*.pyi", "**/*.ipynb", "**/*.md", "**/*.toml", "**/.gitignore", "**/.ignore")
_FOUND, _BROKEN = 1, 2


def read(outcome: Outcome, *, clean: str, hint: str) -> Reading:
    """Exit code 0: `clean` is the summary; 1: findings; anything else: ruff itself could not run."""
    if outcome.exit_code == 0:
        return Reading(Status.PASSED, summary=clean)
    unread = outcome.exit_code == _BROKEN and outcome.stdout.lstrip().startswith("[")  # files that are no Python
    if outcome.exit_code != _FOUND and not unread:
        return Reading(Status.ERROR, summary=outcome.stderr.strip()[-500:] or "ruff stopped without a word")
    findings = tuple(_finding(item, outcome.project, hint) for item in _items(outcome))
    files = len({finding.position.file for finding in findings if finding.position})
    return Reading(Status.FAILED, summary=f"{len(findings)} findings in {files} files", findings=findings)


def _items(outcome: Outcome) -> list[dict[str, Any]]:
    """What was found; `ruff format` below 0.13 only names files."""
    if outcome.stdout.lstrip().startswith("["):
        found: list[dict[str, Any]] = json.loads(outcome.stdout)
        return found
    names = re.findall(r"^Would reformat: (.+)$", outcome.stdout, re.MULTILINE)
    common = {"code": "unformatted", "message": "File would be reformatted", "fix": {"applicability": "safe"}}
    return [{**common, "filename": str(outcome.project / name)} for name in names]


def _finding(item: dict[str, Any], project: Path, hint: str) -> Finding:
    file = Path(item["filename"])
    name = str(file.relative_to(project)) if file.is_relative_to(project) else str(file)
    place = item.get("location") or {}
    fixable = (item.get("fix") or {}).get("applicability") == "safe"
    position = Position(name, place.get("row"), place.get("column"))
    return Finding(item["message"], rule=item.get("code") or "", position=position, hint=hint if fixable else "")
