"""TypeScript: types without any runtime, and beside each a small decoder that says whether JSON has that type.

export interface Project {
  id: Uuid;
  owner: string | null;          required, may be null
  note?: string;                 may be absent, never null
  due?: DateOnly | null;         absent, null or a value
}
export const Project: Decoder<Project> = new Decoder(object({ id: text, owner: nullable(text) }, { ... }));

`import type` leaves nothing of the decoders in a program that only wants the types.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from xptasks.contracts.model.finish import resolved
from xptasks.contracts.model.interface import Model
from xptasks.contracts.model.types import (
    AliasType,
    Anything,
    Array,
    Check,
    Checked,
    Constant,
    Declaration,
    Dictionary,
    EnumType,
    Field,
    Nothing,
    Nullable,
    ObjectType,
    Reference,
    Scalar,
    Tuple,
    Type,
    UnionType,
    Variant,
)
from xptasks.contracts.writing.documentation import (
    check_words,
    declaration_text,
    field_text,
    limit_words,
    object_limit_words,
)
from xptasks.contracts.writing.language import Options
from xptasks.contracts.writing.support.chunks import typescript_support
from xptasks.contracts.writing.text import quoted
from xptasks.contracts.writing.typescript_text import (
    WIDTH,
    alternatives,
    comment,
    literal,
    property_name,
    spread,
    table,
)

COMMENT: Final = "//"
_FORMATS = {
    "date-time": "DateTime",
    "date": "DateOnly",
    "time": "TimeOnly",
    "uuid": "Uuid",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "byte": "Base64Data",
    "base64": "Base64Data",
    "binary": "BinaryData",
    "decimal": "DecimalText",
    "duration": "DurationText",
    "uri": "Uri",
    "url": "Uri",
    "email": "EmailText",
}
_INTEGERS = {"int32": "Int32", "int64": "Int64"}
_SCALAR_CHECKS = {"string": "text", "integer": "integer", "number": "numeric", "boolean": "flag"}
_DECODERS = "// Decoders: `NAME.decode(JSON.parse(text))` is a NAME, or throws and says what is wrong where."


def emit(model: Model, options: Options) -> str:  # noqa: ARG001 - a union of literals is closed
    """All declarations as one module: the types, then the decoders."""
    types = {key: item for key, item in model.types.items() if not item.only_checked}
    return _Writer(types).module()


class _Writer:
    def __init__(self, types: Mapping[str, Declaration]) -> None:
        self._types = types
        self._used = {"Decoder"} if types else set()
        self._circular = _circular_names(types)

    def module(self) -> str:
        """The module's text."""
        declared = [self._declaration(key, item) for key, item in self._types.items()]
        decoders = [self._decoder(key, item) for key, item in self._types.items()]
        support = typescript_support()
        carried = [support.chunks[name].text for name in support.closure(self._used)]
        words = [text for text in carried if "export type" in text]
        machinery = [text for text in carried if "export type" not in text]
        if not declared:
            return "export {};\n"
        blocks = [*words, *declared, _DECODERS, *machinery, "\n".join(decoders)]
        return "\n" + "\n\n".join(blocks) + "\n"

    # Types

    def _declaration(self, key: str, item: Declaration) -> str:
        lines = comment(declaration_text(item), _rules(_facts_of(item)), deprecated=item.doc.deprecated)
        match item:
            case ObjectType():
                lines.extend(self._interface(item))
            case EnumType():
                docs = [case.doc for case in item.cases]
                lines.extend(alternatives(item.name, [literal(case.value) for case in item.cases], docs))
            case UnionType() | AliasType():
                lines.extend(alternatives(item.name, self._written(key, item)))
        return "\n".join(lines)

    def _written(self, key: str, item: UnionType | AliasType) -> list[str]:
        if key in self._circular:
            return [self._type(kind) for kind in self._unrolled(key)] or ["never"]
        if isinstance(item, AliasType):
            return [self._type(item.type)]
        kinds = (self._variant(item.discriminator, variant) for variant in item.variants)
        return list(dict.fromkeys(kinds))

    def _interface(self, item: ObjectType) -> Iterator[str]:
        if not item.fields:
            yield f"export type {item.name} = {{ [key: string]: {self._type(item.extra or Nothing())} }};"
            return
        yield f"export interface {item.name} {{"
        for field in item.fields:
            yield from self._field(field)
        if item.extra is not None and not isinstance(item.extra, Anything):
            yield f"  [key: string]: {self._beside(item.fields, item.extra)};"
        yield "}"

    def _beside(self, fields: Iterable[Field], extra: Type) -> str:
        """The type of further properties. TypeScript wants it to allow for the known ones too."""
        kinds = dict.fromkeys([self._type(extra), *(self._type(field.type) for field in fields)])
        absent = [] if all(field.required for field in fields) else ["undefined"]
        return "unknown" if "unknown" in kinds else " | ".join([*kinds, *absent])

    def _field(self, field: Field) -> Iterator[str]:
        text = field_text(field, with_default=True)
        yield from comment(text, _rules(_facts(field.type)), "  ", deprecated=field.doc.deprecated)
        modifier = "readonly " if field.read_only else ""
        mark = "" if field.required else "?"
        yield f"  {modifier}{property_name(field.wire)}{mark}: {self._type(field.type)};"

    def _variant(self, discriminator: str | None, variant: Variant) -> str:
        kind = self._type(variant.type)
        if discriminator is None or self._says(variant, discriminator):
            return kind
        tags = " | ".join(map(quoted, variant.tags))
        return f"({kind} & {{ {property_name(discriminator)}: {tags} }})"

    def _says(self, variant: Variant, wire: str) -> bool:
        """True when the variant's own property has no other values than the tags."""
        found = resolved(variant.type, self._types)
        fields = found.fields if isinstance(found, ObjectType) else ()
        field = next((field for field in fields if field.wire == wire and field.required), None)
        kind = resolved(field.type, self._types) if field else None
        if isinstance(kind, EnumType):
            return {case.value for case in kind.cases if isinstance(case.value, str)} == set(variant.tags)
        return isinstance(kind, Constant) and variant.tags == (kind.value,)

    def _type(self, kind: Type) -> str:  # noqa: C901, PLR0911 - one case for each type
        match kind:
            case Reference():
                return self._types[kind.key].name
            case Scalar():
                return self._scalar(kind)
            case Nullable():
                return f"{self._type(kind.inner)} | null"
            case Array():
                return f"{self._element(kind.items)}[]"
            case Dictionary():
                return f"{{ [key: string]: {self._type(kind.values)} }}"
            case Tuple():
                return self._tuple(kind)
            case Constant():
                return literal(kind.value)
            case Checked():
                return self._type(kind.inner)
            case Anything():
                return "unknown"
            case Nothing():
                return "never"

    def _scalar(self, kind: Scalar) -> str:
        name = _FORMATS.get(kind.format) if kind.kind == "string" else None
        if kind.kind == "integer":
            name = _INTEGERS.get(kind.format, "Integer")
        elif kind.kind == "number" and kind.format == "decimal":
            name = "DecimalNumber"
        if name:
            self._used.add(name)
        return name or kind.kind

    def _element(self, kind: Type) -> str:
        """What stands before `[]` or `?`."""
        text = self._type(kind)
        inner = kind.inner if isinstance(kind, Checked) else kind
        return f"({text})" if isinstance(inner, Nullable) else text

    def _tuple(self, kind: Tuple) -> str:
        least = kind.limits.min_items or 0
        items = [
            self._type(part) if index < least else f"{self._element(part)}?" for index, part in enumerate(kind.prefix)
        ]
        if kind.rest is not None:
            items.append(f"...{self._element(kind.rest)}[]")
        return f"[{', '.join(items)}]"

    # Decoders

    def _decoder(self, key: str, item: Declaration) -> str:
        head = f"export const {item.name}: Decoder<{item.name}> = new Decoder("
        check = self._checks(key, item)
        line = f"{head}{check});"
        return line if len(line) <= WIDTH else "\n".join([head, *spread(f"{check},", "  "), ");"])

    def _checks(self, key: str, item: Declaration) -> str:
        match item:
            case ObjectType():
                return self._object(item)
            case EnumType():
                return self._call("exactly", *(literal(case.value) for case in item.cases))
            case _ if key in self._circular:
                kinds = [self._check(kind) for kind in self._unrolled(key)]
                return self._call("union", *kinds)
            case AliasType():
                return self._check(item.type)
            case UnionType():
                return self._union(item)

    def _object(self, item: ObjectType) -> str:
        required = self._members(field for field in item.fields if field.required)
        optional = self._members(field for field in item.fields if not field.required)
        extra = self._check(Nothing() if item.extra is None else item.extra)
        given = [required, optional, extra]
        if isinstance(item.extra, Anything):
            given = [required, optional] if optional != "{}" else [required]
        return self._call("object", *given)

    def _members(self, fields: Iterable[Field]) -> str:
        return table((field.wire, self._check(field.type)) for field in fields)

    def _union(self, union: UnionType) -> str:
        if union.discriminator is None:
            kinds = dict.fromkeys(self._check(variant.type) for variant in union.variants)
            return self._call("union", *kinds)
        pairs = ((tag, self._check(variant.type)) for variant in union.variants for tag in variant.tags)
        return self._call("tagged", quoted(union.discriminator), table(pairs))

    def _check(self, kind: Type) -> str:  # noqa: C901, PLR0911 - one case for each type
        match kind:
            case Reference():
                return self._call("ref", f"() => {self._types[kind.key].name}")
            case Scalar():
                return self._call("exactly", "null") if kind.kind == "null" else self._name(_SCALAR_CHECKS[kind.kind])
            case Nullable():
                return self._call("nullable", self._check(kind.inner))
            case Array():
                return self._call("list", self._check(kind.items))
            case Dictionary():
                return self._call("map", self._check(kind.values))
            case Tuple():
                prefix = f"[{', '.join(map(self._check, kind.prefix))}]"
                least = min(kind.limits.min_items or 0, len(kind.prefix))
                rest = self._check(Nothing() if kind.rest is None else kind.rest)
                return self._call("tuple", prefix, str(least), rest)
            case Constant():
                return self._call("exactly", literal(kind.value))
            case Checked():
                return self._check(kind.inner)
            case Anything():
                return self._name("anything")
            case Nothing():
                return self._name("never")

    def _call(self, name: str, *arguments: str) -> str:
        return f"{self._name(name)}({', '.join(arguments)})"

    def _name(self, name: str) -> str:
        self._used.add(name)
        return name

    def _unrolled(self, key: str) -> list[Type]:
        """The alternatives of a type that is an alternative of itself, without itself."""
        found: list[Type] = []
        seen: set[str] = set()
        pending: list[Type] = [Reference(key)]
        while pending:
            kind = pending.pop()
            if isinstance(kind, Reference) and kind.key in self._circular:
                if kind.key not in seen:
                    seen.add(kind.key)
                    pending.extend(reversed(_bare(self._types[kind.key])))
            elif isinstance(kind, Nullable | Checked):
                pending.append(kind.inner)
                if isinstance(kind, Nullable):
                    pending.append(Scalar("null"))
            elif kind not in found:
                found.append(kind)
        return found


