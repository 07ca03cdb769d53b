"""What a schema means, type by type: a union of parts, each a conjunction of plain constraints.

`allOf`, `$ref` and neighbours are merged, `anyOf` and `oneOf` flattened, `const` is an enum of one. What does not fit
into the form (overlapping `oneOf`, `not`, conditions) stays with a part as *opaque*: the part then says too much, and
whoever reasons with it knows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from xptasks.contracts.compat.schemas import ANYTHING, HIDDEN, NOTHING, Schema, Table, types_of
from xptasks.contracts.json_text import canonical

KINDS = ("null", "boolean", "number", "string", "array", "object")

_MOST_PARTS = 400  # pairs of one type; more stay opaque
_EMPTY_PATTERNS = {"", "^", "$", ".*", ".*?", "^.*", "(.*)"}
_UNEVALUATED = (
    ("unevaluatedProperties", "object", "additionalProperties"),
    ("unevaluatedItems", "array", "items"),
)
_DEEPEST = 40  # schemas about the same value inside of each other

Number = int | float


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two limits, None for none."""

    low: Number | None = None
    high: Number | None = None
    above: bool = False  # low itself is excluded
    below: bool = False

    def meet(self, other: "Range") -> "Range":
        """What is in both."""
        low, above = _tighter((self.low, self.above), (other.low, other.above), 1)
        high, below = _tighter((self.high, self.below), (other.high, other.below), -1)
        return Range(low, high, above, below)

    def empty(self) -> bool:
        """Whether no number is left."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.above or self.below))

    def inside(self, other: "Range") -> bool:
        """Whether the other one has all of this one's numbers."""
        return self.meet(other) == self


def _tighter(one: tuple[Number | None, bool], two: tuple[Number | None, bool], sign: int) -> tuple[Number | None, bool]:
    if one[0] is None or two[0] is None:
        return two if one[0] is None else one
    if one[0] == two[0]:
        return one[0], one[1] or two[1]
    return one if (one[0] - two[0]) * sign > 0 else two


@dataclass(frozen=True, slots=True)
class Contains:
    """How many items have to match."""

    schema: Schema
    least: int
    most: int | None


@dataclass(frozen=True)
class Part:
    """Values of one type that satisfy all of these.

    Attributes:
        kind: the type; integers are numbers.
        values: the only values, by their text; None for no such limit.
        size: the length of strings, the number of items or of members.
        rest: the items behind `prefix`.
        additional: members that neither `properties` nor `patterned` speak about.
        opaque: what else has to hold, by its text.
    """

    kind: str
    values: Mapping[str, Any] | None = None
    integer: bool = False
    range: Range = Range()
    multiples: frozenset[Number] = frozenset()
    size: Range = Range(0)
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    unique: bool = False
    prefix: tuple[Schema, ...] = ()
    rest: Schema = ANYTHING
    contains: tuple[Contains, ...] = ()
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    patterned: Mapping[str, Schema] = field(default_factory=dict)
    additional: Schema = ANYTHING
    names: Schema = ANYTHING
    opaque: Mapping[str, Schema] = field(default_factory=dict)

    def member(self, name: str) -> Schema:
        """The schema of the member with this name."""
        found = [self.properties[name]] if name in self.properties else []
        found += [schema for pattern, schema in self.patterned.items() if matches(pattern, name)]
        return both(*found) if found else self.additional

    def item(self, index: int) -> Schema:
        """The schema of the item at an index."""
        return self.prefix[index] if index < len(self.prefix) else self.rest

    @property
    def plain(self) -> bool:
        """Whether nothing but the type is asked for."""
        return self == Part(self.kind)


Normal = dict[str, tuple[Part, ...]]


