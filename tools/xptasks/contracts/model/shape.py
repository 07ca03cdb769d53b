"""A schema with its references and allOf parts laid on top of each other: every rule that holds at one place.

JSON Schema says that all of allOf, `$ref` and its siblings apply at once; a type needs one answer. `Shape` is that
answer as far as rules can be merged, and keeps the rest (`groups`, `nots`, ...) side by side. Every subschema keeps the
place where it is written, because names are made from places.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from xptasks.contracts.model.source import Node, Source
from xptasks.contracts.model.types import MISSING, Json, Limits

KINDS = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})
_MAX_PARTS = 500  # schemas that one place may be merged from

_IMPLIED = {
    "object": frozenset(
        {"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
         "maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties"}
    ),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}),
    "string": frozenset({"pattern", "minLength", "maxLength"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}  # fmt: skip


class Group(NamedTuple):
    """The alternatives of one oneOf or anyOf."""

    keyword: str
    at: Node
    variants: tuple[Node, ...]


class Extra(NamedTuple):
    """One additionalProperties: whom it concerns (names and patterns of its own schema are exempt) and what it says."""

    names: frozenset[str]
    patterns: frozenset[str]
    rule: Node


@dataclass(slots=True)
class Shape:
    """All rules at one place; attributes are named like the keywords they come from."""

    node: Node
    kinds: frozenset[str] | None = None
    nullable: bool = False
    never: bool = False
    enum: list[Json] | None = None
    format: str = ""
    fields: dict[str, list[Node]] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    extras: list[Extra] = field(default_factory=list)
    patterns: dict[str, list[Node]] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    prefix: list[list[Node]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    nots: list[Node] = field(default_factory=list)
    ifs: list[tuple[Node, Node | None, Node | None]] = field(default_factory=list)
    contains: list[tuple[Node, int, int | None]] = field(default_factory=list)
    names: list[Node] = field(default_factory=list)
    dependent_required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    dependent_schemas: list[tuple[str, Node]] = field(default_factory=list)
    unevaluated: Node | None = None
    discriminator: Mapping[str, Any] | None = None
    limits: dict[str, Any] = field(default_factory=dict)
    default: Json = MISSING
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False
    implied: set[str] = field(default_factory=set)
    skipped: list[Group] = field(default_factory=list)
    count: int = 0

    def bounds(self, *names: str) -> Limits | None:
        """Those of the constraints that belong to one kind of value; None when there is none."""
        found = {name: self.limits[name] for name in names if name in self.limits}
        return Limits(**found) if found else None


class TooManyPartsError(Exception):
    """A schema consists of more parts than can be meant seriously."""


def shape_of(node: Node, source: Source) -> Shape:
    """Lay everything that applies at `node` on top of each other."""
    shape = Shape(node)
    _Merger(shape, source).add(node, (), node.skip)
    return shape


class _Merger:
    def __init__(self, shape: Shape, source: Source) -> None:
        self.shape = shape
        self.source = source

    def add(self, node: Node, stack: tuple[str, ...], skip: frozenset[str]) -> None:
        """Lay one schema on top, with what it refers to."""
        self._count()
        skip |= node.skip
        for part in node.parts:
            self.add(part, stack, skip)
        value = node.value
        if value is False:
            self.shape.never = True
        if not isinstance(value, dict) or node.key in stack:
            return
        stack = (*stack, node.key)
        self._annotate(value)
        if "$ref" in value:
            self.add(self.source.target(node), stack, skip)
            if node.ignores_siblings:
                return
        for index, part in enumerate(value.get("allOf", ())):
            self.add(node.child(part, "allOf", index), stack, skip)
        self._constrain(node, value)
        self._combine(node, value, stack, skip)

    def _count(self) -> None:
        self.shape.count += 1
        if self.shape.count > _MAX_PARTS:
            raise TooManyPartsError

    def _annotate(self, value: Mapping[str, Any]) -> None:
        shape = self.shape
        if shape.default is MISSING and "default" in value:
            shape.default = value["default"]
        shape.read_only |= value.get("readOnly") is True
        shape.write_only |= value.get("writeOnly") is True
        shape.deprecated |= value.get("deprecated") is True

    def _constrain(self, node: Node, value: Mapping[str, Any]) -> None:
        shape = self.shape
        self._kinds(node, value)
        if "enum" in value or "const" in value:
            self._values(value)
        if value.get("format") and not shape.format:
            shape.format = str(value["format"])
        if value.get("contentEncoding") in ("base64", "base64url") and not shape.format:
            shape.format = "byte"
        if _OBJECT_KEYWORDS & value.keys():
            self._object(node, value)
        if _ARRAY_KEYWORDS & value.keys():
            self._array(node, value)
        if _LIMIT_KEYWORDS & value.keys():
            self._limit(value)

    def _kinds(self, node: Node, value: Mapping[str, Any]) -> None:
        shape = self.shape
        said = value.get("type")
        if node.is_openapi_30 and value.get("nullable") is True:
            shape.nullable = True
        if said is None:
            shape.implied |= {kind for kind, keywords in _IMPLIED.items() if not keywords.isdisjoint(value)}
            return
        kinds = frozenset([said] if isinstance(said, str) else said) & KINDS
        if node.is_openapi_30 and value.get("nullable") is True:
            kinds |= {"null"}
        shape.kinds = kinds if shape.kinds is None else _both(shape.kinds, kinds)

    def _values(self, value: Mapping[str, Any]) -> None:
        values = list(value["enum"]) if "enum" in value else [value["const"]]
        if "const" in value:
            values = [item for item in values if same(item, value["const"])]
        shape = self.shape
        if shape.enum is not None:
            values = [item for item in shape.enum if any(same(item, other) for other in values)]
        shape.enum = [item for index, item in enumerate(values) if not any(same(item, o) for o in values[:index])]

    def _object(self, node: Node, value: Mapping[str, Any]) -> None:
        shape = self.shape
        properties = value.get("properties") or {}
        for name, sub in properties.items():
            shape.fields.setdefault(name, []).append(node.child(sub, "properties", name))
        required = value.get("required")
        if isinstance(required, list):
            shape.required.update(dict.fromkeys(required))
        patterns = value.get("patternProperties") or {}
        for pattern, sub in patterns.items():
            shape.patterns.setdefault(pattern, []).append(node.child(sub, "patternProperties", pattern))
        if "additionalProperties" in value:
            rule = node.child(value["additionalProperties"], "additionalProperties")
            shape.extras.append(Extra(frozenset(properties), frozenset(patterns), rule))
        if "unevaluatedProperties" in value:
            shape.unevaluated = node.child(value["unevaluatedProperties"], "unevaluatedProperties")
        if "propertyNames" in value:
            shape.names.append(node.child(value["propertyNames"], "propertyNames"))
        self._dependent(node, value)

    def _dependent(self, node: Node, value: Mapping[str, Any]) -> None:
        shape = self.shape
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            for name, rule in (value.get(keyword) or {}).items():
                if isinstance(rule, list):
                    shape.dependent_required.append((name, tuple(rule)))
                else:
                    shape.dependent_schemas.append((name, node.child(rule, keyword, name)))

    def _array(self, node: Node, value: Mapping[str, Any]) -> None:
        shape = self.shape
        items, rest = value.get("items", MISSING), "items"
        prefix, first = value.get("prefixItems") or (), "prefixItems"
        if isinstance(items, list):  # draft 7 writes tuples this way
            prefix, first, items, rest = items, "items", value.get("additionalItems", MISSING), "additionalItems"
        for index, sub in enumerate(prefix):
            if index == len(shape.prefix):
                shape.prefix.append([])
            shape.prefix[index].append(node.child(sub, first, index))
        if items is not MISSING:
            shape.items.append(node.child(items, rest))
        elif "unevaluatedItems" in value:
            shape.items.append(node.child(value["unevaluatedItems"], "unevaluatedItems"))
        if "contains" in value:
            least, most = value.get("minContains", 1), value.get("maxContains")
            shape.contains.append((node.child(value["contains"], "contains"), int(least), most))

    def _limit(self, value: Mapping[str, Any]) -> None:
        limits = self.shape.limits
        for keyword, limit in _limits(value):
            name, keep = _LIMITS[keyword]
            if name in ("multiples", "patterns"):
                limits[name] = (*limits.get(name, ()), *([limit] if limit not in limits.get(name, ()) else []))
            else:
                limits[name] = keep(limits[name], limit) if name in limits else limit

    def _combine(self, node: Node, value: Mapping[str, Any], stack: tuple[str, ...], skip: frozenset[str]) -> None:
        shape = self.shape
        for keyword in ("oneOf", "anyOf"):
            if value.get(keyword):
                self._group(node, keyword, value[keyword], stack, skip)
        if isinstance(value.get("discriminator"), dict) and shape.discriminator is None:
            shape.discriminator = value["discriminator"]
        if "not" in value:
            shape.nots.append(node.child(value["not"], "not"))
        if "if" in value:
            branches = [node.child(value[word], word) if word in value else None for word in ("then", "else")]
            shape.ifs.append((node.child(value["if"], "if"), branches[0], branches[1]))

    def _group(
        self, node: Node, keyword: str, variants: list[Any], stack: tuple[str, ...], skip: frozenset[str]
    ) -> None:
        group = Group(keyword, node, tuple(node.child(item, keyword, index) for index, item in enumerate(variants)))
        if f"{node.key}/{keyword}" in skip:
            return
        if len(stack) > 1 and any(self.source.final_key(variant) in stack for variant in group.variants):
            self.shape.skipped.append(group)  # the parent lists its children, and a child builds on the parent
            return
        self.shape.groups.append(group)


def same(one: Json, other: Json) -> bool:
    """Equal as JSON values: 1 is 1.0 but neither is true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The kinds that both allow; an integer is a number."""
    both = one & other
    if ("integer" in one and "number" in other) or ("number" in one and "integer" in other):
        both |= {"integer"}
        both -= {"number"} if not {"number"} <= one & other else set()
    return both


def _limits(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The constraints of one schema; 3.0 and draft 4 wrote exclusive bounds as a flag beside the bound."""
    for keyword in value.keys() & _LIMIT_KEYWORDS:
        limit = value[keyword]
        flag = value.get(_FLAGS.get(keyword, ""))
        if keyword in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(limit, bool):
            continue
        if flag is True:
            yield _FLAGS[keyword], limit
        elif keyword == "uniqueItems" and limit is not True:
            continue
        else:
            yield keyword, limit


