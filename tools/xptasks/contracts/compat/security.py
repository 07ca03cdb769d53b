"""Compares who is let in: requirements are alternatives of schemes with scopes."""

from collections.abc import Collection, Mapping
from typing import Any

from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.report import Report
from xptasks.contracts.document import Location

_TELLING = ("type", "in", "name", "scheme")

Requirement = Mapping[str, Any]


def compare_requirements(report: Report, old: tuple[Any, Location], new: tuple[Any, Location], at: str) -> None:
    """Reports whether who was let in still is, and whether more are."""
    before, after = _alternatives(old[0]), _alternatives(new[0])
    closed = [one for one in before if not any(two.keys() <= one.keys() for two in after)]
    scoped = [one for one in before if not any(_enough(one, two) for two in after)]
    opened = [two for two in after if not any(_enough(two, one) for one in before)]
    if closed:
        message = f"{_told(closed[0])} is not enough any more"
        report.add("security-tightened", at, message, base=old[1], head=new[1])
    elif scoped:
        message = f"{_told(scoped[0])} is not enough any more: a token needs other scopes"
        report.add("security-scopes-changed", at, message, base=old[1], head=new[1])
    elif opened:
        message = f"{_told(opened[0])} is enough now"
        report.add("security-relaxed", at, message, base=old[1], head=new[1])


def compare_schemes(
    report: Report, old: Mapping[str, Location], new: Mapping[str, Location], asked: Collection[str]
) -> None:
    """Reports schemes that came, went, or mean something else."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            report.add("security-scheme-removed", name, f"the scheme `{name}` was removed", base=old[name])
        elif name not in old:
            report.add("security-scheme-added", name, f"the scheme `{name}` was added", head=new[name])
        elif _telling(old[name].value) != _telling(new[name].value) and name in asked:
            message = f"the scheme `{name}` changed"
            report.add("security-scheme-changed", name, message, base=old[name], head=new[name])
        elif _source(old[name].value) != _source(new[name].value) or _telling(old[name].value) != _telling(
            new[name].value
        ):
            message = f"where the scheme `{name}` gets its tokens, or for what, changed"
            report.add("security-source-changed", name, message, base=old[name], head=new[name])


def _alternatives(value: object) -> list[Requirement]:
    listed: list[Requirement] = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return listed or [{}]


def _enough(shown: Requirement, asked: Requirement) -> bool:
    """Whether whoever can show one requirement meets the other."""
    return all(name in shown and set(scopes or ()) <= set(shown[name] or ()) for name, scopes in asked.items())


def _told(requirement: Requirement) -> str:
    if not requirement:
        return "a request without credentials"
    names = [f"{name}({', '.join(map(str, scopes))})" if scopes else name for name, scopes in requirement.items()]
    return " and ".join(names)


def _source(value: Mapping[str, Any]) -> str:
    return value_text([value.get("flows"), value.get("openIdConnectUrl")])


def _telling(value: Mapping[str, Any]) -> str:
    return value_text({key: value[key] for key in _TELLING if key in value})
