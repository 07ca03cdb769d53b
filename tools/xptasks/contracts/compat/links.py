"""Compares links: from an answer to an operation, and what of the answer goes into its parameters."""

from typing import Any

from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.operation import TEMPLATE, operations
from xptasks.contracts.compat.places import members
from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import split_pointer
from xptasks.contracts.source import Fault

_STEPS = 3  # paths, the path, the method


def compare_links(comparison: Comparison, old: Location, new: Location, at: str) -> None:
    """Reports links that came, went, or lead elsewhere; what only names the same operation differently is the same."""
    report = comparison.report
    before, after = dict(members(comparison.base, old, "links")), dict(members(comparison.head, new, "links"))
    for name in sorted(before.keys() - after.keys()):
        report.add("response-link-removed", at, f"the link {name} was removed", base=before[name], head=new)
    for name in sorted(after.keys() - before.keys()):
        report.add("response-link-added", at, f"the link {name} was added", base=old, head=after[name])
    for name in sorted(before.keys() & after.keys()):
        _link(comparison, name, before[name], after[name], at)


def _link(comparison: Comparison, name: str, old: Location, new: Location, at: str) -> None:
    targets = _target(comparison.base, old), _target(comparison.head, new)
    one, two = _given(old), _given(new)
    named = old.value.get("operationId") == new.value.get("operationId")
    same = targets[0] == targets[1] or (named and None in targets)
    if same and one == two:
        return
    rule = "response-link-extended" if same and one.items() <= two.items() else "response-link-changed"
    dead = targets[0] is None  # nobody could follow it
    message = f"the link {name} changed"
    comparison.report.add(rule, at, message, base=old, head=new, most="info" if dead else "error")


def _given(link: Location) -> dict[str, str]:
    """What of an answer goes into which part of the next request."""
    value: dict[str, Any] = link.value
    found = {f"parameters.{key}": value_text(given) for key, given in (value.get("parameters") or {}).items()}
    return found | {word: value_text(value[word]) for word in ("requestBody", "server") if word in value}


def _target(document: Document, link: Location) -> str | None:
    """The operation by its path and method where it is one of this contract; None when there is none."""
    name, ref = link.value.get("operationId"), link.value.get("operationRef")
    if not isinstance(name, str):
        return _by_reference(document, str(ref), link.file)
    known = operations(document, "paths")
    return next((" ".join(key) for key, found in known.items() if found.value.get("operationId") == name), None)


def _by_reference(document: Document, ref: str, file: str) -> str:
    try:
        found = document.resolve(ref, file)
    except Fault:
        return ref
    tokens = split_pointer(found.pointer)
    if len(tokens) != _STEPS or tokens[0] != "paths":
        return ref
    return f"{TEMPLATE.sub('{}', tokens[1])} {tokens[2]}"
