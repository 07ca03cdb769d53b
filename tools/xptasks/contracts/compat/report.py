"""Collects changes: gives each its severity and its places in both contracts."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from xptasks.contracts.compat.change import Change, Profile, Rule, Witness, mildest
from xptasks.contracts.compat.relation import Verdict
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.document import Document, Location
from xptasks.results import Position, Severity

_PROVEN: dict[str, Severity] = {"no": "error", "unknown": "warning", "yes": "info"}
_ANNOUNCED = (
    "-sunset-invalid",
    "-sunset-removed",
    "-sunset-earlier",
    "-stability-invalid",
    "operation-stability-decreased",
)
_UNPROVEN = " (not proven: no instance was found that one side accepts and the other refuses)"


@dataclass(frozen=True, slots=True)
class Cause:
    """A change that no schema shows; `about` is whatever its witness has to know besides."""

    rule: str
    at: str
    base: Location | None
    head: Location | None
    about: object = None


class Report:
    """The changes between two contracts, as they are found; `show` makes the witnesses that no schema gives."""

    def __init__(self, base: Document, head: Document, profiles: Collection[Profile]) -> None:
        self.changes: list[Change] = []
        self.show: Callable[[Cause], Witness | None] = lambda _: None
        self._base = base
        self._head = head
        self._profiles = profiles
        self._seen: dict[tuple[Any, ...], int] = {}

    def add(  # noqa: PLR0913 - a change has this many sides
        self,
        rule: str,
        at: str,
        message: str,
        *,
        base: Location | None = None,
        head: Location | None = None,
        verdict: Verdict | None = None,
        area: str = "",
        most: Severity = "error",
        about: object = None,
    ) -> int:
        """Notes a change and returns its index.

        One with a verdict has its witness and is as severe as it allows; no change is worse than `most`.
        """
        known: Rule = RULES[rule]
        severity = known.severity_for(self._profiles)
        if verdict is not None:
            severity = mildest(severity, _PROVEN[verdict.answer])
            if severity == "warning" and verdict.answer == "unknown":
                message += _UNPROVEN
        severity = mildest(severity, most)
        places = (_place(self._base, base), _place(self._head, head))
        key = (rule, severity, *places, message)
        if key in self._seen:
            self.again(self._seen[key], at)
            return self._seen[key]
        self._seen[key] = len(self.changes)
        witness = None
        if severity == "error":
            cause = Cause(rule, at, base, head, about)
            witness = Witness(verdict.witness) if verdict is not None else self.show(cause)
        change = Change(rule, severity, area or known.area, known.direction, at, message, *places, witness)
        self.changes.append(change)
        return self._seen[key]

    def again(self, index: int, at: str) -> None:
        """Notes that a change is met at another place too."""
        change = self.changes[index]
        if not f"{change.at} ".startswith(f"{at} ") and at not in change.also:
            self.changes[index] = replace(change, also=(*change.also, at))

    def soften(self, start: int, most: Severity = "info") -> None:
        """Makes no change since there were `start` worse than `most`: what they concern was no firm promise.

        What was announced about it stays as severe as it is: a day that nobody can read is a mistake at any level.
        """
        for index, change in enumerate(self.changes[start:], start):
            if not change.rule.endswith(_ANNOUNCED):
                self.changes[index] = replace(change, severity=mildest(change.severity, most))
        self._seen = {key: index for key, index in self._seen.items() if index < start}

    def worst_since(self, start: int) -> bool:
        """Whether anything but information was found since there were `start` changes."""
        return any(change.severity != "info" for change in self.changes[start:])


def _place(document: Document, where: Location | None) -> Position | None:
    return None if where is None else document.position(where.file, where.pointer)


def withdrawn(base: Document, profiles: Collection[Profile]) -> Change:
    """What is said of a contract that nothing continues."""
    rule = RULES["contract-removed"]
    message = f"the contract {base.name} is gone, and none continues it"
    return Change(
        rule.id, rule.severity_for(profiles), rule.area, "none", base.name, message, base.position(base.name), None
    )