def matches(pattern: str, text: str) -> bool:
    """Whether a text has the pattern; a pattern that Python cannot read matches nothing."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def both(*schemas: Schema) -> Schema:
    """What satisfies all of them."""
    distinct = {schema.key: schema for schema in schemas if schema.key != "{}"}
    if HIDDEN.key in distinct:
        return distinct[HIDDEN.key]
    if not distinct:
        return schemas[0] if schemas else ANYTHING
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if NOTHING.key in distinct:
        return distinct[NOTHING.key]
    listed = list(distinct.values())
    return Schema({"allOf": listed}, listed[0].origin)


class Normalizer:
    """Brings the schemas of a table into the form; remembers what it did."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._done: dict[int, tuple[Schema, Normal]] = {}
        self._open: list[str] = []

    def normal(self, schema: Schema) -> Normal:
        """What the schema means."""
        known = self._done.get(id(schema))
        if known is None:
            if schema.key in self._open or len(self._open) > _DEEPEST:
                return _opaque(_all(), schema)
            self._open.append(schema.key)
            known = (schema, self._without_empty(self._normalize(schema)))
            self._open.pop()
            self._done[id(schema)] = known
        return known[1]

    def empty(self, schema: Schema) -> bool:
        """Whether the schema is known to accept nothing."""
        return not any(self.normal(schema).values())

    def _without_empty(self, found: Normal) -> Normal:
        kept = {kind: tuple(part for part in parts if not self._is_empty(part)) for kind, parts in found.items()}
        return {kind: parts for kind, parts in kept.items() if parts}

    def _normalize(self, schema: Schema) -> Normal:
        found = _own(schema)
        if "$ref" in schema:
            told = Schema({"$ref": schema["$ref"]}, side=schema.side)
            found = self._meet(found, self.normal(self.table.target(schema)), told)
        for inner in schema.get("allOf", ()):
            found = self._meet(found, self.normal(inner), inner)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                found = self._meet(found, self._union(schema, keyword), Schema({keyword: schema[keyword]}))
        if schema.get("not", schema).keys() == {"not"}:
            found = self._meet(found, self.normal(schema["not"]["not"]), schema["not"]["not"])
        elif "not" in schema:
            found = self._exclude(found, schema["not"])
        for opaque in _conditions(schema):
            found = _opaque(found, opaque)
        return self._unevaluated(found, schema)

    def _union(self, schema: Schema, keyword: str) -> Normal:
        branches = [self.normal(branch) for branch in schema[keyword]]
        union = {kind: _united([part for branch in branches for part in branch.get(kind, ())]) for kind in KINDS}
        if keyword == "oneOf":
            whole = Schema({"oneOf": schema["oneOf"]}, schema.origin)
            for kind in KINDS:
                if not self._disjoint([branch.get(kind, ()) for branch in branches]):
                    union[kind] = tuple(_with_opaque(part, whole) for part in union[kind])
        return union

    def _disjoint(self, branches: list[tuple[Part, ...]]) -> bool:
        some = [parts for parts in branches if parts]
        return all(
            self.meet(one, two) is None
            for index, first in enumerate(some)
            for second in some[index + 1 :]
            for one in first
            for two in second
        )

    def _exclude(self, found: Normal, schema: Schema) -> Normal:
        return {
            kind: tuple(kept for part in listed for kept in self.outside(part, schema))
            for kind, listed in found.items()
        }

    def outside(self, part: Part, schema: Schema) -> list[Part]:
        """The values of a part that a schema does not accept."""
        outs = self.normal(schema).get(part.kind, ())
        if any(out.plain for out in outs):
            return []
        return self._except(part, outs, Schema({"not": schema}, schema.origin))

    def _except(self, part: Part, outs: tuple[Part, ...], opaque: Schema) -> list[Part]:
        outs = tuple(out for out in outs if self.meet(part, out) is not None)
        if not outs:
            return [part]
        if part.values is not None and all(out.values is not None and not out.opaque for out in outs):
            gone = {text for out in outs for text in out.values or ()}
            return [replace(part, values={text: value for text, value in part.values.items() if text not in gone})]
        return [_with_opaque(part, opaque)]

    def _unevaluated(self, found: Normal, schema: Schema) -> Normal:
        """`unevaluatedProperties` is `additionalProperties` where only `allOf` and `$ref` add properties."""
        for keyword, kind, rest in _UNEVALUATED:
            if keyword not in schema or schema[keyword].key == "{}" or rest in schema:
                continue  # nothing is left: the other word speaks about all the rest
            apart = self._by_branch(schema, kind)
            if apart is not None:
                found = self._meet(found, apart, schema)
                continue
            listed = found.get(kind, ())
            if kind == "object" and self._flat(schema) and len(listed) == 1 and listed[0].additional.key == "{}":
                found[kind] = (replace(listed[0], additional=schema[keyword]),)
            elif kind == "array" and self._flat(schema) and len(listed) == 1 and listed[0].rest.key == "{}":
                found[kind] = (replace(listed[0], rest=schema[keyword]),)
            else:
                found[kind] = tuple(_with_opaque(part, schema) for part in listed)
        return found

    def _by_branch(self, schema: Schema, kind: str) -> Normal | None:
        """The schema with one branch of its union at a time, where no two of them can hold at once."""
        unions = [word for word in ("anyOf", "oneOf") if word in schema]
        if len(unions) != 1 or any(word in schema for word in ("if", "dependentSchemas", "contains")):
            return None
        parts = [self.normal(branch).get(kind, ()) for branch in schema[unions[0]]]
        if unions[0] == "anyOf" and not self._disjoint(parts):
            return None
        rest = {word: inner for word, inner in schema.items() if word != unions[0]}
        told = [
            Schema({**rest, "allOf": [*schema.get("allOf", ()), branch]}, schema.origin) for branch in schema[unions[0]]
        ]
        branches = [self.normal(one) for one in told]
        return {kind: _united([part for branch in branches for part in branch.get(kind, ())]) for kind in KINDS}

    def _flat(self, schema: Schema, depth: int = 0) -> bool:
        """Whether every instance evaluates the same members."""
        if depth > _DEEPEST or any(word in schema for word in ("anyOf", "oneOf", "if", "dependentSchemas", "contains")):
            return False
        if depth and any(word in schema for word in ("unevaluatedProperties", "unevaluatedItems")):
            return False
        if depth and any(word in schema for word in ("additionalProperties", "items")):
            return False
        inner = [*schema.get("allOf", ())]
        if "$ref" in schema:
            inner.append(self.table.target(schema))
        return all(self._flat(part, depth + 1) for part in inner)

    def _meet(self, one: Normal, two: Normal, told: Schema) -> Normal:
        """What is in both; where that are too many parts, the first with what was told in the second as a condition."""
        result: Normal = {}
        for kind in KINDS:
            pairs = [(left, right) for left in one.get(kind, ()) for right in two.get(kind, ())]
            if len(pairs) > _MOST_PARTS:
                result[kind] = tuple(_with_opaque(part, told) for part in one[kind])
                continue
            met = (self.meet(left, right) for left, right in pairs)
            result[kind] = _united([part for part in met if part is not None])
        return result

    def meet(self, one: Part, two: Part) -> Part | None:
        """What is in both parts, None when that is nothing."""
        if one.plain or two.plain:
            return two if one.plain else one
        if one.values is not None or two.values is not None:
            return self._meet_values(one, two)
        closed = bool(one.patterned and two.patterned) and not (one.additional.key == two.additional.key == "{}")
        part = Part(
            one.kind,
            None,
            one.integer or two.integer,
            one.range.meet(two.range),
            one.multiples | two.multiples,
            one.size.meet(two.size),
            one.patterns | two.patterns,
            one.formats | two.formats,
            one.unique or two.unique,
            tuple(both(one.item(i), two.item(i)) for i in range(max(len(one.prefix), len(two.prefix)))),
            both(one.rest, two.rest),
            _contains(one.contains + two.contains),
            {name: both(one.member(name), two.member(name)) for name in (*one.properties, *two.properties)},
            one.required | two.required,
            _patterned(one, two),
            both(one.additional, two.additional),
            both(one.names, two.names),
            {**one.opaque, **two.opaque},
        )
        if closed:
            part = _with_opaque(part, Schema({"allOf": [_closing(one), _closing(two)]}))
        return None if self._is_empty(part) else part

    def _meet_values(self, one: Part, two: Part) -> Part | None:
        """Opaque conditions stay; the other plain ones are checked value by value where that is simple."""
        few, other = (one, two) if one.values is not None else (two, one)
        kept = {text: value for text, value in (few.values or {}).items() if _may_hold(other, text, value)}
        if not kept:
            return None
        opaque = {**one.opaque, **two.opaque}
        if other.values is None and other.kind in ("array", "object") and not other.plain:
            told = _told(other)
            opaque = {**opaque, told.key: told}
        return Part(one.kind, kept, opaque=opaque)

    def _is_empty(self, part: Part) -> bool:
        if part.size.empty() or part.range.empty():
            return True
        if part.kind == "object":
            return self._has_no_object(part)
        return part.kind == "array" and (
            any(self._never(part.item(index)) for index in range(min(int(part.size.low or 0), len(part.prefix) + 1)))
            or any(item.least and self._never(item.schema) for item in part.contains)
            or any(part.size.high is not None and item.least > part.size.high for item in part.contains)
        )

    def _has_no_object(self, part: Part) -> bool:
        if part.size.high is not None and len(part.required) > part.size.high:
            return True
        if any(not self.may_be_named(part, name) or self._never(part.member(name)) for name in part.required):
            return True
        closed = part.additional.key == NOTHING.key and not part.patterned
        return closed and (part.size.low or 0) > len(part.properties)

    def may_be_named(self, part: Part, name: str) -> bool:
        """Whether a member of the part may have this name."""
        if not part.names or part.names.key in self._open:
            return True
        return any(_may_hold(one, canonical(name), name) for one in self.normal(part.names).get("string", ()))

    def _never(self, schema: Schema) -> bool:
        return schema.key == NOTHING.key or (schema.key not in self._open and self.empty(schema))


