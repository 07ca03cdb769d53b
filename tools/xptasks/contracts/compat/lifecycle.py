"""What is announced about an operation or a parameter: deprecation, the day of removal, how firm a promise is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.walk import day_of, level_of
from xptasks.contracts.document import Location

BETA = 2
"""Below this level nothing is promised."""

_LEVELS = ("draft", "alpha", "beta", "stable")
_ANNOUNCED = ("deprecated", "x-sunset", "x-stability-level")


def compare_lifecycle(report: Report, what: str, at: str, old: Location, new: Location) -> None:
    """Reports what was announced, taken back, or announced in a way that cannot be read."""
    before, after = old.value, new.value
    if bool(before.get("deprecated")) != bool(after.get("deprecated")):
        name = "deprecated" if after.get("deprecated") else "reactivated"
        report.add(f"{what}-{name}", at, f"the {what} was {name}", base=old, head=new)
    announced_wrongly(report, what, at, before, new)
    if before.get("deprecated") and after.get("deprecated"):
        _dates(report, what, at, old, new)
    if level_of(after) < level_of(before):
        message = f"the {what} was {before.get('x-stability-level', 'stable')} and is {after['x-stability-level']} now"
        report.add(f"{what}-stability-decreased", at, message, base=old, head=new)


def announced_wrongly(report: Report, what: str, at: str, before: Mapping[str, Any], new: Location) -> None:
    """Reports announcements that cannot be read, once they change."""
    after = new.value
    if all(before.get(word) == after.get(word) for word in _ANNOUNCED):
        return
    if after.get("deprecated") and "x-sunset" in after and day_of(after["x-sunset"]) is None:
        report.add(f"{what}-sunset-invalid", at, f"the `x-sunset` of the {what} is no date", head=new)
    if any(value.get("x-stability-level", "stable") not in _LEVELS for value in (before, after)):
        message = f"the {what} has an `x-stability-level` that does not exist"
        report.add(f"{what}-stability-invalid", at, message, head=new)


def _dates(report: Report, what: str, at: str, old: Location, new: Location) -> None:
    before, after = day_of(old.value.get("x-sunset")), day_of(new.value.get("x-sunset"))
    if "x-sunset" in old.value and "x-sunset" not in new.value:
        message = f"the {what} was to go on {old.value['x-sunset']}; now no day is named"
        report.add(f"{what}-sunset-removed", at, message, base=old, head=new)
    elif before is not None and after is not None and after < before:
        message = f"the {what} goes on {after}, and {before} was announced"
        report.add(f"{what}-sunset-earlier", at, message, base=old, head=new)
    elif "x-sunset" in old.value and before is None and old.value["x-sunset"] != new.value["x-sunset"]:
        message = f"the `x-sunset` of the {what} was no date"
        report.add(f"{what}-sunset-invalid", at, message, base=old, head=new)


def removal(what: str, value: Mapping[str, Any], today: date) -> tuple[str, str]:
    """The rule and the message for the removal of something deprecated."""
    if "x-sunset" not in value:
        return f"{what}-removed-after-deprecation", f"the deprecated {what} was removed"
    day = day_of(value["x-sunset"])
    if day is None:
        return f"{what}-sunset-invalid", f"the {what} was removed, and its `x-sunset` is no date"
    if day > today:
        return f"{what}-removed-before-sunset", f"the {what} was removed before {day}"
    return f"{what}-removed-after-deprecation", f"the {what} was removed after {day}, as announced"
