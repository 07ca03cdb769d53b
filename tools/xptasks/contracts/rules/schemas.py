"""Schemas that no validator can finish, and patterns that it cannot read."""

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from xptasks.contracts.document import Document, Location
from xptasks.contracts.json_text import shorten
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.shapes import Node
from xptasks.contracts.source import Fault
from xptasks.results import Finding

RULES = {
    "schema-endless": Rule(
        "all", "error", "A schema does not ask about the same value again through `$ref` and `allOf`."
    ),
    "schema-pattern": Rule("all", "error", "A pattern is a regular expression."),
    "schema-pattern-dialect": Rule("all", "warning", "A pattern is one that the engines of all languages read."),
}

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_OPEN, _DONE = 1, 2
_Key = tuple[str, str]


def check(view: View) -> Iterator[Finding]:
    """Looks for circles of keywords that all speak about the same value, and at every pattern."""
    for file, pointer in endless(view):
        message = "this schema is a part of itself for the same value, so that checking a value never ends"
        hint = "Recursion must pass through a property, an item or another part of the value."
        yield view.complain("schema-endless", file, pointer, message, hint)
    yield from _patterns(view)


def _patterns(view: View) -> Iterator[Finding]:
    for node in view.walk.of("schema"):
        if isinstance(node.value.get("pattern"), str):
            yield from _pattern(view, node, node.value["pattern"], "pattern")
        several = node.value.get("patternProperties")
        for pattern in several if isinstance(several, dict) else ():
            yield from _pattern(view, node, pattern, "patternProperties", pattern)


def _pattern(view: View, node: Node, pattern: str, *at: str) -> Iterator[Finding]:
    if _is_portable(pattern):
        return
    text = shorten(pattern, 60)
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        reason = str(error) if isinstance(error, re.error) else "too large"
        yield view.at(node, "schema-pattern", f"{text!r} is not a regular expression: {reason}", *at)
    else:
        message = f"{text!r} is not read alike by the regular expressions of all languages"
        yield view.at(
            node, "schema-pattern-dialect", message, *at, hint="Escape what is meant literally, like - in []."
        )


@cache
def _is_portable(pattern: str) -> bool:
    import jsonschema_rs  # noqa: PLC0415 - heavy

    try:
        jsonschema_rs.validator_for({"pattern": pattern}, offline=True)
    except ValueError:
        return False
    return True


def endless(view: View) -> list[_Key]:
    """The schemas from which the same schema is reached again without a step into the value."""
    found: list[_Key] = []
    state: dict[_Key, int] = {}
    for node in view.walk.of("schema"):
        if (node.file, node.pointer) not in state:
            _search(view.document, Location(node.file, node.pointer, node.value), state, found)
    return found


def _search(document: Document, start: Location, state: dict[_Key, int], found: list[_Key]) -> None:
    """A depth-first search with a stack of its own: chains of references may be long."""
    state[start.file, start.pointer] = _OPEN
    stack = [(start, _same_value(document, start))]
    while stack:
        here, edges = stack[-1]
        following = next(edges, None)
        if following is None:
            state[here.file, here.pointer] = _DONE
            stack.pop()
            continue
        key = (following.file, following.pointer)
        if state.get(key) == _OPEN:
            found.append(key)
        elif key not in state:
            state[key] = _OPEN
            stack.append((following, _same_value(document, following)))


def _same_value(document: Document, here: Location) -> Iterator[Location]:
    """The schemas that this one asks about the value that it is asked about itself."""
    if not isinstance(here.value, dict):
        return
    for keyword in ("$ref", "$dynamicRef"):
        if isinstance(here.value.get(keyword), str):
            with suppress(Fault):
                yield document.resolve(here.value[keyword], here.file)
    for keyword in _SINGLE:
        if isinstance(here.value.get(keyword), dict):
            yield Location(here.file, here.pointer + join_pointer(keyword), here.value[keyword])
    for keyword in _LISTS:
        listed = here.value.get(keyword)
        for index, inner in enumerate(listed if isinstance(listed, list) else ()):
            yield Location(here.file, here.pointer + join_pointer(keyword, index), inner)
    dependent = here.value.get("dependentSchemas")
    for name, inner in dependent.items() if isinstance(dependent, dict) else ():
        yield Location(here.file, here.pointer + join_pointer("dependentSchemas", name), inner)
