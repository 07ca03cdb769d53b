"""What a project asks for beyond not breaking anybody: versions that move as the changes do, notice before removal."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, timedelta

from xptasks.contracts.compat.change import Change, Policy, Profile
from xptasks.contracts.compat.operation import operations
from xptasks.contracts.compat.places import inside, items, root
from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.walk import day_of
from xptasks.contracts.document import Document, Location

# The grammar of semver.org; a "v" before it is a habit of tags.
_NUMBER = r"(0|[1-9][0-9]*)"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_WORDS})?(?:\+{_WORDS})?")
_GROWS = ("-added", "-deprecated", "-relaxed", "-optional", "-widened")

Version = tuple[int, int, int]


def short_notice(
    base: Document, head: Document, profiles: Collection[Profile], policy: Policy, today: date
) -> list[Change]:
    """Whatever was deprecated with too little notice; AsyncAPI knows no way to announce."""
    report = Report(base, head, profiles)
    if base.kind != "openapi" or not any(policy.notice.values()):
        return []
    old = dict(_promises(base))
    for key, (area, at, here) in _promises(head):
        if key in old and here.value.get("deprecated") and not old[key][2].value.get("deprecated"):
            days = policy.notice.get(str(here.value.get("x-stability-level", "stable")), 0)
            if days:
                _announced(report, area, at, (old[key][2], here), today + timedelta(days=days))
    return report.changes


_Promise = tuple[str, str, Location]


def _promises(document: Document) -> Iterator[tuple[tuple[str, ...], _Promise]]:
    """Operations and their parameters: a key that both contracts share, the area, the place, the value."""
    for key, operation in operations(document, "paths").items():
        yield key, ("operation", operation.name, operation.here)
        for holder in (operation.item, operation.here):
            for here in items(document, holder, "parameters"):
                name = f"{here.value.get('in')}:{here.value.get('name')}"
                yield (*key, name), ("parameter", f"{operation.name} {name}", here)


def _announced(report: Report, area: str, at: str, sides: tuple[Location, Location], earliest: date) -> None:
    text = sides[1].value.get("x-sunset")
    day = day_of(text)
    if text is None:
        message = f"the {area} was deprecated, and no `x-sunset` says when it goes: {earliest} or later"
        report.add(f"{area}-sunset-missing", at, message, base=sides[0], head=sides[1])
    elif day is not None and day < earliest:
        message = f"the {area} goes on {day}, and the notice that was promised lasts until {earliest}"
        report.add(f"{area}-notice-short", at, message, base=sides[0], head=sides[1])


def version_demanded(
    base: Document,
    head: Document,
    changes: Iterable[Change],
    profiles: Collection[Profile],
    allowed: Callable[[Change], bool],
) -> list[Change]:
    """What is wrong with `info.version` after these changes. What is allowed breaks nobody, so it demands no major."""
    report = Report(base, head, profiles)
    places = inside(root(base), "info", "version"), inside(root(head), "info", "version")
    texts = [str(place.value) for place in places]
    versions = [_parsed(text) for text in texts]
    for rule, message in _complaints(texts, versions, _need(changes, allowed)):
        report.add(rule, "info", message, base=places[0], head=places[1])
    return report.changes


def _complaints(texts: list[str], versions: list[Version | None], need: int) -> Iterator[tuple[str, str]]:
    old, new = versions
    if new is None and (need or texts[0] != texts[1]):
        yield "version-unreadable", f"`{texts[1]}` is no semantic version"
    if old is None or new is None:
        return
    said = f"the version went from {texts[0]} to {texts[1]}" if texts[0] != texts[1] else f"the version is {texts[1]}"
    moved = _moved(old, new)
    if new < old:
        yield "version-decreased", said
    elif moved < need:
        word, what = _STEPS[need]
        lowest = _raised(old, need)
        yield f"version-{word}-missing", f"{said}, and {what}: it has to be {lowest} or later"


_STEPS = {3: ("major", "something breaks"), 2: ("minor", "something was added"), 1: ("patch", "something changed")}


def _need(changes: Iterable[Change], allowed: Callable[[Change], bool]) -> int:
    """How far the version has to move: 3 for a major number, 2 minor, 1 patch, 0 not at all."""
    need = 0
    for change in changes:
        breaks = change.severity == "error" and not allowed(change)
        grows = change.severity != "info" or change.rule.endswith(_GROWS)
        need = max(need, 3 if breaks else 2 if grows else 1)
    return need


def _moved(old: Version, new: Version) -> int:
    """How far a version went. Before 1.0.0 the second number is what the first is later."""
    early = old[0] == new[0] == 0
    if new[0] > old[0]:
        return 3
    if new[1] > old[1]:
        return 3 if early else 2
    return (2 if early else 1) if new[2] > old[2] else 0


def _raised(old: Version, need: int) -> str:
    level = need - 1 if old[0] == 0 and need > 1 else need
    raised = {3: (old[0] + 1, 0, 0), 2: (old[0], old[1] + 1, 0), 1: (old[0], old[1], old[2] + 1)}[level]
    return ".".join(map(str, raised))


def _parsed(text: str) -> Version | None:
    match = _SEMVER.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None
