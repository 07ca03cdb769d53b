"""From schemas to types: what each place of a contract means, with a declaration for whatever needs a name."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from xptasks.contracts.model.keywords import KNOWN, REFUSED
from xptasks.contracts.model.names import member_names, type_name
from xptasks.contracts.model.places import Places, variant_labels
from xptasks.contracts.model.shape import Group, Shape, TooManyPartsError, merged, shape_of
from xptasks.contracts.model.source import Node, Source
from xptasks.contracts.model.types import (
    MISSING,
    NO_DOC,
    NO_LIMITS,
    AliasType,
    Anything,
    Array,
    Case,
    Check,
    Checked,
    Constant,
    Declaration,
    Dictionary,
    Doc,
    EnumType,
    Field,
    Json,
    Nothing,
    Nullable,
    ObjectType,
    Reference,
    Scalar,
    Trouble,
    Tuple,
    Type,
    UnionType,
    Variant,
)

_SCALARS = ("string", "integer", "number", "boolean")
_ANNOTATIONS = frozenset(
    {"title", "description", "example", "examples", "externalDocs", "deprecated", "default", "readOnly", "writeOnly",
     "$comment", "xml", "summary", "$id", "$schema", "$anchor", "$defs", "definitions", "discriminator"}
)  # fmt: skip
_PLAIN_SCALAR = _ANNOTATIONS | {"type", "format"}
_MAX_DEPTH = 40  # alternatives within alternatives that are joined with what stands beside them
_STRING_LIMITS = ("min_length", "max_length", "patterns")
_NUMBER_LIMITS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "multiples")
_ARRAY_LIMITS = ("min_items", "max_items", "unique")
_OBJECT_LIMITS = ("min_properties", "max_properties")


class TypeBuilder:
    """Turns schemas into types and remembers the declarations.

    References only note what they need; `finish` builds it, so that long chains of references need no deep stack.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.places = Places(source)
        self.declared: dict[str, Declaration] = {}
        self.troubles: list[Trouble] = []
        self.tags: dict[str, tuple[Mapping[str, Any], tuple[Node, ...]]] = {}
        self._wanted: dict[str, Node] = {}
        self._seen: set[str] = set()
        self._aside: set[str] = set()
        self._depth = 0

    def reference(self, node: Node) -> Reference:
        """The declaration of the schema at this place, which gets one even if it is only a scalar."""
        if node.key not in self._seen:
            self._seen.add(node.key)
            self._wanted[node.key] = node
        return Reference(node.key)

    def finish(self) -> None:
        """Build every declaration that a reference asked for."""
        while self._wanted:
            _, node = self._wanted.popitem()
            self._declare_named(node)

    def trouble(self, node: Node, message: str, rule: str, *, fatal: bool = False) -> None:
        """Note something about this place."""
        self.troubles.append(Trouble(node.at, message, rule, fatal))

    def type_of(self, node: Node) -> Type:
        """The type of whatever stands here."""
        value = node.value
        if isinstance(value, dict):
            self._unknown(node)
            if "$ref" in value and (node.ignores_siblings or value.keys() - {"$ref"} <= _ANNOTATIONS):
                return self._referred(node)
            if value.get("type") in _SCALARS and value.keys() <= _PLAIN_SCALAR:
                return Scalar(value["type"], str(value.get("format") or ""))
            alone = _only_reference(value)
            if alone is not None:
                inner = self._referred(node.child(alone, "allOf", 0))
                return nullable(inner) if node.is_openapi_30 and value.get("nullable") is True else inner
        elif value is True:
            return Anything()
        return self._express(node)

    def _referred(self, node: Node) -> Type:
        return self.reference(self.source.target(node))

    def _unknown(self, node: Node) -> None:
        for keyword in node.value.keys() & REFUSED:
            self.trouble(node, f"no language can express {keyword!r}", "refused-keyword", fatal=True)
        for keyword in node.value.keys() - KNOWN:
            if not keyword.startswith("x-"):
                self.trouble(
                    node, f"the keyword {keyword!r} is not known, so nothing follows from it", "unknown-keyword"
                )

    def _express(self, node: Node) -> Type:
        try:
            shape = shape_of(node, self.source)
        except TooManyPartsError:
            self.trouble(node, "is merged from too many schemas", "too-many-parts", fatal=True)
            return Anything()
        return self._typed(shape)

    def _typed(self, shape: Shape) -> Type:
        if shape.never:
            return Nothing()
        kinds, null = _kinds(shape)
        if shape.groups:
            return self._alternatives(shape, null=null)
        if shape.enum is not None:
            inner, null = self._values(shape, kinds)
        else:
            inner = self._by_kind(shape, kinds)
        return self._finished(shape, inner, null=null)

    def _finished(self, shape: Shape, inner: Type, *, null: bool) -> Type:
        """Add the rules that no type expresses, and null."""
        if isinstance(inner, Nothing) and null:
            return Scalar("null")
        inner = self._checked(shape, inner)
        return nullable(inner) if null else inner

    # Values and alternatives

    def _values(self, shape: Shape, kinds: frozenset[str] | None) -> tuple[Type, bool]:
        """The type of an enum or const, and whether null is one of its values."""
        listed = shape.enum or []
        has_null = None in listed and (shape.kinds is None or "null" in shape.kinds)
        if shape.nullable and shape.node.is_openapi_30:
            has_null = True  # beside an enum without null everyone means that null is allowed
        values = [item for item in listed if item is not None and (kinds is None or kinds & _kinds_of(item))]
        if not values:
            return Nothing(), has_null
        if len(values) == 1:
            return Constant(values[0]), has_null
        if len(values) == 2 and all(isinstance(item, bool) for item in values):  # noqa: PLR2004 - true and false
            return Scalar("boolean"), has_null
        return self._enum(shape.node, values, {}), has_null

    def _enum(self, node: Node, values: list[Json], docs: Mapping[int, str]) -> Type:
        names = member_names([_spelling(value) for value in values])
        cases = tuple(Case(value, names[_spelling(value)], docs.get(index, "")) for index, value in enumerate(values))
        kind: Any = "mixed"
        if all(isinstance(value, str) for value in values):
            kind = "string"
        elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            kind = "integer"
        return self._declare(
            EnumType(name=self._name(node), at=node.at, doc=doc_of(node), kind=kind, cases=cases), node
        )

    def _alternatives(self, shape: Shape, *, null: bool) -> Type:
        group = shape.groups[0]
        variants = [variant for variant in group.variants if not _is_null(self.source.resolve(variant).value)]
        offers_null = len(variants) < len(group.variants)
        null = (null and (offers_null or shape.node.is_openapi_30)) or (offers_null and shape.kinds is None)
        if not self._has_base(shape, variants):
            inner, null = self._union_or_less(shape, group, variants, null=null)
            return self._finished(shape, inner, null=null)
        if variants and all(_only_requires(variant.value) for variant in variants):
            return self._requirements(shape, group)
        base = shape.node._replace(skip=shape.node.skip | {f"{group.at.key}/{group.keyword}"})
        joined = [variant._replace(value=None, parts=(base, variant)) for variant in variants]
        with self._deeper(shape.node):
            inner, null = self._union_or_less(shape, group, joined, null=null)
        return nullable(inner) if null else inner

    def _has_base(self, shape: Shape, variants: list[Node]) -> bool:
        """Whether anything stands beside the alternatives that each of them has to obey as well."""
        if len(shape.groups) > 1 or shape.fields or shape.required or shape.enum is not None or shape.limits:
            return True
        if shape.patterns or shape.items or shape.prefix or shape.unevaluated or shape.format:
            return True
        if _strip_open([extra.rule for extra in shape.extras]):
            return True
        return bool(shape.kinds) and not all(_says_kind(self.source.resolve(variant).value) for variant in variants)

    @contextmanager
    def _deeper(self, node: Node) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self.trouble(node, "the alternatives refer to each other in a circle", "circular-alternatives", fatal=True)
            raise ContractShapeError
        yield
        self._depth -= 1

    def _union_or_less(self, shape: Shape, group: Group, variants: list[Node], *, null: bool) -> tuple[Type, bool]:
        if not variants:
            return Nothing(), null
        if all(_is_constant(variant.value) for variant in variants):
            return self._constants(shape.node, variants), null
        if len(variants) == 1:
            inner = self.type_of(variants[0])
            return (inner.inner, True) if isinstance(inner, Nullable) else (inner, null)
        return self._union(shape, group, variants, null=null)

    def _requirements(self, shape: Shape, group: Group) -> Type:
        """Alternatives that only ask for properties: the type is the base, and a rule says the rest."""
        base = shape.node._replace(skip=shape.node.skip | {f"{group.at.key}/{group.keyword}"})
        with self._deeper(shape.node):
            found = self._typed(shape_of(base, self.source))
        inner = found.inner if isinstance(found, Nullable) else found
        operands = tuple(self.type_of(variant) for variant in group.variants)
        inner = self._with_checks(inner, (Check(group.keyword, operands),))
        return nullable(inner) if isinstance(found, Nullable) else inner

    def _constants(self, node: Node, variants: list[Node]) -> Type:
        values = [_constant(variant.value) for variant in variants]
        docs = {
            index: str(variant.value.get("description") or variant.value.get("title") or "")
            for index, variant in enumerate(variants)
        }
        return self._enum(node, values, docs) if len(values) > 1 else Constant(values[0])

    def _union(self, shape: Shape, group: Group, variants: list[Node], *, null: bool) -> tuple[Type, bool]:
        node = shape.node
        originals = [variant.parts[-1] if variant.parts else variant for variant in variants]
        labels = variant_labels([variant.value for variant in originals])
        names = member_names(labels)
        types = [self.type_of(variant) for variant in variants]
        null = null or any(isinstance(kind, Nullable) for kind in types)
        union = UnionType(
            name=self._name(node),
            at=node.at,
            doc=doc_of(node),
            variants=tuple(
                Variant(kind.inner if isinstance(kind, Nullable) else kind, names[label])
                for kind, label in zip(types, labels, strict=True)
            ),
            exclusive=group.keyword == "oneOf",
        )
        if shape.discriminator is not None:
            self.tags[node.key] = (shape.discriminator, tuple(originals))
        return self._declare(union, node), null

    # Kinds

    def _by_kind(self, shape: Shape, kinds: frozenset[str] | None) -> Type:
        if kinds is None:
            return Anything()
        found = [kind for kind in (*_SCALARS, "array", "object") if kind in kinds]
        if "number" in kinds and "integer" in found:
            found.remove("integer")
        if not found:
            return Nothing()
        if len(found) == 1:
            return self._one_kind(shape, found[0])
        types = [self._one_kind(shape, kind, suffix=True) for kind in found]
        names = member_names([_KIND_NAMES[kind] for kind in found])
        union = UnionType(
            name=self._name(shape.node),
            at=shape.node.at,
            doc=doc_of(shape.node),
            variants=tuple(Variant(item, names[_KIND_NAMES[kind]]) for item, kind in zip(types, found, strict=True)),
            exclusive=False,
        )
        return self._declare(union, shape.node)

    def _one_kind(self, shape: Shape, kind: str, *, suffix: bool = False) -> Type:
        if kind == "object":
            return self._object(shape, suffix=suffix)
        if kind == "array":
            return self._array(shape)
        if kind == "boolean":
            return Scalar("boolean")
        if kind == "string":
            return Scalar("string", shape.format, shape.bounds(*_STRING_LIMITS) or NO_LIMITS)
        number: Any = kind
        return Scalar(number, shape.format, shape.bounds(*_NUMBER_LIMITS) or NO_LIMITS)

    def _array(self, shape: Shape) -> Type:
        limits = shape.bounds(*_ARRAY_LIMITS) or NO_LIMITS
        rest: Type = self.type_of(merged(shape.items, shape.items[0])) if shape.items else Anything()
        if not shape.prefix:
            return Array(rest, limits)
        prefix = tuple(self.type_of(merged(nodes, nodes[0])) for nodes in shape.prefix)
        return Tuple(prefix, None if isinstance(rest, Nothing) else rest, limits)

    def _object(self, shape: Shape, *, suffix: bool) -> Type:
        limits = shape.bounds(*_OBJECT_LIMITS) or NO_LIMITS
        fields = self._fields(shape)
        extra, check = self._extra(shape)
        if not fields and isinstance(extra, Anything | Nothing) is False and check is None:
            return Dictionary(extra, limits)
        if not fields and isinstance(extra, Anything) and check is None:
            return Dictionary(extra, limits)
        node = shape.node
        path = self.places.name(node) + ("_Object" if suffix else "")
        declaration = ObjectType(
            name=type_name(path),
            at=node.at,
            doc=doc_of(node),
            checks=(check,) if check else (),
            fields=fields,
            extra=None if isinstance(extra, Nothing) else extra,
            limits=limits,
        )
        return self._declare(declaration, node, "/object" if suffix else "")

    def _fields(self, shape: Shape) -> tuple[Field, ...]:
        wires = [*shape.fields, *(name for name in shape.required if name not in shape.fields)]
        names = member_names(wires)
        return tuple(self._field(shape, wire, names[wire]) for wire in wires)

    def _field(self, shape: Shape, wire: str, name: Any) -> Field:  # noqa: ANN401 - MemberName
        rules = [
            extra.rule
            for extra in shape.extras
            if wire not in extra.names and not any(_matches(pattern, wire) for pattern in extra.patterns)
        ]
        nodes = [*shape.fields.get(wire, ()), *self._pattern_rules(shape, wire), *rules]
        nodes = _strip_open(nodes) or [shape.node.child(True, "properties", wire)]  # noqa: FBT003 - the schema `true`
        node = nodes[0] if len(nodes) == 1 else merged(nodes, shape.node.child(None, "properties", wire))
        kind = self.type_of(node)
        facts = _facts(node, self.source)
        return Field(
            wire=wire,
            name=name,
            type=kind,
            required=wire in shape.required,
            at=node.at,
            default=facts.default,
            read_only=facts.read_only,
            write_only=facts.write_only,
            doc=doc_of(node, deprecated=facts.deprecated),
        )

    def _pattern_rules(self, shape: Shape, wire: str) -> list[Node]:
        return [node for pattern, nodes in shape.patterns.items() if _matches(pattern, wire) for node in nodes]

    def _extra(self, shape: Shape) -> tuple[Type, Check | None]:
        """What further properties are, and the rule that says it when a type cannot."""
        rules = _strip_open([extra.rule for extra in shape.extras])
        if shape.unevaluated is not None and not shape.extras:
            rules = _strip_open([shape.unevaluated])
        rest: Type = self.type_of(merged(rules, rules[0])) if rules else Anything()
        if not shape.patterns:
            return rest, None
        types = [self.type_of(merged(nodes, nodes[0])) for nodes in shape.patterns.values()]
        check = Check("patternProperties", (*types, rest), names=tuple(shape.patterns))
        closed_to_one = isinstance(rest, Nothing) and all(kind == types[0] for kind in types)
        return types[0] if closed_to_one else Anything(), check

    # Rules beyond the type

    def _checked(self, shape: Shape, inner: Type) -> Type:
        checks = [
            *(Check("not", (self._operand(node),)) for node in shape.nots),
            *(Check("if", tuple(self._operand(node) for node in branches)) for branches in shape.ifs),
            *(Check("contains", (self.type_of(node),), least=least, most=most) for node, least, most in shape.contains),
            *(Check("propertyNames", (self.type_of(node),)) for node in shape.names),
        ]
        if shape.dependent_required:
            names, required = zip(*shape.dependent_required, strict=True)
            checks.append(Check("dependentRequired", names=names, required=required))
        if shape.dependent_schemas:
            names = tuple(name for name, _ in shape.dependent_schemas)
            operands = tuple(self._operand(node) for _, node in shape.dependent_schemas)
            checks.append(Check("dependentSchemas", operands, names=names))
        return self._with_checks(inner, tuple(checks)) if checks else inner

    def _with_checks(self, inner: Type, checks: tuple[Check, ...]) -> Type:
        """Rules belong to the declaration when it was made for this place, else they stand around the type."""
        declared = self.declared.get(inner.key) if isinstance(inner, Reference) else None
        if declared is None or isinstance(declared, AliasType):
            return Checked(inner, checks)
        assert isinstance(inner, Reference)  # noqa: S101 - told to the type checker
        self.declared[inner.key] = replace(declared, checks=(*declared.checks, *checks))
        return inner

    def _operand(self, node: Node | None) -> Type:
        return Anything() if node is None else self.type_of(node)

    # Declarations

    def _name(self, node: Node) -> str:
        return type_name(self.places.name(node))

    def _declare(self, declaration: Declaration, node: Node, suffix: str = "") -> Reference:
        key = node.key + suffix
        if key in self._aside:
            key += "/bare"
            declaration = replace(declaration, name=type_name(f"{self.places.name(node)}_Value"))
        self.declared[key] = declaration
        return Reference(key)

    def _declare_named(self, node: Node) -> None:
        """Give the place a declaration under its own key.

        What was declared for it but is only a part of the answer (the object of "object or null") moves aside.
        """
        found = self.type_of(node)
        if found == Reference(node.key):
            return
        if node.key in self.declared:
            self._aside.add(node.key)
            found = self.type_of(node)
        self.declared[node.key] = AliasType(name=self._name(node), at=node.at, doc=doc_of(node), type=found)


