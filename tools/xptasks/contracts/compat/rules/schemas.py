"""Changes of schemas. Which side they break follows from the relation: these are the names and the words."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from xptasks.contracts.compat.change import PROFILES, Direction, Example, Rule
from xptasks.results import Severity


class Kind(NamedTuple):
    """Something about a schema that may be narrowed (fewer values fit) or widened."""

    name: str
    what: str
    wide: Any
    narrow: Any
    other: Any = None  # neither more nor less than `wide`; None where that cannot be


_TEXT = {"type": "string"}
_PAIR = {"a": _TEXT, "b": _TEXT}


def _object(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "object", **more}


def _values(least: int) -> dict[str, Any]:
    return {"enum": [[1], [2]], "items": {"type": "integer", "minimum": least}}


KINDS = (
    Kind("type", "the types that are allowed", {"type": ["string", "integer"]}, _TEXT, {"type": "boolean"}),
    Kind("integer", "whether numbers have to be whole", {"type": "number"}, {"type": "integer"}),
    Kind("nullable", "whether null is allowed", {"type": ["string", "null"]}, _TEXT),
    Kind("enum", "the values that are allowed", {"enum": ["a", "b"]}, {"enum": ["a"]}, {"enum": ["c"]}),
    Kind("minimum", "the smallest number", {"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 2}),
    Kind("maximum", "the largest number", {"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 8}),
    Kind(
        "multiple-of",
        "the step of numbers",
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "multipleOf": 4},
        {"type": "integer", "multipleOf": 3},
    ),
    Kind("min-length", "the shortest text", _TEXT, {"type": "string", "minLength": 2}),
    Kind("max-length", "the longest text", _TEXT, {"type": "string", "maxLength": 5}),
    Kind(
        "pattern",
        "the pattern of a text",
        _TEXT,
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "string", "pattern": "^[0-9]+$"},
    ),
    Kind(
        "format",
        "the format of a text",
        _TEXT,
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "date"},
    ),
    Kind(
        "content",
        "what a text contains",
        _TEXT,
        {"type": "string", "contentMediaType": "application/json"},
        {"type": "string", "contentMediaType": "text/plain"},
    ),
    Kind("min-items", "the smallest number of items", {"type": "array"}, {"type": "array", "minItems": 1}),
    Kind("max-items", "the largest number of items", {"type": "array"}, {"type": "array", "maxItems": 3}),
    Kind("unique-items", "whether items may repeat", {"type": "array"}, {"type": "array", "uniqueItems": True}),
    Kind(
        "prefix-items",
        "the items with a place of their own",
        {"type": "array"},
        {"type": "array", "prefixItems": [_TEXT]},
    ),
    Kind("items", "the items", {"type": "array"}, {"type": "array", "items": _TEXT}),
    Kind(
        "contains",
        "what an array has to contain",
        {"type": "array"},
        {"type": "array", "contains": _TEXT},
        {"type": "array", "contains": {"type": "integer"}},
    ),
    Kind(
        "required",
        "the properties that must be there",
        _object(properties=_PAIR),
        _object(properties=_PAIR, required=["a"]),
    ),
    Kind(
        "additional",
        "properties that are not named",
        _object(properties=_PAIR),
        _object(properties=_PAIR, additionalProperties=False),
    ),
    Kind(
        "pattern-properties", "properties whose name has a pattern", _object(), _object(patternProperties={"^x": _TEXT})
    ),
    Kind(
        "property-names",
        "the names of properties",
        _object(),
        _object(propertyNames={"maxLength": 3}),
        _object(propertyNames={"minLength": 2}),
    ),
    Kind("min-properties", "the smallest number of properties", _object(), _object(minProperties=1)),
    Kind("max-properties", "the largest number of properties", _object(), _object(maxProperties=2)),
    Kind(
        "union",
        "the alternatives",
        {"anyOf": [_object(required=["a"]), _object(required=["b"])]},
        {"anyOf": [_object(required=["a"])]},
    ),
    Kind(
        "exclusive",
        "whether only one alternative may fit",
        {"anyOf": [_object(required=["a"]), _object(required=["b"])]},
        {"oneOf": [_object(required=["a"]), _object(required=["b"])]},
    ),
    Kind(
        "not",
        "what is excluded",
        _TEXT,
        {"type": "string", "not": {"pattern": "^x"}},
        {"type": "string", "not": {"pattern": "^y"}},
    ),
    Kind(
        "condition",
        "what holds under a condition",
        _object(),
        _object(**{"if": {"required": ["a"]}, "then": {"required": ["b"]}}),
        _object(**{"if": {"required": ["a"]}, "then": {"required": ["c"]}}),
    ),
    Kind(
        "dependent",
        "what a property asks of others",
        _object(),
        _object(dependentRequired={"a": ["b"]}),
        _object(dependentRequired={"a": ["c"]}),
    ),
    Kind(
        "unevaluated",
        "what no part of the schema speaks about",
        _object(anyOf=[{"properties": {"a": _TEXT}}, {"required": ["b"]}]),
        _object(anyOf=[{"properties": {"a": _TEXT}}, {"required": ["b"]}], unevaluatedProperties=False),
    ),
    Kind("schema", "what is valid", _values(1), _values(2)),
)

_BREAKS = {"request": ("narrowed", "changed"), "response": ("widened", "changed")}
_WHO = {
    ("request", "narrowed"): "Requests that were right are refused",
    ("request", "widened"): "The service accepts more than before",
    ("request", "changed"): "Requests that were right may be refused",
    ("response", "narrowed"): "Clients see less than they are prepared for",
    ("response", "widened"): "Clients meet values that they do not expect",
    ("response", "changed"): "Clients may meet values that they do not expect",
}


def breaks(direction: str, change: str) -> bool:
    """Whether a change in this direction can break anybody."""
    return change in _BREAKS.get(direction, ())


def rules() -> Iterator[Rule]:
    """Every kind, in both directions, narrowed, widened and changed."""
    directions: tuple[Direction, ...] = ("request", "response")
    for kind in KINDS:
        for direction in directions:
            for change in ("narrowed", "widened", *(["changed"] if kind.other is not None else [])):
                yield _rule(kind, direction, change)


def _level(direction: Direction, change: str) -> Severity:
    return "error" if breaks(direction, change) else "info"


def _rule(kind: Kind, direction: Direction, change: str) -> Rule:
    severity = dict.fromkeys(PROFILES, _level(direction, change))
    sentence = f"{_WHO[direction, change]}: {kind.what} changed."
    examples = {
        "narrowed": Example(kind.wide, kind.narrow),
        "widened": Example(kind.narrow, kind.wide),
        "changed": Example(kind.narrow, kind.other),
    }
    return Rule(
        f"{direction}-{kind.name}-{change}", "schema", kind.name, direction, severity, sentence, examples[change]
    )
