"""The schemas of two contracts in one language: JSON Schema 2020-12 as a server or a client has to read it.

OpenAPI 3.0 is told in the words of 3.1 (`nullable`, boolean `exclusiveMinimum`, `$ref` without neighbours), properties
that do not travel in a direction are optional and free in it, and annotations are gone. A `$ref` names its target; a
target that means the same in both contracts has one name, so that equal text is equal meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from xptasks.contracts.compat.twins import Twins, speaks_json_schema, spread
from xptasks.contracts.document import Document, Location
from xptasks.contracts.json_text import canonical
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.source import Fault

Side = Literal["base", "head"]
Direction = Literal["request", "response"]

_ONE = (
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("dependentSchemas", "patternProperties", "properties")
_PLAIN = (
    "const",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
)
_SETS = ("enum", "required", "type")
_INTEGERS = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
_WORDLESS = frozenset({"float", "double", "password", "binary", "decimal", "int8", "int16", "int32", "int64"})
_HIDDEN = {"request": "readOnly", "response": "writeOnly"}
_MAX_HOPS = 20  # schemas that are passed on the way to one that says something


class Schema(dict[str, Any]):
    """A schema in that language; `origin` is where it is written, None for one that was put together.

    `side` is the contract whose words a `$ref` leads to, where both mean the same.
    """

    def __init__(
        self,
        value: Mapping[str, Any] = {},
        origin: Location | None = None,
        side: Side = "base",
    ) -> None:
        super().__init__(value)
        self.origin = origin
        self.side: Side = side

    def __hash__(self) -> int:  # type: ignore[override]  # not changed once it is made
        return hash(self.key)

    @cached_property
    def key(self) -> str:
        """The schema as text in which the order of sets is fixed; equal text is equal meaning."""
        words = (f'"{word}":{_word_text(word, self[word])}' for word in sorted(self))
        return "{" + ",".join(words) + "}"

    @cached_property
    def references(self) -> frozenset[str]:
        """Every `$ref` in it."""
        return frozenset(_references(self))


def _word_text(word: str, value: Any) -> str:  # noqa: ANN401 - of any keyword
    if word in _SEVERAL and isinstance(value, list):
        texts = [inner.key for inner in value]
        return f"[{','.join(texts if word == 'prefixItems' else sorted(texts))}]"
    if word in _NAMED and isinstance(value, dict):
        members = (f"{canonical(name)}:{value[name].key}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if word in _SETS and isinstance(value, list):
        return f"[{','.join(sorted(map(canonical, value)))}]"
    return value.key if isinstance(value, Schema) else canonical(value)


ANYTHING = Schema()
NOTHING = Schema({"not": Schema()})
HIDDEN = Schema({"hidden": True})
"""A member that does not travel in this direction: nobody sends it, and whoever gets it does not look."""


@dataclass
class _Half:
    """One contract, read for one direction."""

    document: Document
    direction: Direction
    targets: dict[str, Schema] = field(default_factory=dict)

    @property
    def old(self) -> bool:
        return not speaks_json_schema(self.document)

    def define(self, name: str) -> Schema | None:
        """The schema with this name, None when the contract has none."""
        if name not in self.targets:
            file, _, pointer = name.partition("#")
            try:
                here = self.document.resolve(f"#{pointer}", file or None)
            except Fault:
                return None
            self.targets[name] = self.translate(here)
        return self.targets[name]

    def name_of(self, ref: str, file: str) -> str | None:
        try:
            target = self.document.resolve(ref, file)
        except Fault:
            return None
        base = "" if target.file == self.document.name else target.file
        return f"{base}#{target.pointer}"

    def translate(self, here: Location) -> Schema:
        value = here.value
        if value is False:
            return Schema(NOTHING, here)
        if not isinstance(value, dict):
            return Schema({}, here)
        if self.old and isinstance(value.get("$ref"), str):
            return Schema(self._reference(value["$ref"], here), here)
        schema = Schema(origin=here)
        for keyword in _PLAIN:
            if keyword in value:
                schema[keyword] = value[keyword]
        self._inner(here, schema)
        self._words(value, schema)
        ref = value.get("$ref", value.get("$dynamicRef"))
        if isinstance(ref, str):
            schema.update(self._reference(ref, here))
        if self.old:
            self._old(value, schema)
        if self.old and value.get("nullable") is True:
            return _nullable(schema)
        return schema

    def _reference(self, ref: str, here: Location) -> dict[str, Any]:
        name = self.name_of(ref, here.file)
        return {"$ref": name} if name is not None else {}

    def _inner(self, here: Location, schema: Schema) -> None:
        value = here.value
        for keyword in _ONE:
            if isinstance(value.get(keyword), dict | bool):
                schema[keyword] = self.translate(_inside(here, keyword))
        for keyword in _SEVERAL:
            if isinstance(value.get(keyword), list) and value[keyword]:
                schema[keyword] = [
                    self.translate(_inside(here, keyword, index)) for index in range(len(value[keyword]))
                ]
        if isinstance(value.get("items"), list):  # as drafts before 2020-12 had it
            places = range(len(value["items"]))
            schema["prefixItems"] = [self.translate(_inside(here, "items", index)) for index in places]
            if isinstance(value.get("additionalItems"), dict | bool):
                schema["items"] = self.translate(_inside(here, "additionalItems"))
        for keyword in _NAMED:
            if isinstance(value.get(keyword), dict):
                schema[keyword] = {name: self.translate(_inside(here, keyword, name)) for name in value[keyword]}
        self._dependencies(here, schema)
        self._travel(here, schema)

    def _dependencies(self, here: Location, schema: Schema) -> None:
        """What a property asks of others, as drafts before 2019-09 had it."""
        given = here.value.get("dependencies")
        for name, inner in given.items() if isinstance(given, dict) else ():
            if isinstance(inner, list):
                schema["dependentRequired"] = {**schema.get("dependentRequired", {}), name: inner}
            else:
                needed = self.translate(_inside(here, "dependencies", name))
                schema["dependentSchemas"] = {**schema.get("dependentSchemas", {}), name: needed}

    def _travel(self, here: Location, schema: Schema) -> None:
        """Frees the properties that are not part of a message in this direction."""
        hidden = {name for name in schema.get("properties", {}) if self._hides(_inside(here, "properties", name))}
        if not hidden:
            return
        schema["properties"] = {
            name: Schema(HIDDEN, inner.origin) if name in hidden else inner
            for name, inner in schema["properties"].items()
        }
        if isinstance(schema.get("required"), list):
            schema["required"] = [name for name in schema["required"] if str(name) not in hidden]

    def _hides(self, here: Location, hops: int = _MAX_HOPS) -> bool:
        value = here.value
        if not isinstance(value, dict) or not hops:
            return False
        ref = value.get("$ref")
        if value.get(_HIDDEN[self.direction]) is True and not (self.old and ref):
            return True
        if isinstance(ref, str):
            try:
                return self._hides(self.document.resolve(ref, here.file), hops - 1)
            except Fault:
                return False
        return any(self._hides(inner, hops - 1) for inner in _branches(here, "allOf")) or any(
            branches and all(self._hides(inner, hops - 1) for inner in branches)
            for branches in (_branches(here, "anyOf"), _branches(here, "oneOf"))
        )

    def _words(self, value: dict[str, Any], schema: Schema) -> None:
        """Tells formats of numbers as ranges; a format that says nothing about JSON is dropped."""
        name = value.get("format")
        bits = _INTEGERS.get(name) if isinstance(name, str) else None
        if bits is not None and "integer" in (types_of(schema) or {"integer"}):
            schema["allOf"] = [*schema.get("allOf", ()), Schema({"minimum": -(2**bits), "maximum": 2**bits - 1})]
        if not isinstance(name, str) or name in _WORDLESS or "string" not in (types_of(schema) or {"string"}):
            schema.pop("format", None)

    def _old(self, value: dict[str, Any], schema: Schema) -> None:
        for keyword, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(value.get(keyword), bool):
                del schema[keyword]
                if value[keyword] and limit in schema:
                    schema[keyword] = schema.pop(limit)


def types_of(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema names; empty when it names none."""
    named = schema.get("type")
    listed = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return {name for name in listed if isinstance(name, str)}