def _all() -> Normal:
    return {kind: (Part(kind),) for kind in KINDS}


def _opaque(found: Normal, schema: Schema) -> Normal:
    return {kind: tuple(_with_opaque(part, schema) for part in parts) for kind, parts in found.items()}


def _with_opaque(part: Part, schema: Schema) -> Part:
    return replace(part, opaque={**part.opaque, schema.key: schema})


def _united(parts: list[Part]) -> tuple[Part, ...]:
    """Parts that only list values become one; equal ones too."""
    plain = next((part for part in parts if part.plain), None)
    if plain is not None:
        return (plain,)
    listed = [part for part in parts if part.values is not None and not part.opaque]
    others = [part for part in parts if part.values is None or part.opaque]
    distinct: list[Part] = []
    for part in others:
        if part not in distinct:
            distinct.append(part)
    if listed:
        values = {text: value for part in listed for text, value in (part.values or {}).items()}
        full = listed[0].kind in ("null", "boolean") and len(values) == (1 if listed[0].kind == "null" else 2)
        distinct.append(Part(listed[0].kind, None if full else values))
    return tuple(distinct)


def _contains(found: tuple[Contains, ...]) -> tuple[Contains, ...]:
    merged: dict[str, Contains] = {}
    for item in found:
        known = merged.get(item.schema.key, item)
        most = min((limit for limit in (known.most, item.most) if limit is not None), default=None)
        merged[item.schema.key] = Contains(item.schema, max(known.least, item.least), most)
    return tuple(merged[key] for key in sorted(merged))


