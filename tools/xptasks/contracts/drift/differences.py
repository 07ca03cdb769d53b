"""The differences between a contract and a served document, each with both places. Only computes."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.document import Document
from xptasks.contracts.drift.normal import pointers
from xptasks.results import Finding, Position

_PROFILES: tuple[Profile, ...] = ("wire", "client")
_VAGUE = "-schema-"  # rules that say of a schema only that it changed
# Words in the names of rules about what a framework does not say: names, addresses, plans, and what only describes.
_SILENT = (
    "component", "operation-id", "operation-tags", "parameter-renamed", "server", "link", "sunset", "stability",
    "extensible", "visibility", "discriminator", "response-default-changed", "security-scheme-added",
    "security-scheme-removed", "security-source", "security-scopes", "ignored-limit",
)  # fmt: skip


def find(contract: Document, served: Document, today: date) -> list[Finding]:
    """Every difference in meaning: an error when it is certain, a warning when neither sameness nor it could be proven.

    The way from the contract to the service tells what differs; the way back adds the places that only show from there.
    That a schema "changed" in some way is told only when nothing more exact is: it repeats what is inside.
    """
    there = _meant(compare(contract, served, profiles=_PROFILES, today=today))
    known = {change.at for change in there if _VAGUE not in change.rule}
    back = _meant(compare(served, contract, profiles=_PROFILES, today=today))
    only_back = [change for change in back if change.severity != "info" and change.at not in known]
    place = _Places(served)
    findings = [_finding(change, place, change.base, change.head, "the service") for change in there]
    findings += [_finding(change, place, change.head, change.base, "the contract") for change in only_back]
    return [finding for finding in findings if _VAGUE not in finding.rule] or findings


def _meant(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if not any(word in change.rule for word in _SILENT)]


class _Places:
    """Where in the served document a position is, as a JSON Pointer."""

    def __init__(self, served: Document) -> None:
        self._lines = list(pointers(served.value))

    def __call__(self, position: Position | None) -> str:
        line = position.line if position else None
        return f"#{self._lines[line - 1]}" if line and line <= len(self._lines) else ""


def _finding(change: Change, place: _Places, contract: Position | None, served: Position | None, side: str) -> Finding:
    other = "the contract" if side == "the service" else "the service"
    pointer = place(served)
    where = f"; served at {pointer}" if pointer else "; nothing of it is served"
    missing = "" if contract else "; nothing of it is in the contract"
    instance = (
        f"; one side accepts this and the other does not: {_short(change.witness.instance)}" if change.witness else ""
    )
    return Finding(
        f"{change.at}: seen from {other}, {side} differs: {change.message}{instance}{where}{missing}",
        rule=f"drift-{change.rule}",
        severity="warning" if change.severity == "warning" and _is_unproven(change) else "error",
        position=contract,
        hint="change the contract or the service, so that both say the same",
    )


def _is_unproven(change: Change) -> bool:
    return change.witness is None and "(not proven" in change.message


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else f"{text[:120]}..."  # noqa: PLR2004 - a line


def written(served: Mapping[str, Any]) -> str:
    """The document as `_Places` reads it."""
    return json.dumps(served, indent=1, ensure_ascii=False) + "\n"