def _nullable(schema: Schema) -> Schema:
    """With a type, null is one type more; an enum has to list it. Without one, 3.0 means what its authors meant."""
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        return schema
    return Schema({"anyOf": [schema, Schema({"type": "null"})]}, schema.origin) if schema else schema


def _inside(here: Location, *tokens: str | int) -> Location:
    value = here.value
    for token in tokens:
        value = value[token]
    return Location(here.file, here.pointer + join_pointer(*tokens), value)


def _branches(here: Location, keyword: str) -> list[Location]:
    listed = here.value.get(keyword)
    return [_inside(here, keyword, index) for index in range(len(listed) if isinstance(listed, list) else 0)]


def parts(schema: Mapping[str, Any]) -> Iterator[Schema]:
    """The schemas directly in a schema."""
    for keyword in _ONE:
        if keyword in schema:
            yield schema[keyword]
    for keyword in _SEVERAL:
        yield from schema.get(keyword, ())
    for keyword in _NAMED:
        yield from schema.get(keyword, {}).values()


def _references(schema: Schema) -> Iterator[str]:
    pending = [schema]
    while pending:
        here = pending.pop()
        if "$ref" in here:
            yield here["$ref"]
        pending.extend(parts(here))


class Table:
    """The schemas of two contracts, in one direction, with names that tell what differs."""

    def __init__(self, base: Document, head: Document, direction: Direction, twins: Twins | None = None) -> None:
        self._twins = twins or Twins(base, head)
        self.direction: Direction = direction
        self._halves: dict[Side, _Half] = {"base": _Half(base, direction), "head": _Half(head, direction)}
        self._same: dict[str, bool] = {}
        self._named: dict[tuple[str, Side], Schema] = {}

    def schema(self, side: Side, here: Location) -> Schema:
        """What is written at a place of a contract."""
        raw = self._halves[side].translate(here)
        self._decide(raw)
        return self._rename(raw, side)

    def target(self, schema: Schema) -> Schema:
        """The schema that the `$ref` of a schema of this table leads to."""
        key = (schema["$ref"], schema.side)
        if key not in self._named:
            mark, name = key[0][0], key[0][1:]
            side = schema.side if mark == "=" else "head" if mark == "+" else "base"
            raw = self._halves[side].define(name)
            self._named[key] = self._rename(raw, side) if raw is not None else Schema()
        return self._named[key]

    def definition(self, schema: Schema) -> Schema:
        """Where a schema that is nothing but a `$ref` leads to in the end, else the schema itself."""
        for _ in range(_MAX_HOPS):
            if schema.keys() != {"$ref"}:
                break
            schema = self.target(schema)
        return schema

    def bundle(self, schema: Schema) -> dict[str, Any]:
        """The schema with everything that it refers to, for a validator."""
        found: dict[str, Schema] = {}
        pending = [schema]
        while pending:
            for name in sorted(pending.pop().references):
                if name not in found:
                    found[name] = self.target(Schema({"$ref": name}))
                    pending.append(found[name])
        numbers = {name: str(index) for index, name in enumerate(found)}
        inner = {numbers[name]: _numbered(target, numbers) for name, target in found.items()}
        return {"allOf": [_numbered(schema, numbers)], "$defs": inner}

    def unchanged(self, base: Schema, head: Schema) -> bool:
        """Whether two schemas are written alike, annotations and all that they refer to included."""
        if base.origin is None or head.origin is None:
            return False
        return self._twins.same(base.origin, head.origin)

    def _decide(self, raw: Schema) -> None:
        """Finds out which targets mean the same in both contracts: equal text, and so have all they refer to."""
        fresh = self._reached(raw)
        uses = {name: self._uses(name) for name in fresh}
        differ = {name for name in fresh if self._text("base", name) != self._text("head", name)}
        differ |= {name for name, used in uses.items() if any(self._same.get(other) is False for other in used)}
        differ = spread(differ, uses)
        self._same.update({name: name not in differ for name in fresh})

    def _reached(self, raw: Schema) -> set[str]:
        fresh: set[str] = set()
        pending = [name for name in raw.references if name not in self._same]
        while pending:
            name = pending.pop()
            if name not in fresh:
                fresh.add(name)
                pending.extend(other for other in self._uses(name) if other not in self._same)
        return fresh

    def _uses(self, name: str) -> set[str]:
        sides = (half.define(name) for half in self._halves.values())
        return {other for schema in sides if schema is not None for other in schema.references}

    def _text(self, side: Side, name: str) -> str:
        schema = self._halves[side].define(name)
        return "" if schema is None else schema.key

    def _rename(self, raw: Schema, side: Side) -> Schema:
        schema = Schema(raw, raw.origin, side)
        if "$ref" in raw:
            mark = "=" if self._same.get(raw["$ref"]) else "-" if side == "base" else "+"
            schema["$ref"] = mark + raw["$ref"]
        return _map(schema, lambda inner: self._rename(inner, side))


def _map(schema: Schema, change: Any) -> Schema:  # noqa: ANN401 - from schema to schema
    for keyword in _ONE:
        if keyword in schema:
            schema[keyword] = change(schema[keyword])
    for keyword in _SEVERAL:
        if keyword in schema:
            schema[keyword] = [change(inner) for inner in schema[keyword]]
    for keyword in _NAMED:
        if keyword in schema:
            schema[keyword] = {name: change(inner) for name, inner in schema[keyword].items()}
    return schema


def _numbered(schema: Schema, numbers: Mapping[str, str]) -> Schema:
    copy = Schema(schema)
    if "$ref" in copy:
        copy["$ref"] = f"#/$defs/{numbers[copy['$ref']]}"
    return _map(copy, lambda inner: _numbered(inner, numbers))