_KIND_NAMES = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
_VALUE_KINDS: dict[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    str: frozenset({"string"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
    type(None): frozenset({"null"}),
}


def nullable(inner: Type) -> Type:
    """The type or null; said once is enough."""
    if isinstance(inner, Nullable | Anything) or inner == Scalar("null"):
        return inner
    return Nullable(inner)


def doc_of(node: Node, *, deprecated: bool = False) -> Doc:
    """What the contract says to people at this place."""
    value = node.value
    if not isinstance(value, dict):
        value = next((part.value for part in node.parts if isinstance(part.value, dict)), None)
    if value is None:
        return Doc(deprecated=True) if deprecated else NO_DOC
    title, description = value.get("title"), value.get("description")
    examples = value.get("examples")
    found = tuple(examples) if isinstance(examples, list) else ()
    if "example" in value:
        found = (*found, value["example"])
    deprecated = deprecated or value.get("deprecated") is True
    if not (title or description or found or deprecated):
        return NO_DOC
    return Doc(str(title or ""), str(description or ""), deprecated, found)


class ContractShapeError(Exception):
    """A schema that cannot be built; the reason is among the troubles."""


class _Facts(NamedTuple):
    default: Json = MISSING
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False


def _facts(node: Node, source: Source) -> _Facts:
    """What is said about a property rather than about its type, also beyond its references."""
    value = node.value
    if isinstance(value, dict) and not node.parts and "$ref" not in value and "allOf" not in value:
        return _Facts(
            value.get("default", MISSING),
            value.get("readOnly") is True,
            value.get("writeOnly") is True,
            value.get("deprecated") is True,
        )
    shape = shape_of(node, source)
    return _Facts(shape.default, shape.read_only, shape.write_only, shape.deprecated)


def _kinds(shape: Shape) -> tuple[frozenset[str] | None, bool]:
    """The kinds of value (without null), None when any will do; and whether null is allowed."""
    if shape.kinds is not None:
        return shape.kinds - {"null"}, "null" in shape.kinds or shape.nullable
    if shape.implied and shape.enum is None:
        return frozenset(shape.implied), shape.nullable
    return None, shape.nullable


def _kinds_of(value: Json) -> frozenset[str]:
    if isinstance(value, float):
        return frozenset({"integer", "number"} if value.is_integer() else {"number"})
    return _VALUE_KINDS[type(value)]


def _spelling(value: Json) -> str:
    return value if isinstance(value, str) else f"value {json.dumps(value)}"


def _is_null(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    values = value.get("enum") if "enum" in value else [value["const"]] if "const" in value else [0]
    return value.get("type") in ("null", ["null"]) or values == [None]


def _is_constant(value: Json) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"const", "enum", "type", "title", "description"}
        and ("const" in value or (isinstance(value.get("enum"), list) and len(value["enum"]) == 1))
    )


def _constant(value: Mapping[str, Any]) -> Json:
    return value["const"] if "const" in value else value["enum"][0]


def _only_requires(value: Json) -> bool:
    """Alternatives that say which properties must be there, and nothing about what they are."""
    if not isinstance(value, dict) or not value.keys() <= {
        "required",
        "not",
        "title",
        "description",
        "properties",
        "type",
    }:
        return False
    properties = value.get("properties") or {}
    return ("required" in value or "not" in value) and all(sub in (True, {}) for sub in properties.values())


def _says_kind(value: Json) -> bool:
    return isinstance(value, dict) and not value.keys().isdisjoint(
        ("type", "properties", "items", "allOf", "oneOf", "anyOf", "enum", "const", "additionalProperties", "required")
    )


def _only_reference(value: Mapping[str, Any]) -> Json | None:
    """The one reference in `allOf: [$ref]` beside nothing but annotations: 3.0's way to annotate a reference."""
    parts = value.get("allOf")
    if not isinstance(parts, list) or len(parts) != 1 or not value.keys() - {"allOf", "nullable"} <= _ANNOTATIONS:
        return None
    part = parts[0]
    return part if isinstance(part, dict) and part.keys() == {"$ref"} else None


def _strip_open(nodes: Iterable[Node]) -> list[Node]:
    """Without the schemas that allow everything."""
    return [node for node in nodes if (node.value is not True and node.value != {}) or node.parts]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False
