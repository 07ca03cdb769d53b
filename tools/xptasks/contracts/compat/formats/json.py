"""For programs: one object, the same for the same judgement."""

import json
from typing import Any

from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.results import Finding, Position


def show(judgement: Judgement) -> str:
    """The judgement. `witness`, `also` (other places of it) and `allowed` are there where a change has them."""
    whole = {
        "changes": [_change(one) for one in judgement.changes],
        "baselines": list(judgement.baselines),
        "problems": [_problem(problem) for problem in judgement.problems],
        "notes": list(judgement.notes),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _change(one: Judged) -> dict[str, Any]:
    change = one.change
    plain: dict[str, Any] = {
        "rule": change.rule,
        "severity": change.severity,
        "area": change.area,
        "direction": change.direction,
        "at": change.at,
        "message": change.message,
        "base": _place(change.base),
        "head": _place(change.head),
        "baselines": list(one.baselines),
    }
    if change.witness is not None:
        plain["witness"] = change.witness.plain
    if change.also:
        plain["also"] = list(change.also)
    if one.allowed is not None:
        expires = str(one.allowed.expires) if one.allowed.expires else None
        plain["allowed"] = {"reason": one.allowed.reason, "expires": expires, "at": str(one.allowed.position)}
        if one.allowed.place:
            plain["allowed"]["place"] = one.allowed.place
    return plain


def _problem(problem: Finding) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        "message": problem.message,
        "at": _place(problem.position),
        "hint": problem.hint,
    }


def _place(position: Position | None) -> str | None:
    return None if position is None else str(position)
