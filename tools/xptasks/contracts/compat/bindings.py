"""Compares what AsyncAPI says for one protocol: how a websocket is opened; other protocols only as text."""

from typing import Any

from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.places import inside, member
from xptasks.contracts.compat.schemas import Schema
from xptasks.contracts.compat.walk import Place
from xptasks.contracts.document import Document, Location

_WORDLESS = ("bindingVersion", "description")


def compare_handshakes(
    comparison: Comparison, address: str, old: Location | None, new: Location | None, sides: tuple[Location, Location]
) -> None:
    """Reports what changed in how a websocket is opened: the method, and what the opening request needs."""
    before, after = _of(comparison.base, old, "ws", sides[0]), _of(comparison.head, new, "ws", sides[1])
    methods = [str(here.value.get("method", "GET")).upper() for here in (before, after)]
    if methods[0] != methods[1]:
        message = f"the websocket opens with {methods[1]} and no more with {methods[0]}"
        comparison.report.add("handshake-changed", address, message, base=before, head=after)
    for word in ("query", "headers"):
        one = _fields(comparison.schema("base", inside(before, word), "request"))
        two = _fields(comparison.schema("head", inside(after, word), "request"))
        comparison.schemas(one, two, Place(f"{address} {word}", "handshake", text=True), "request")


def compare_bindings(
    comparison: Comparison, old: Location | None, new: Location | None, at: str, sides: tuple[Location, Location]
) -> None:
    """Warns of what changed in bindings that are not understood; those of websockets are left out."""
    names = {name for here in (old, new) if here is not None for name in here.value} - {"ws"}
    for name in sorted(names):
        before, after = _of(comparison.base, old, name, sides[0]), _of(comparison.head, new, name, sides[1])
        if _text(before.value) != _text(after.value):
            message = f"what is said for {name} changed (not proven: it is not compared)"
            comparison.report.add("binding-changed", at, message, base=before, head=after)


def _of(document: Document, bindings: Location | None, name: str, holder: Location) -> Location:
    found = member(document, bindings, name) if bindings is not None else None
    return found if found is not None else Location(holder.file, holder.pointer, {})


def _fields(schema: Schema) -> Schema:
    """The query or the headers of a request: an object, said or not."""
    return schema if schema.keys() & {"type", "$ref"} else Schema({**schema, "type": "object"}, schema.origin)


def _text(value: dict[str, Any]) -> str:
    return value_text({word: said for word, said in value.items() if word not in _WORDLESS})
