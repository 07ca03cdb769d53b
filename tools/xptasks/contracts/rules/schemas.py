"""Schemas that no validator can finish."""

from collections.abc import Iterator

from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.source import Fault
from xptasks.results import Finding

RULES = {
    "schema-endless": Rule(
        "all", "error", "A schema does not ask about the same value again through `$ref` and `allOf`."
    ),
}

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_OPEN, _DONE = 1, 2
_Key = tuple[str, str]


def check(view: View) -> Iterator[Finding]:
    """Looks for circles of keywords that all speak about the same value."""
    for file, pointer in endless(view):
        message = "this schema is a part of itself for the same value, so that checking a value never ends"
        hint = "Recursion must pass through a property, an item or another part of the value."
        yield view.complain("schema-endless", file, pointer, message, hint)


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
    if isinstance(here.value.get("$ref"), str):
        try:
            yield document.resolve(here.value["$ref"], here.file)
        except Fault:
            return
    for keyword in _SINGLE:
        if isinstance(here.value.get(keyword), dict):
            yield Location(here.file, here.pointer + join_pointer(keyword), here.value[keyword])
    for keyword in _LISTS:
        listed = here.value.get(keyword)
        for index, inner in enumerate(listed if isinstance(listed, list) else ()):
            yield Location(here.file, here.pointer + join_pointer(keyword, index), inner)
