"""The verdict on what changed: against which baselines, what is allowed, and which permissions are out of order."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from xptasks.contracts.compat.change import Change
from xptasks.contracts.settings import AllowedBreak
from xptasks.errors import ExitCode
from xptasks.results import Finding, Position

FailOn = Literal["error", "warning", "never"]

_FAILING: Mapping[FailOn, tuple[str, ...]] = {"error": ("error",), "warning": ("error", "warning"), "never": ()}
_ALARMS = ("error", "warning")
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Permission:
    """Why a break is allowed.

    Attributes:
        reason: in its author's words.
        expires: the last day on which it counts; None without one.
        position: where it is written.
        place: the other place of a shared change that it names; "" where it names the reported one.
    """

    reason: str
    expires: dt.date | None
    position: Position
    place: str = ""


class Allows(Protocol):
    """Whatever may allow a change: the list in `xpconfig.toml`, a file of another tool."""

    def permission(self, change: Change) -> Permission | None:
        """Why the change is allowed, None when it is not; remembers what was needed."""
        ...

    def problems(self) -> Sequence[Finding]:
        """What is wrong with the list itself, once all changes were seen."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A change, the baselines it concerns, and why it is allowed if it is."""

    change: Change
    baselines: tuple[str, ...]
    allowed: Permission | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that changed, the worst first.

    Attributes:
        changes: allowed ones too.
        problems: permissions that are out of order; one with the severity `error` fails the comparison.
        notes: what a reader should know, one sentence each.
    """

    changes: tuple[Judged, ...]
    baselines: tuple[str, ...]
    problems: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def failing(self, fail_on: FailOn = "error") -> tuple[Judged, ...]:
        """The changes that nobody allowed and that count."""
        return tuple(one for one in self.changes if not one.allowed and one.change.severity in _FAILING[fail_on])

    def exit_code(self, fail_on: FailOn = "error") -> ExitCode:
        """1 when something breaks that is not allowed, or a permission is out of order."""
        out_of_order = any(problem.severity == "error" for problem in self.problems)
        failed = fail_on != "never" and (out_of_order or self.failing(fail_on))
        return ExitCode.GATE_FAILED if failed else ExitCode.OK


def merge(found: Mapping[str, Iterable[Change]]) -> tuple[Judged, ...]:
    """The changes against several baselines, each once, with the names of the baselines it concerns."""
    merged: dict[tuple[object, ...], tuple[Change, dict[str, None]]] = {}
    for baseline, changes in found.items():
        for change in changes:
            key = (change.rule, change.severity, change.at, change.message, change.head)
            merged.setdefault(key, (change, {}))[1][baseline] = None
    ordered = sorted(merged.values(), key=lambda pair: (_ORDER[pair[0].severity], pair[0].at, pair[0].rule))
    return tuple(Judged(change, tuple(names)) for change, names in ordered)


class AllowList:
    """`[[contracts.allow]]`: only what has not expired allows, and only what would alarm needs to be allowed.

    Args:
        entries: each with the place where it is written.
        today: an entry counts on its last day, too.
    """

    def __init__(self, entries: Iterable[tuple[AllowedBreak, Position]], today: dt.date) -> None:
        self._entries = tuple(entries)
        self._today = today
        self._used: set[int] = set()

    @property
    def written(self) -> tuple[AllowedBreak, ...]:
        """The entries, whether they count or not."""
        return tuple(entry for entry, _ in self._entries)

    def permission(self, change: Change) -> Permission | None:
        """The first entry that is meant and has not expired.

        A change in a shared component is one change: an entry that names any place of it allows it everywhere.
        """
        if change.severity not in _ALARMS:
            return None
        for number, (entry, position) in enumerate(self._entries):
            place = _named(entry, change)
            if place is not None:
                self._used.add(number)
                if entry.expires >= self._today:
                    shared = place if place != change.at else ""
                    return Permission(entry.reason, entry.expires, position, shared)
        return None

    def problems(self) -> Sequence[Finding]:
        """Entries that have expired, and those that nothing needed."""
        found = []
        for number, (entry, position) in enumerate(self._entries):
            if entry.expires < self._today:
                message = f"the permission for {entry.rule} at {entry.at!r} expired on {entry.expires}"
                hint = "Remove the entry; if the break is still meant, say so with a later day."
                found.append(Finding(message, "allow-expired", "error", position, hint))
            elif number not in self._used:
                message = f"nothing needs the permission for {entry.rule} at {entry.at!r}"
                hint = "Remove the entry, or correct `rule` and `at`: both stand in the report as it shows a change."
                found.append(Finding(message, "allow-unused", "error", position, hint))
        return found


def _named(entry: AllowedBreak, change: Change) -> str | None:
    """The place of a change that an entry names, the reported one first; None when it means another change."""
    places = (change.at, *change.also) if entry.rule == change.rule else ()
    return next((place for place in places if covers(entry.at, place)), None)


def covers(written: str, at: str) -> bool:
    """Whether a place in a permission is a place in the report; a `*` at its end stands for whatever follows."""
    return written == at or (written.endswith("*") and at.startswith(written[:-1]))


def allow(changes: Iterable[Judged], lists: Sequence[Allows]) -> tuple[Judged, ...]:
    """The changes with their permissions. Every list is asked about every change: it has to know what it is for."""
    judged = []
    for one in changes:
        given = [permission for each in lists if (permission := each.permission(one.change)) is not None]
        judged.append(Judged(one.change, one.baselines, given[0] if given else None))
    return tuple(judged)