def _stricter(one: float, other: float) -> float:
    return max(one, other)


def _lower(one: float, other: float) -> float:
    return min(one, other, inf)


_FLAGS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_LIMITS: dict[str, tuple[str, Any]] = {
    "minimum": ("minimum", _stricter),
    "maximum": ("maximum", _lower),
    "exclusiveMinimum": ("exclusive_minimum", _stricter),
    "exclusiveMaximum": ("exclusive_maximum", _lower),
    "multipleOf": ("multiples", None),
    "minLength": ("min_length", _stricter),
    "maxLength": ("max_length", _lower),
    "pattern": ("patterns", None),
    "minItems": ("min_items", _stricter),
    "maxItems": ("max_items", _lower),
    "uniqueItems": ("unique", _stricter),
    "minProperties": ("min_properties", _stricter),
    "maxProperties": ("max_properties", _lower),
}
_LIMIT_KEYWORDS = frozenset(_LIMITS)
_OBJECT_KEYWORDS = _IMPLIED["object"] | {"dependencies"}
_ARRAY_KEYWORDS = frozenset({"items", "prefixItems", "contains", "unevaluatedItems"})


def merged(nodes: Iterable[Node], at: Node) -> Node:
    """One node for all of these schemas at once, which stands at the place `at`."""
    nodes = tuple(nodes)
    return nodes[0] if len(nodes) == 1 else at._replace(value=None, parts=nodes)