def _patterned(one: Part, two: Part) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for left, right in ((one, two), (two, one)):
        for pattern, schema in left.patterned.items():
            other = right.patterned.get(pattern, ANYTHING if right.patterned else right.additional)
            found[pattern] = both(schema, other)
    return found


def _closing(part: Part) -> Schema:
    known = {"properties": dict(part.properties), "patternProperties": dict(part.patterned)}
    return Schema({**known, "additionalProperties": part.additional})


def _told(part: Part) -> Schema:
    """A part in the words of a schema."""
    told: dict[str, Any] = {"type": part.kind}
    if part.kind == "object":
        told |= _closing(part) | {"required": sorted(part.required), "propertyNames": part.names}
    else:
        told |= {"prefixItems": list(part.prefix)} if part.prefix else {}
        told |= {"items": part.rest, "uniqueItems": part.unique}
    least, most = ("minProperties", "maxProperties") if part.kind == "object" else ("minItems", "maxItems")
    told |= {least: part.size.low or 0} | ({most: part.size.high} if part.size.high is not None else {})
    return Schema(told)


def _may_hold(part: Part, text: str, value: Any) -> bool:  # noqa: ANN401
    if part.values is not None:
        return text in part.values
    if part.kind == "number":
        return _number_fits(part, value)
    if part.kind == "string":
        point = Range(len(value), len(value))
        return point.inside(part.size) and all(matches(pattern, value) for pattern in part.patterns)
    return True


def _number_fits(part: Part, value: Number) -> bool:
    whole = not part.integer or value == int(value)
    fits = Range(value, value).inside(part.range)
    return whole and fits and all(divides(step, value) for step in part.multiples)


def divides(step: Number, value: Number) -> bool:
    """Whether a number is a multiple of another, in decimal."""
    return (Fraction(str(value)) / Fraction(str(step))).denominator == 1


def kind_of(value: object) -> str:
    """The type of a value."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _own(schema: Schema) -> Normal:
    """What the schema's own plain keywords say."""
    wanted = _wanted(schema)
    values = _values(schema)
    found: Normal = {}
    for kind in KINDS:
        if kind not in wanted:
            continue
        part = _part(kind, schema, integer=wanted[kind])
        if values is not None:
            kept = {
                text: value for text, value in values.items() if kind_of(value) == kind and _may_hold(part, text, value)
            }
            opaque = {} if part.plain or kind not in ("array", "object") else {(told := _told(part)).key: told}
            found[kind] = _united([Part(kind, kept, opaque=opaque)]) if kept else ()
        elif not (part.size.empty() or part.range.empty()):
            found[kind] = (part,)
    return found


def _wanted(schema: Schema) -> dict[str, bool]:
    """The types, and whether only whole numbers are meant."""
    named = schema.get("type")
    if named is None:
        return dict.fromkeys(KINDS, False)
    names = types_of(schema) if isinstance(named, str | list) else set(KINDS)
    wanted = dict.fromkeys(names & set(KINDS), False)
    if "integer" in names and "number" not in names:
        wanted["number"] = True
    return wanted


