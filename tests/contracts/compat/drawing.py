"""Small random schemas, and random values that are likely to tell two of them apart."""

from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Value = Any  # JSON

_NAMES = ("a", "b", "c")
_TEXTS = ("", "a", "b", "ab", "abc", "1", "aaaa")
_NUMBERS = (-1, 0, 0.5, 1, 2, 3, 4, 6, 10)
_KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")
_INNER = ("items", "contains", "not", "if", "then", "else", "propertyNames", "additionalProperties")
_DEEPEST = 2


def schema(chance: Random, depth: int = 0) -> Value:
    """A schema with few words, of any kind."""
    draws: list[Callable[[Random, int], Value]] = [_number, _text, _array, _object, _values, _kinds, _anything]
    draws += [_combined, _combined, _negated, _conditional] if depth < _DEEPEST else []
    return chance.choice(draws)(chance, depth)


def near(chance: Random, one: Value) -> Value:
    """A schema that differs from another one in one word, so that the two are often comparable."""
    if not isinstance(one, dict) or not one:
        return schema(chance)
    other = dict(one)
    choice = chance.randrange(3)
    word = chance.choice(sorted(one))
    if choice == 0:
        del other[word]
    elif choice == 1:
        other = {**schema(chance, 1), **other}
    elif word in _INNER:
        other[word] = near(chance, one[word])
    elif word in ("properties", "patternProperties", "dependentSchemas"):
        name = chance.choice(sorted(one[word]))
        other[word] = {**one[word], name: near(chance, one[word][name])}
    elif word in ("allOf", "anyOf", "oneOf"):
        other[word] = [near(chance, one[word][0]), *one[word][1:]]
    elif word != "const" and isinstance(one[word], int) and not isinstance(one[word], bool):
        other[word] = max(one[word] + chance.choice((-1, 1)), 1)
    return {key: inner for key, inner in other.items() if key not in ("then", "else") or "if" in other}


def value(chance: Random, depth: int = 0) -> Value:
    """Any value."""
    choice = chance.randrange(6 if depth < _DEEPEST else 4)
    if choice == 0:
        return chance.choice((None, True, False))
    if choice == 1:
        return chance.choice(_NUMBERS)
    if choice in (2, 3):
        return chance.choice(_TEXTS)
    if choice == 4:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {name: value(chance, depth + 1) for name in chance.sample(_NAMES, chance.randrange(4))}


def _some(chance: Random, words: dict[str, Value]) -> Value:
    return {word: words[word] for word in words if chance.random() < 0.4}


def _number(chance: Random, _: int) -> Value:
    limits = {
        "minimum": chance.randrange(5),
        "maximum": chance.randrange(3, 8),
        "exclusiveMinimum": chance.randrange(3),
        "exclusiveMaximum": chance.randrange(5, 8),
        "multipleOf": chance.choice((1, 2, 3, 0.5)),
    }
    return {"type": chance.choice(("integer", "number")), **_some(chance, limits)}


def _text(chance: Random, _: int) -> Value:
    low = chance.randrange(3)
    limits = {
        "minLength": low,
        "maxLength": low + chance.randrange(3),
        "pattern": chance.choice(("^a", "b$", "^[ab]+$")),
    }
    return {"type": "string", **_some(chance, limits)}


def _array(chance: Random, depth: int) -> Value:
    low = chance.randrange(3)
    limits: dict[str, Value] = {"minItems": low, "maxItems": low + chance.randrange(3), "uniqueItems": True}
    if depth < _DEEPEST:
        limits |= {"items": schema(chance, depth + 1), "prefixItems": [schema(chance, depth + 1)]}
        limits |= {"unevaluatedItems": False}
    found = {"type": "array", **_some(chance, limits)}
    if depth < _DEEPEST and chance.random() < 0.3:
        found |= {"contains": schema(chance, depth + 1), **_some(chance, {"minContains": 2, "maxContains": 2})}
    return found


def _object(chance: Random, depth: int) -> Value:
    low = chance.randrange(3)
    limits: dict[str, Value] = {
        "required": sorted(chance.sample(_NAMES, chance.randrange(1, 3))),
        "minProperties": low,
        "maxProperties": low + chance.randrange(3),
        "propertyNames": {"enum": ["a", "b"]},
        "dependentRequired": {"a": ["b"]},
        "additionalProperties": chance.choice((False, {"type": "string"}, True)),
    }
    if depth < _DEEPEST:
        names = chance.sample(_NAMES, chance.randrange(1, 3))
        limits |= {"properties": {name: schema(chance, depth + 1) for name in names}}
        limits |= {"patternProperties": {"^a": schema(chance, depth + 1)}}
        limits |= {"dependentSchemas": {"b": schema(chance, depth + 1)}, "unevaluatedProperties": False}
    return {"type": "object", **_some(chance, limits)}


def _values(chance: Random, _: int) -> Value:
    if chance.random() < 0.4:
        return {"const": value(chance)}
    return {"enum": [value(chance, 1) for _ in range(chance.randrange(1, 4))]}


def _kinds(chance: Random, _: int) -> Value:
    return {"type": chance.sample(_KINDS, chance.randrange(1, 4))}


def _anything(chance: Random, _: int) -> Value:
    return chance.choice(({}, {"not": {}}, {"type": "string", "format": "uuid"}))


def _combined(chance: Random, depth: int) -> Value:
    word = chance.choice(("allOf", "anyOf", "oneOf"))
    return {word: [schema(chance, depth + 1) for _ in range(chance.randrange(1, 4))]}


def _negated(chance: Random, depth: int) -> Value:
    return {**schema(chance, depth + 1), "not": schema(chance, depth + 1)}


def _conditional(chance: Random, depth: int) -> Value:
    words = {word: schema(chance, depth + 1) for word in ("then", "else")}
    return {"if": schema(chance, depth + 1), **_some(chance, words)}
