"""For code scanning: SARIF 2.1.0. What is allowed is suppressed there, with its reason."""

import hashlib
from typing import Any

from xptasks import sarif
from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.contracts.compat.rules import RULES
from xptasks.results import Finding, Position, Severity


def show(judgement: Judgement) -> str:
    """The log: one run, a result for each change and for each permission that is out of order."""
    used = sorted({one.change.rule for one in judgement.changes} | {problem.rule for problem in judgement.problems})
    places = {name: index for index, name in enumerate(used)}
    results = [_change(one, places) for one in judgement.changes]
    results += [_problem(problem, places) for problem in judgement.problems]
    return sarif.log([_rule(name) for name in used], results)


def _rule(name: str) -> dict[str, Any]:
    known = RULES.get(name)
    return sarif.rule(name, known.sentence if known else "An allowed break is out of order.")


def _change(one: Judged, places: dict[str, int]) -> dict[str, Any]:
    change = one.change
    said = " ".join(filter(None, [f"{_words.title(one)}.", _words.sentence(change), _words.proof(change)]))
    result = _result(change.rule, change.severity, said, change.head or change.base, places)
    result["partialFingerprints"] = {"changeAndPlace/v1": _digest(f"{change.rule} {change.at} {change.message}")}
    result["properties"] = {"area": change.area, "direction": change.direction, "baselines": list(one.baselines)}
    if change.base is not None:
        result["relatedLocations"] = [
            {**_location(change.base, exact=True), "message": {"text": f"before: {change.base}"}}
        ]
    if one.allowed:
        justification = _words.permission(one.allowed)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _problem(problem: Finding, places: dict[str, int]) -> dict[str, Any]:
    said = f"{problem.message}. {problem.hint}"
    return _result(problem.rule, problem.severity, said, problem.position, places)


def _result(rule: str, severity: Severity, text: str, where: Position | None, places: dict[str, int]) -> dict[str, Any]:
    return sarif.result(rule, places[rule], severity, text, [_location(where)] if where is not None else [])


def _location(position: Position, *, exact: bool = False) -> dict[str, Any]:
    """A place. A line of another revision means nothing in the file that lies there, so it is left out unless asked."""
    path, revision = _words.path_and_revision(position)
    return sarif.location(path, position, region=exact or not revision)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
