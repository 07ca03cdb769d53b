"""Response headers: there when they are required, and what their text means fits their schema."""

from collections.abc import Iterator
from typing import Any

from xptasks.contracts.conform import media
from xptasks.contracts.conform.schemas import Schemas, inside
from xptasks.contracts.conform.violation import Difference, quote
from xptasks.contracts.document import Document, Location
from xptasks.contracts.source import Fault


def header_differences(name: str, at: Location, text: str | None, schemas: Schemas) -> list[Difference]:
    """How one header breaks its description.

    Args:
        name: the header's.
        at: its Header Object.
        text: what came; None when nothing did.
        schemas: the contract's.
    """
    if text is None:
        missing = Difference(f"the header {name} is missing", "", f"the header {name}", "none", at)
        return [missing] if at.value.get("required") is True else []
    found = _schema(at, schemas.document)
    if found is None:
        return []
    schema, is_json = found
    readings = _readings(text, schema, schemas.document, is_json=is_json)
    try:
        reasons = [schemas.differences(schema, reading) for reading in readings]
    except Fault as fault:
        return [Difference(fault.message, "", "", "", schema)]
    first = reasons[0][0] if all(reasons) else None
    return [first._replace(message=f"{name}: {first.message}", got=quote(text))] if first else []


def _schema(at: Location, document: Document) -> tuple[Location, bool] | None:
    """The header's schema, and whether its text is JSON."""
    if isinstance(at.value.get("schema"), dict):
        return document.follow(inside(at, "schema")), False
    content = at.value.get("content")
    for name, entry in content.items() if isinstance(content, dict) else ():
        if media.is_json(name) and isinstance(entry, dict) and isinstance(entry.get("schema"), dict):
            return document.follow(inside(at, "content", name, "schema")), True
    return None


def _readings(text: str, schema: Location, document: Document, *, is_json: bool) -> list[Any]:
    """What the text may mean; by its schema's types, the likeliest first. A header is text, so it says no type."""
    if is_json:
        try:
            return [media.decode_json(text)]
        except ValueError:
            return [text]
    return [*_typed(text, schema, document), text]


def _typed(text: str, schema: Location, document: Document) -> Iterator[Any]:
    named = schema.value.get("type") if isinstance(schema.value, dict) else None
    types = named if isinstance(named, list) else [named]
    if "array" in types:
        yield _items(text, schema, document)
    if "object" in types:
        words = [part.strip() for part in text.split(",")]
        yield dict(zip(words[::2], map(_scalar, words[1::2]), strict=False))
    if not {"integer", "number", "boolean", "null"}.isdisjoint(types):
        yield _scalar(text)


def _items(text: str, schema: Location, document: Document) -> list[Any]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not isinstance(schema.value.get("items"), dict):
        return parts
    inner = document.follow(inside(schema, "items"))
    return [next(_typed(part, inner, document), part) for part in parts]


def _scalar(text: str) -> Any:  # noqa: ANN401
    try:
        value = media.decode_json(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text
