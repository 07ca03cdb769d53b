"""What every SARIF 2.1.0 log of ours has in common: the words of the format, places, and the frame of a log."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from xptasks.markup import clean
from xptasks.results import Position, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def log(rules: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], **run: object) -> str:
    """A log with one run.

    Args:
        rules: what the tool knows, as `rule` makes it.
        results: what it found.
        run: whatever else the run says of itself.
    """
    driver = {"name": "xptasks", "rules": list(rules)}
    made = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", **run, "results": list(results)}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [made]}, indent=2) + "\n"


def rule(name: str, text: str, **more: object) -> dict[str, Any]:
    """A rule, by its stable name."""
    return {"id": name, "shortDescription": {"text": text}, **more}


def result(name: str, index: int, severity: Severity, text: str, places: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Something that was found.

    Args:
        name: the rule.
        index: its number among the log's rules.
        severity: ours; `info` is called `note` there.
        text: for people.
        places: as `location` makes them; none when there is none.
    """
    level = _LEVELS[severity]
    return {"ruleId": name, "ruleIndex": index, "level": level, "message": {"text": text}, "locations": list(places)}


def location(path: str, position: Position, *, region: bool = True) -> dict[str, Any]:
    """A place: a path relative to the repository, as a URI, and the line where it means something."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(clean(path), safe="/")}}
    if region and position.line is not None:
        physical["region"] = {"startLine": max(1, position.line), "startColumn": max(1, position.column or 1)}
    return {"physicalLocation": physical}
