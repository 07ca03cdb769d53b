"""Compares who is let in: requirements are alternatives of schemes with scopes."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.report import Report
from xptasks.contracts.document import Location

Requirement = Mapping[str, Iterable[str]]
Schemes = Mapping[str, Location]

NOBODY: Requirement = {}
"""The requirement that everybody meets."""

_TELLING = ("type", "in", "name", "scheme")
_LISTS = ("scopes", "availableScopes")  # of a flow: as OpenAPI and AsyncAPI 2 name them, and AsyncAPI 3


def compare_requirements(
    report: Report,
    old: tuple[Collection[Requirement], Location],
    new: tuple[Collection[Requirement], Location],
    at: str,
    scopes: str = "security-scopes-changed",
) -> None:
    """Reports whether who was let in still is, and whether more are; `scopes` is the rule for tokens that need more."""
    before, after = (side[0] or [NOBODY] for side in (old, new))
    closed = [one for one in before if not any(two.keys() <= one.keys() for two in after)]
    scoped = [one for one in before if not any(_enough(one, two) for two in after)]
    opened = [two for two in after if not any(_enough(two, one) for one in before)]
    if closed:
        message = f"{_told(closed[0])} is not enough any more"
        report.add("security-tightened", at, message, base=old[1], head=new[1], about=closed[0])
    elif scoped:
        message = f"{_told(scoped[0])} is not enough any more: a token needs other scopes"
        report.add(scopes, at, message, base=old[1], head=new[1])
    elif opened:
        message = f"{_told(opened[0])} is enough now"
        report.add("security-relaxed", at, message, base=old[1], head=new[1])


def compare_schemes(report: Report, old: Schemes, new: Schemes, asked: Collection[str]) -> None:
    """Reports schemes that came, went, or mean something else; one that only has another name is the same."""
    renamed = aliases(old, new)
    after = {renamed.get(name, name): here for name, here in new.items()}
    for name in sorted(old.keys() | after.keys()):
        if name not in after:
            report.add("security-scheme-removed", name, f"the scheme `{name}` was removed", base=old[name])
        elif name not in old:
            report.add("security-scheme-added", name, f"the scheme `{name}` was added", head=after[name])
        else:
            _compare_scheme(report, name, old[name], after[name], used=name in asked)


def _compare_scheme(report: Report, name: str, old: Location, new: Location, *, used: bool) -> None:
    if used and telling(old.value) != telling(new.value):
        message = f"the scheme `{name}` changed from {telling(old.value)} to {telling(new.value)}"
        report.add("security-scheme-changed", name, message, base=old, head=new, about=name)
    elif meaning(old.value) != meaning(new.value):
        message = f"where the scheme `{name}` gets its tokens, or for what, changed"
        report.add("security-source-changed", name, message, base=old, head=new)


def aliases(old: Schemes, new: Schemes) -> dict[str, str]:
    """What schemes that only have another name are called in the old contract."""
    free = {meaning(here.value): name for name, here in old.items() if name not in new}
    return {
        name: free[meaning(here.value)] for name, here in new.items() if name not in old and meaning(here.value) in free
    }


def requirements(value: object, renamed: Mapping[str, str]) -> list[Requirement]:
    """The alternatives of a `security`, with the names of the old contract."""
    listed = value if isinstance(value, list) else []
    return [
        {renamed.get(name, name): scopes_of(scopes) for name, scopes in one.items()}
        for one in listed
        if isinstance(one, dict)
    ]


def scopes_of(value: object) -> list[str]:
    """The scopes in a list; none where there is no list."""
    return [str(scope) for scope in value] if isinstance(value, list) else []


def meaning(value: Mapping[str, Any]) -> str:
    """All that a scheme says but words for people, as text."""
    flows = value.get("flows")
    said = {word: text.lower() for word in ("type", "in", "scheme") if isinstance(text := value.get(word), str)}
    said |= {word: value[word] for word in ("name", "openIdConnectUrl", "bearerFormat") if word in value}
    found = (
        {name: _flow(flow) for name, flow in flows.items() if isinstance(flow, dict)} if isinstance(flows, dict) else {}
    )
    return value_text(said | {"flows": found})


def _flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    scopes: Collection[str] = next((flow[word] for word in _LISTS if isinstance(flow.get(word), dict)), ())
    return {key: text for key, text in flow.items() if key.endswith("Url")} | {"scopes": sorted(scopes)}


def telling(value: Mapping[str, Any]) -> str:
    """How a client tells who it is, in words."""
    words = [str(value[word]) for word in _TELLING if word in value]
    return " ".join(word.lower() if value.get("name") != word else word for word in words)


def _enough(shown: Requirement, asked: Requirement) -> bool:
    """Whether whoever can show one requirement meets the other."""
    return all(name in shown and set(scopes) <= set(shown[name]) for name, scopes in asked.items())


def _told(requirement: Requirement) -> str:
    if not requirement:
        return "a request without credentials"
    names = [f"{name}({', '.join(scopes)})" if scopes else name for name, scopes in requirement.items()]
    return " and ".join(names)
