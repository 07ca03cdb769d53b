"""What does not conform, where, and which line of the contract says so."""

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from xptasks.contracts.document import Document, Location
from xptasks.contracts.explain import Complaint, leaves, reasons
from xptasks.contracts.json_text import shorten
from xptasks.results import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs

MOST = 10
"""Differences of one instance that are told; the eleventh helps nobody."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which an answer or a message breaks its contract.

    Attributes:
        operation: who broke it, e.g. `GET /api/projects 200` or `/ws sent hello`.
        rule: what kind: `operation`, `status`, `header`, `media-type`, `body`, `channel`, `handshake`, `message`,
            `reply`.
        message: a sentence.
        pointer: JSON Pointer into the body or message; empty for the whole of it.
        expected, got: the two sides, short; empty when the message says it all.
        document, place: where the contract says so.
    """

    operation: str
    rule: str
    message: str
    document: Document = field(repr=False, compare=False)
    place: Location
    pointer: str = ""
    expected: str = ""
    got: str = ""

    @property
    def position(self) -> Position:
        """File, line and column in the contract; computed when asked."""
        return self.document.position(self.place.file, self.place.pointer)

    def __str__(self) -> str:
        """Up to four lines: what, expected, got, contract."""
        where = f" at {self.pointer}" if self.pointer else ""
        lines = [f"{self.operation}: {self.rule}{where}: {self.message}"]
        if self.expected:
            lines += [f"  expected  {self.expected}", f"  got       {self.got}"]
        return "\n".join([*lines, f"  contract  {self.position}"])


class Difference(NamedTuple):
    """One reason why an instance does not fit its schema; `place` is the keyword that says so."""

    message: str
    pointer: str
    expected: str
    got: str
    place: Location


def differences(errors: "Iterator[jsonschema_rs.ValidationError]", base: str) -> list[Difference]:
    """What jsonschema-rs found, in words; `base` is what the addresses of the contract's files begin with."""
    found = (
        Difference(complaint.message, complaint.pointer, *_sides(leaf, complaint), _place(leaf, base))
        for error in errors
        for leaf in leaves(error)
        for complaint in reasons(leaf)
    )
    return list(islice(found, MOST))


def _place(error: "jsonschema_rs.ValidationError", base: str) -> Location:
    file, _, pointer = (error.absolute_keyword_location or "").removeprefix(base).partition("#")
    return Location(unquote(file), unquote(pointer), None)


_PHRASES = {
    "maximum": "at most {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "less than {}",
    "exclusiveMinimum": "more than {}",
    "multipleOf": "a multiple of {}",
    "maxLength": "at most {} characters",
    "minLength": "at least {} characters",
    "maxItems": "at most {} items",
    "minItems": "at least {} items",
    "maxProperties": "at most {} keys",
    "minProperties": "at least {} keys",
    "pattern": "text that matches {}",
    "format": "the format {}",
    "uniqueItems": "no item twice",
}


def _sides(error: "jsonschema_rs.ValidationError", complaint: Complaint) -> tuple[str, str]:
    keyword, value = complaint.keyword, getattr(error.kind, "value", None)
    if keyword == "required":
        return f"the key {value!r}", _keys(error.instance)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        key = complaint.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        return "no such key", quote({key: _held(error.instance, key)})
    if keyword == "falseSchema":
        return "no such key", quote(error.instance)
    return _expected(keyword, value), quote(error.instance)


def _expected(keyword: str, value: Any) -> str:  # noqa: ANN401
    if keyword in _PHRASES:
        return _PHRASES[keyword].format(shorten(str(value), 80))
    if keyword == "type":
        return " or ".join(value)
    if keyword in ("const", "enum"):
        return quote(value) if keyword == "const" else shorten(" or ".join(map(quote, value)), 200)
    return f"what {keyword!r} says"


def _held(instance: Any, key: str) -> Any:  # noqa: ANN401
    return instance.get(key)


def _keys(instance: Any) -> str:  # noqa: ANN401
    return f"the keys {shorten(', '.join(map(str, instance)), 120)}" if instance else quote(instance)


def quote(value: Any) -> str:  # noqa: ANN401
    """A value as short JSON."""
    return shorten(json.dumps(value, ensure_ascii=False, default=str), 100)