def _values(schema: Schema) -> dict[str, Any] | None:
    if "const" not in schema and not isinstance(schema.get("enum"), list):
        return None
    listed = {value_text(value): value for value in schema["enum"]} if isinstance(schema.get("enum"), list) else None
    if "const" not in schema:
        return listed
    text = value_text(schema["const"])
    return {text: schema["const"]} if listed is None or text in listed else {}


def value_text(value: Any) -> str:  # noqa: ANN401
    """A value as text; 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return canonical(value)


def _part(kind: str, schema: Schema, *, integer: bool) -> Part:
    if kind == "number":
        return _number(schema, integer=integer)
    if kind == "string":
        return Part(
            kind,
            size=_size(schema, "Length"),
            patterns=frozenset(_strings([schema.get("pattern")])) - _EMPTY_PATTERNS,
            formats=frozenset(_strings([schema.get("format")])),
            opaque=_content(schema),
        )
    if kind == "array":
        return _array(schema)
    return _object(schema) if kind == "object" else Part(kind)


def _number(schema: Schema, *, integer: bool) -> Part:
    limits = Range(_limit(schema, "minimum"), _limit(schema, "maximum"))
    strict = Range(_limit(schema, "exclusiveMinimum"), _limit(schema, "exclusiveMaximum"), above=True, below=True)
    step = _limit(schema, "multipleOf")
    multiples = frozenset([step]) if step else frozenset()
    bounds = limits.meet(replace(strict, above=strict.low is not None, below=strict.high is not None))
    if integer or any(divides(1, step) for step in multiples):
        integer, bounds = True, _whole(bounds)
    return Part("number", integer=integer, range=bounds, multiples=multiples - {1})


def _whole(bounds: Range) -> Range:
    import math  # noqa: PLC0415 - only here

    low, high = bounds.low, bounds.high
    if low is not None:
        low = math.floor(low) + 1 if bounds.above else math.ceil(low)
    if high is not None:
        high = math.ceil(high) - 1 if bounds.below else math.floor(high)
    return Range(low, high)


def _array(schema: Schema) -> Part:
    contains: tuple[Contains, ...] = ()
    if "contains" in schema:
        least = _limit(schema, "minContains")
        most = _limit(schema, "maxContains")
        contains = (
            Contains(schema["contains"], 1 if least is None else int(least), None if most is None else int(most)),
        )
        if contains[0].least == 0 and contains[0].most is None:
            contains = ()
    return Part(
        "array",
        size=_size(schema, "Items"),
        unique=schema.get("uniqueItems") is True,
        prefix=tuple(schema.get("prefixItems", ())),
        rest=schema.get("items", ANYTHING),
        contains=contains,
    )


def _object(schema: Schema) -> Part:
    required = frozenset(_strings(schema.get("required", ())))
    size = _size(schema, "Properties")
    if (size.low or 0) <= len(required):
        size = replace(size, low=0)
    opaque = {}
    dependent = schema.get("dependentRequired")
    for name, needed in dependent.items() if isinstance(dependent, dict) else ():
        one = Schema({"dependentRequired": {name: sorted(_strings(needed))}}, schema.origin)
        opaque[one.key] = one
    for name, inner in schema.get("dependentSchemas", {}).items():
        if not inner:
            continue
        one = Schema({"dependentSchemas": {name: inner}}, inner.origin)
        opaque[one.key] = one
    return Part(
        "object",
        size=size,
        properties=dict(schema.get("properties", {})),
        required=required,
        patterned=dict(schema.get("patternProperties", {})),
        additional=schema.get("additionalProperties", ANYTHING),
        names=schema.get("propertyNames", ANYTHING),
        opaque=opaque,
    )


def _conditions(schema: Schema) -> list[Schema]:
    if "if" not in schema or not ("then" in schema or "else" in schema):
        return []
    return [Schema({word: schema[word] for word in ("if", "then", "else") if word in schema}, schema["if"].origin)]


def _content(schema: Schema) -> dict[str, Schema]:
    words = ("contentEncoding", "contentMediaType", "contentSchema")
    found = [Schema({word: schema[word]}, schema.origin) for word in words if word in schema]
    return {one.key: one for one in found}


def _size(schema: Schema, what: str) -> Range:
    least = _limit(schema, f"min{what}")
    return Range(max(least or 0, 0), _limit(schema, f"max{what}"))


def _limit(schema: Schema, keyword: str) -> Number | None:
    value = schema.get(keyword)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _strings(values: object) -> Iterable[str]:
    return (value for value in values if isinstance(value, str)) if isinstance(values, list | tuple) else ()
