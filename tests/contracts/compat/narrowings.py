"""One keyword makes a schema narrower: for each kind of place, ways to do so that surely exclude something."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.contracts.compat.slots import Value

Narrow = Callable[[Random, Value], Value | None]  # None where it does not fit

_LISTED = ("enum", "const", "$ref", "allOf", "anyOf", "oneOf", "not", "if")
_DEEPEST = 4


def places(schema: Value, target: Callable[[str], Value], depth: int = 0) -> Iterator[tuple[Value, Any]]:
    """Holders and keys of schemas that a valid instance certainly can have: of properties and of items."""
    if "$ref" in schema:
        schema = target(schema["$ref"])
    if depth > _DEEPEST or schema.keys() & {"allOf", "anyOf", "oneOf", "not", "enum", "const"}:
        return
    for word in ("items", "additionalProperties", "contains"):
        if isinstance(schema.get(word), dict):
            yield schema, word
            yield from places(schema[word], target, depth + 1)
    for word in ("properties", "patternProperties"):
        for name, inner in schema.get(word, {}).items():
            if isinstance(inner, dict):
                yield schema[word], name
                yield from places(inner, target, depth + 1)
    for index, inner in enumerate(schema.get("prefixItems", ())):
        yield schema["prefixItems"], index
        yield from places(inner, target, depth + 1)


def narrowed(chance: Random, schema: Value) -> tuple[str, Value] | None:
    """The schema with one keyword that excludes something, and which."""
    for name in chance.sample(sorted(NARROWINGS), len(NARROWINGS)):
        found = NARROWINGS[name](chance, schema)
        if found is not None:
            return name, found
    return None


def _added(kind: str, *beside: str, **words: Any) -> Narrow:  # noqa: ANN401
    """Adds words to a schema of a type that has none of them, and nothing that could say more."""

    def narrow(_: Random, schema: Value) -> Value | None:
        own = schema.get("type")
        fits = own == kind or (isinstance(own, list) and kind in own)
        said = {*words, *beside, *_LISTED} & schema.keys()
        return {**schema, **words} if fits and not said else None

    return narrow


def _fewer_values(chance: Random, schema: Value) -> Value | None:
    listed = [value for value in schema.get("enum", ()) if value is not None]
    if len(listed) < 2 or len(schema["enum"]) != len({json.dumps(value) for value in schema["enum"]}):
        return None
    gone = chance.choice(listed)
    return {**schema, "enum": [value for value in schema["enum"] if value != gone]}


def _not_null(_: Random, schema: Value) -> Value | None:
    kinds = schema.get("type")
    if not isinstance(kinds, list) or "null" not in kinds or len(kinds) < 2:
        return None
    if "enum" in schema and None not in schema["enum"]:
        return None
    return {**schema, "type": [kind for kind in kinds if kind != "null"]}


def _needed(chance: Random, schema: Value) -> Value | None:
    free = [name for name in schema.get("properties", ()) if name not in schema.get("required", ())]
    if not free or schema.get("type") != "object" or schema.keys() & set(_LISTED):
        return None
    return {**schema, "required": [*schema.get("required", ()), chance.choice(free)]}


def _depends(chance: Random, schema: Value) -> Value | None:
    free = [name for name in schema.get("properties", ()) if name not in schema.get("required", ())]
    if len(free) < 2 or schema.get("type") != "object" or schema.keys() & {*_LISTED, "dependentRequired"}:
        return None
    one, two = chance.sample(free, 2)
    return {**schema, "dependentRequired": {one: [two]}}


def _condition(chance: Random, schema: Value) -> Value | None:
    free = [name for name in schema.get("properties", ()) if name not in schema.get("required", ())]
    if len(free) < 2 or schema.get("type") != "object" or schema.keys() & set(_LISTED):
        return None
    one, two = chance.sample(free, 2)
    return {**schema, "if": {"required": [one]}, "then": {"required": [two]}}


def _moved(kind: str, word: str, step: float) -> Narrow:
    """A limit that is there moves inwards."""

    def narrow(_: Random, schema: Value) -> Value | None:
        limit = schema.get(word)
        if schema.get("type") != kind or not isinstance(limit, int) or schema.keys() & set(_LISTED):
            return None
        moved = limit + step
        return {**schema, word: moved} if moved >= 0 and _has_room(schema, word, moved) else None

    return narrow


def _has_room(schema: Value, word: str, moved: float) -> bool:
    """Whether the other limit is not crossed, so that the narrower schema still means something."""
    other = {"min": "max", "max": "min"}[word[:3]] + word[3:]
    return other not in schema or (schema[other] > moved if word.startswith("min") else schema[other] < moved)


def _closed(_: Random, schema: Value) -> Value | None:
    open_object = schema.get("type") == "object" and schema.get("additionalProperties") is True
    return {**schema, "additionalProperties": False} if open_object and not schema.keys() & set(_LISTED) else None


def _whole(_: Random, schema: Value) -> Value | None:
    plain = schema.get("type") == "number" and not schema.keys() & {*_LISTED, "multipleOf"}
    return {**schema, "type": "integer"} if plain and "format" not in schema else None


NARROWINGS: dict[str, Narrow] = {
    "minLength": _added("string", "format", "pattern", "maxLength", minLength=3),
    "maxLength": _added("string", "format", "pattern", "minLength", maxLength=7),
    "pattern": _added("string", "format", "minLength", "maxLength", pattern="^[a-z]+$"),
    "format": _added("string", "pattern", "minLength", "maxLength", format="uuid"),
    "enum": _added("string", "format", "pattern", "minLength", "maxLength", "default", enum=["one", "two"]),
    "const": _added("string", "format", "pattern", "minLength", "maxLength", const="one"),
    "not": _added("string", "format", "pattern", "minLength", "maxLength", **{"not": {"pattern": "^x"}}),
    "minimum": _added("integer", "exclusiveMinimum", "maximum", "format", minimum=5),
    "maximum": _added("integer", "exclusiveMaximum", "minimum", "format", maximum=50),
    "exclusiveMinimum": _added("number", "minimum", "maximum", exclusiveMinimum=0.5),
    "exclusiveMaximum": _added("number", "maximum", "minimum", exclusiveMaximum=9),
    "multipleOf": _added("integer", "minimum", "maximum", multipleOf=3),
    "minItems": _added("array", "maxItems", minItems=2),
    "maxItems": _added("array", "minItems", maxItems=1),
    "uniqueItems": _added("array", "maxItems", uniqueItems=True),
    "contains": _added("array", "maxItems", contains={"type": "boolean"}, minContains=1),
    "maxContains": _added("array", "maxItems", "minItems", contains={}, maxContains=2),
    "prefixItems": _added("array", "maxItems", "items", prefixItems=[{"type": "boolean"}]),
    "minProperties": _added("object", "maxProperties", minProperties=9),
    "maxProperties": _added("object", "minProperties", "required", maxProperties=1),
    "propertyNames": _added("object", "required", propertyNames={"maxLength": 2}),
    "patternProperties": _added(
        "object", "required", "additionalProperties", "properties", patternProperties={"^x": {"type": "boolean"}}
    ),
    "unevaluatedProperties": _added("object", "additionalProperties", unevaluatedProperties=False),
    "dependentSchemas": _added(
        "object", "required", "additionalProperties", dependentSchemas={"zz": {"required": ["yy"]}}
    ),
    "an enum's value": _fewer_values,
    "null": _not_null,
    "required": _needed,
    "dependentRequired": _depends,
    "if": _condition,
    "minLength moved": _moved("string", "minLength", 1),
    "maxLength moved": _moved("string", "maxLength", -1),
    "minimum moved": _moved("integer", "minimum", 1),
    "maximum moved": _moved("integer", "maximum", -1),
    "minItems moved": _moved("array", "minItems", 1),
    "maxItems moved": _moved("array", "maxItems", -1),
    "additionalProperties": _closed,
    "integer": _whole,
}