def _bare(item: Declaration) -> list[Type]:
    """What a declaration is a mere name for."""
    if isinstance(item, AliasType):
        return [item.type]
    return [variant.type for variant in item.variants] if isinstance(item, UnionType) else []


def _circular_names(types: Mapping[str, Declaration]) -> set[str]:
    """Names for themselves, with no object or list in between: TypeScript refuses them."""
    edges = {key: {target for kind in _bare(item) for target in _target(kind)} for key, item in types.items()}
    while ends := {key for key, targets in edges.items() if not targets & edges.keys()}:
        edges = {key: targets for key, targets in edges.items() if key not in ends}
    return set(edges)


def _target(kind: Type) -> Iterator[str]:
    while isinstance(kind, Nullable | Checked):
        kind = kind.inner
    if isinstance(kind, Reference):
        yield kind.key


# Words


def _facts_of(item: Declaration) -> Iterator[str]:
    """What the contract asks for and TypeScript does not say."""
    match item:
        case ObjectType():
            yield object_limit_words(item)
            if item.extra is not None:
                yield from _facts(item.extra, "further properties: ")
        case UnionType():
            for variant in item.variants:
                yield from _facts(variant.type, "an alternative: ")
        case AliasType():
            yield from _facts(item.type)
        case EnumType():
            pass
    yield from _sentences(item.checks)


