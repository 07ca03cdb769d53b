"""From schemas to types: what each place of a contract means, with a declaration for whatever needs a name."""

from collections.abc import Iterable, Mapping
from typing import Any

from xptasks.contracts.model.keywords import KNOWN
from xptasks.contracts.model.names import member_names, type_name
from xptasks.contracts.model.places import Places, variant_labels
from xptasks.contracts.model.shape import Group, Shape, TooManyPartsError, merged, same, shape_of
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
    Limits,
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
_MAX_PRODUCT = 64  # alternatives that several oneOf or anyOf at one place may multiply to
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

    def reference(self, node: Node) -> Reference:
        """The declaration of the schema at this place, which gets one even if it is only a scalar."""
        if node.key not in self._seen:
            self._seen.add(node.key)
            self._wanted[node.key] = node
        return Reference(node.key)

    def finish(self) -> None:
        """Build every declaration that a reference asked for."""
        while self._wanted:
            key, node = self._wanted.popitem()
            if key not in self.declared:
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
        for keyword in node.value.keys() - KNOWN:
            if not keyword.startswith("x-"):
                self.trouble(node, f"the keyword {keyword!r} is not known, so nothing follows from it", "unknown-keyword")

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
            inner, null = self._alternatives(shape, kinds, null=null)
        elif shape.enum is not None:
            inner, null = self._values(shape, kinds, null=null)
        else:
            inner = self._by_kind(shape, kinds)
        if isinstance(inner, Nothing) and null:
            return Scalar("null")
        inner = self._checked(shape, inner)
        return nullable(inner) if null else inner

    # Values and alternatives

    def _values(self, shape: Shape, kinds: frozenset[str] | None, *, null: bool) -> tuple[Type, bool]:
        allowed = [value for value in shape.enum or () if kinds is None or kinds & _kinds_of(value)]
        has_null = any(value is None for value in shape.enum or ()) and (kinds is None or null or shape.nullable)
        values = [value for value in allowed if value is not None]
        if shape.nullable and shape.node.is_openapi_30:
            has_null = True  # 3.0's `nullable` beside an enum without null: everyone means that null is allowed
        if not values:
            return Nothing(), has_null
        if len(values) == 1:
            return Constant(values[0]), has_null
        if len(values) == 2 and all(isinstance(value, bool) for value in values):  # noqa: PLR2004 - true and false
            return Scalar("boolean"), has_null
        return self._enum(shape.node, values, {}), has_null

    def _enum(self, node: Node, values: list[Json], docs: Mapping[int, str]) -> Type:
        names = member_names([_spelling(value) for value in values])
        cases = tuple(
            Case(value, names[_spelling(value)], docs.get(index, "")) for index, value in enumerate(values)
        )
        kind: Any = "mixed"
        if all(isinstance(value, str) for value in values):
            kind = "string"
        elif all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            kind = "integer"
        return self._declare(EnumType(name=self._name(node), at=node.at, doc=doc_of(node.value), kind=kind, cases=cases), node)

    def _alternatives(self, shape: Shape, kinds: frozenset[str] | None, *, null: bool) -> tuple[Type, bool]:
        group, *others = shape.groups
        has_base = _has_base(shape, bool(others))
        variants = []
        has_null = False
        for variant in group.variants:
            if _is_null(self.source.resolve(variant).value):
                has_null = True
            else:
                variants.append(variant)
        allows_null = null or (has_null and (shape.kinds is None or "null" in shape.kinds))
        if shape.node.is_openapi_30 and shape.nullable:
            allows_null = True
        elif not has_null and null and shape.kinds is None:
            allows_null = False  # null comes in through a variant that allows it itself
        if has_base and all(_only_requires(variant.value) for variant in variants):
            return self._requirements(shape, group, kinds), allows_null
        if not has_base and group.keyword and all(_is_constant(variant.value) for variant in variants):
            return self._constants(shape.node, variants), allows_null
        if has_base:
            taken = frozenset({f"{group.at.key}/{group.keyword}"}) | shape.node.skip
            base = shape.node._replace(skip=taken)
            variants = [merged((base, variant), variant) for variant in variants]
        if len(variants) == 1 and not has_null:
            return self._unwrap(variants[0], null=allows_null)
        if not variants:
            return Nothing(), allows_null
        if len(variants) == 1:
            return self._unwrap(variants[0], null=allows_null)
        return self._union(shape, group, variants), allows_null

    def _unwrap(self, node: Node, *, null: bool) -> tuple[Type, bool]:
        inner = self.type_of(node)
        return (inner.inner, True) if isinstance(inner, Nullable) else (inner, null)

    def _requirements(self, shape: Shape, group: Group, kinds: frozenset[str] | None) -> Type:
        """Alternatives that only ask for properties: the type is the base, and a rule says the rest."""
        taken = frozenset({f"{group.at.key}/{group.keyword}"}) | shape.node.skip
        base = self._typed(shape_of(shape.node._replace(skip=taken), self.source))
        if isinstance(base, Nullable):
            base = base.inner
        operands = tuple(self.reference(variant) for variant in group.variants)
        return _with_checks(base, (Check(group.keyword, operands),), self) if kinds != frozenset() else base

    def _constants(self, node: Node, variants: list[Node]) -> Type:
        values = [_constant(variant.value) for variant in variants]
        docs = {
            index: str(variant.value.get("description") or variant.value.get("title") or "")
            for index, variant in enumerate(variants)
        }
        return self._enum(node, values, docs) if len(values) > 1 else Constant(values[0])

    def _union(self, shape: Shape, group: Group, variants: list[Node]) -> Type:
        node = shape.node
        labels = variant_labels([variant.value for variant in group.variants if not _is_null(self.source.resolve(variant).value)])
        names = member_names(labels)
        types = [self.type_of(variant) for variant in variants]
        union = UnionType(
            name=self._name(node),
            at=node.at,
            doc=doc_of(node.value),
            variants=tuple(Variant(kind, names[label]) for kind, label in zip(types, labels, strict=True)),
            exclusive=group.keyword == "oneOf",
        )
        if shape.discriminator is not None:
            originals = tuple(v for v in group.variants if not _is_null(self.source.resolve(v).value))
            self.tags[node.key] = (shape.discriminator, originals)
        return self._declare(union, node)

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
            doc=doc_of(shape.node.value),
            variants=tuple(
                Variant(item, names[_KIND_NAMES[kind]]) for item, kind in zip(types, found, strict=True)
            ),
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
        prefix = tuple(self.type_of(merged((*nodes, *shape.items[1:0]), nodes[0])) for nodes in shape.prefix)
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
            doc=doc_of(node.value),
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
        node = merged(nodes, shape.node.child(None, "properties", wire))
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
            doc=doc_of(node.value, deprecated=facts.deprecated),
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
        return _with_checks(inner, tuple(checks), self) if checks else inner

    def _operand(self, node: Node | None) -> Type:
        return Anything() if node is None else self.type_of(node)

    # Declarations

    def _name(self, node: Node) -> str:
        return type_name(self.places.name(node))

    def _declare(self, declaration: Declaration, node: Node, suffix: str = "") -> Reference:
        key = node.key + suffix
        self._seen.add(key)
        self.declared[key] = declaration
        return Reference(key)

    def _declare_named(self, node: Node) -> None:
        found = self.type_of(node)
        if found == Reference(node.key):
            return
        doc = doc_of(node.value)
        self.declared[node.key] = AliasType(name=self._alias_name(node), at=node.at, doc=doc, type=found)

    def _alias_name(self, node: Node) -> str:
        """A nullable or checked declaration takes its name; the bare one below it moves aside."""
        return self._name(node)


_KIND_NAMES = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}