def _facts(kind: Type, where: str = "") -> Iterator[str]:
    match kind:
        case Scalar():
            yield from _said(where, [*limit_words(kind.limits), *_format_words(kind)])
        case Array():
            yield from _said(where, limit_words(kind.limits))
            yield from _facts(kind.items, f"{where}items: ")
        case Dictionary():
            yield from _said(where, limit_words(kind.limits))
            yield from _facts(kind.values, f"{where}values: ")
        case Tuple():
            yield from _said(where, limit_words(kind.limits))
            for index, part in enumerate(kind.prefix):
                yield from _facts(part, f"{where}item {index}: ")
            if kind.rest is not None:
                yield from _facts(kind.rest, f"{where}further items: ")
        case Nullable():
            yield from _facts(kind.inner, where)
        case Checked():
            yield from _facts(kind.inner, where)
            yield from _said(where, _sentences(kind.checks))
        case _:
            return


def _format_words(kind: Scalar) -> Iterator[str]:
    known = {"string": _FORMATS, "integer": _INTEGERS, "number": {"decimal": "", "float": "", "double": ""}}
    if kind.format and kind.format not in known.get(kind.kind, {}):
        yield f"format {kind.format}"


def _said(where: str, words: Iterable[str]) -> Iterator[str]:
    text = ", ".join(words)
    if text:
        yield f"{where}{text}"


def _sentences(checks: Iterable[Check]) -> Iterator[str]:
    return (check_words(check).removeprefix("Rule ").removesuffix(".") for check in checks)


def _rules(facts: Iterable[str]) -> str:
    text = "; ".join(fact for fact in facts if fact)
    return f"Not checked here: {text}." if text else ""
