"""Swift: Codable, Hashable and Sendable values for the Swift 6 language mode.

public struct Project: Hashable, Sendable {
    public var id: Uuid
    public var owner: String?                       required, may be null
    public var note: String?                        may be absent, never null
    public var due: Presence<DateOnly>              absent, null or a value
    public var additionalProperties: [String: JSONValue]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from xptasks.contracts.model.interface import Model
from xptasks.contracts.model.names import digest, pascal, type_name
from xptasks.contracts.model.types import (
    MISSING,
    AliasType,
    Anything,
    Array,
    Checked,
    Constant,
    Declaration,
    Dictionary,
    EnumType,
    Field,
    Json,
    Nothing,
    Nullable,
    ObjectType,
    Reference,
    Scalar,
    Tuple,
    Type,
    UnionType,
    Use,
)
from xptasks.contracts.writing.documentation import (
    check_words,
    declaration_text,
    field_text,
    limit_words,
    object_limit_words,
    shown,
)
from xptasks.contracts.writing.language import Options
from xptasks.contracts.writing.recursion import circular_aliases, containment, indirect_unions, inside, reached_by
from xptasks.contracts.writing.support.swift_chunks import swift_support
from xptasks.contracts.writing.swift_defaults import DefaultWriter
from xptasks.contracts.writing.swift_text import call, comment, is_int64, json_literal, swift_string

COMMENT: Final = "//"
_TEXT_FORMATS = {
    "date-time": "DateTime",
    "date": "DateOnly",
    "time": "TimeOnly",
    "uuid": "Uuid",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "byte": "Base64Data",
    "base64": "Base64Data",
    "decimal": "DecimalText",
    "duration": "DurationText",
    "uri": "Uri",
    "url": "Uri",
    "email": "EmailText",
}
_INTEGERS = {"int32": "Int32", "int64": "Int64"}
_WRITTEN_BY_CLIENTS = {Use.REQUEST, Use.RECEIVED}
_LOCAL_NAMES = {"container", "decoder", "encoder"}


def emit(model: Model, options: Options) -> str:
    """All declarations as one file."""
    return _Writer(model.types, options).file()


class _Property(NamedTuple):
    """A stored property: its lines of documentation and code, in the order in which they are needed."""

    doc: list[str]
    stored: str
    parameter: str
    name: str
    key: str
    decode: str
    encode: str


@dataclass
class _Writer:
    types: Mapping[str, Declaration]
    options: Options
    used: set[str] = field(default_factory=set)
    constants: dict[str, Json] = field(default_factory=dict)
    pending: list[list[str]] = field(default_factory=list)  # structs of tuples, written after who mentions them

    def __post_init__(self) -> None:
        types = {key: item for key, item in self.types.items() if not item.only_checked}
        self.types = types
        self.names = {item.name for item in types.values()}
        self.tuples: dict[str, str] = {}
        self.circular = circular_aliases(types)
        self.indirect = indirect_unions(types)
        self.is_circle = reached_by(containment(types, self.indirect))
        self.tolerant = {key for key, item in types.items() if isinstance(item, EnumType) and self._is_tolerant(item)}
        self.defaults = DefaultWriter(types, self.circular, self.constant_type)

    def file(self) -> str:
        """The file's text."""
        blocks = ["import Foundation", "// MARK: - Types"]
        for key, item in self.types.items():
            blocks.append("\n".join(self._declaration(key, item)))
            blocks.extend("\n".join(lines) for lines in self.pending)
            self.pending.clear()
        if self.constants:
            blocks += ["// MARK: - Constants", "\n".join(self._constants())]
        support = swift_support()
        carried = support.closure(sorted(self.used))
        if carried:
            blocks += ["// MARK: - Support", *(support.chunks[name].text for name in carried)]
        return "\n\n".join(blocks) + "\n"

    def _is_tolerant(self, item: EnumType) -> bool:
        return self.options.tolerant_enums and bool(item.uses) and item.uses.isdisjoint(_WRITTEN_BY_CLIENTS)

    def _declaration(self, key: str, item: Declaration) -> Iterator[str]:
        yield from comment(_declared_text(item))
        match item:
            case ObjectType():
                yield from self._object(key, item)
            case EnumType():
                yield from self._enum(key, item)
            case UnionType():
                yield from self._union(key, item)
            case AliasType():
                yield from self._alias(key, item)

    # Objects

    def _object(self, key: str, item: ObjectType) -> Iterator[str]:
        properties = [self._property(key, item, field) for field in item.fields]
        extra = None if item.extra is None else self.type(item.extra, f"{item.name}_Value")
        yield f"public struct {item.name}: Hashable, Sendable {{"
        for one in properties:
            yield from one.doc
            yield one.stored
        if extra:
            yield "    /// Properties that the contract does not name."
            yield f"    public var additionalProperties: [String: {extra}]"
        if properties or extra:
            yield ""
        yield from _initializer(properties, extra)
        yield "}"
        yield ""
        yield f"extension {item.name}: Codable {{"
        keys = "CodingKeys"
        if properties:
            yield "    private enum CodingKeys: String, CodingKey {"
            yield from (f"        {one.key}" for one in properties)
            yield "    }"
            yield ""
        else:
            keys = "NoKeys"
            self.used.add(keys)
        yield from self._decoder(properties, extra, keys)
        yield ""
        yield from self._encoder(properties, keys, extra=bool(extra))
        yield "}"

    def _decoder(self, properties: list[_Property], extra: str | None, keys: str) -> Iterator[str]:
        yield "    public init(from decoder: any Decoder) throws {"
        if properties:
            yield f"        let container = try decoder.container(keyedBy: {keys}.self)"
            yield from (f"        {one.decode}" for one in properties)
        if extra:
            self.used.add("additionalProperties")
            yield f"        additionalProperties = try decoder.additionalProperties({extra}.self, besides: {keys}.self)"
        else:
            self.used.add("refuseAdditionalProperties")
            yield f"        try decoder.refuseAdditionalProperties(besides: {keys}.self)"
        yield "    }"

    def _encoder(self, properties: list[_Property], keys: str, *, extra: bool) -> Iterator[str]:
        yield "    public func encode(to encoder: any Encoder) throws {"
        if extra:
            self.used.add("encodeAdditional")
            yield f"        try encoder.encodeAdditional(additionalProperties, besides: {keys}.self)"
        if properties:
            yield f"        var container = encoder.container(keyedBy: {keys}.self)"
            yield from (f"        {one.encode}" for one in properties)
        elif not extra:
            yield f"        _ = encoder.container(keyedBy: {keys}.self)"
        yield "    }"

    def _property(self, key: str, owner: ObjectType, item: Field) -> _Property:
        name = item.name.camel
        this = f"self.{name}" if name in _LOCAL_NAMES else name
        wire = f"case {name}" if name == item.wire else f"case {name} = {swift_string(item.wire)}"
        constant = _plain_constant(item)
        if constant:
            doc = list(comment(_field_words(item, with_default=False), "    "))
            self.used.add("decodeConstant")
            guard = "" if item.required else f"if container.contains(.{name}) {{ "
            decode = f"{guard}try container.decodeConstant({this}, forKey: .{name}){' }' if guard else ''}"
            stored = f"    public let {name} = {constant}"
            return _Property(doc, stored, "", name, wire, decode, f"try container.encode({this}, forKey: .{name})")
        kind, default, decode, encode = self._presence(item, f"{owner.name}_{pascal(name)}")
        has_default = item.required or not default or default in ("nil", ".absent")
        doc = list(comment(_field_words(item, with_default=has_default), "    "))
        boxed = any(self.is_circle(key, target) for target in inside(item.type))
        if boxed:
            self.used.add("Boxed")
        return _Property(
            doc,
            f"    {'@Boxed ' if boxed else ''}public var {name}: {kind}",
            f"{name}: {kind}{f' = {default}' if default else ''}",
            name,
            wire,
            f"{this} = {decode.format(name)}",
            f"try container.{encode}({this}, forKey: .{name})",
        )

    def _presence(self, item: Field, path: str) -> tuple[str, str, str, str]:
        """Type, default argument, how to decode (`{}` is the key) and the method that encodes."""
        if item.required:
            kind = self.type(item.type, path)
            default = ".init()" if kind.startswith("Constants.") and not kind.endswith("?") else ""
            return kind, default, f"try container.decode({kind}.self, forKey: .{{}})", "encode"
        default = "" if item.default is MISSING else self.defaults.literal(item.type, item.default)
        if default:
            kind = self.type(item.type, path)
            self.used |= {"decodeUnlessAbsent", *self.defaults.needed}
            escaped = default.replace("{", "{{").replace("}", "}}")
            decode = f"try container.decodeUnlessAbsent({kind}.self, forKey: .{{}}) ?? {escaped}"
            return kind, default, decode, "encode"
        kind = self.type(self._without_null(item.type), path)
        if self._is_optional(item.type):
            self.used |= {"Presence", "decodePresence", "encodePresence"}
            decode = f"try container.decodePresence(of: {kind}.self, forKey: .{{}})"
            return f"Presence<{kind}>", ".absent", decode, "encodePresence"
        self.used.add("decodeUnlessAbsent")
        decode = f"try container.decodeUnlessAbsent({kind}.self, forKey: .{{}})"
        return f"{kind}?", "nil", decode, "encodeIfPresent"

    # Enums

    def _enum(self, key: str, item: EnumType) -> Iterator[str]:
        raw = self._raw_type(item)
        tolerant = key in self.tolerant
        if raw != "JSONValue" and not tolerant:
            yield f"public enum {item.name}: {raw}, Codable, Sendable, CaseIterable {{"
            for case in item.cases:
                yield from comment(case.doc, "    ")
                same = case.value == case.name.camel
                yield f"    case {case.name.camel}" + ("" if same else f" = {json_literal(case.value)}")
            yield "}"
            return
        conformance = "JSONEnum" if raw == "JSONValue" else "RawRepresentable, Codable"
        yield f"public enum {item.name}: {conformance}, Hashable, Sendable {{"
        for case in item.cases:
            yield from comment(case.doc, "    ")
            yield f"    case {case.name.camel}"
        if tolerant:
            yield "    /// A value that the contract did not know yet."
            yield f"    case unknown({raw})"
        yield ""
        yield from _from_raw(item, raw, tolerant=tolerant)
        yield ""
        yield from _to_raw(item, raw, tolerant=tolerant)
        if tolerant:
            yield ""
            yield "    /// False for a value that the contract did not know yet."
            yield "    public var isKnown: Bool {"
            yield "        if case .unknown = self { return false }"
            yield "        return true"
            yield "    }"
        yield "}"

    def _raw_type(self, item: EnumType) -> str:
        if item.kind == "string":
            return "String"
        if item.kind == "integer" and all(is_int64(case.value) for case in item.cases):
            return "Int"
        self.used.add("JSONEnum")
        return "JSONValue"

    # Unions

    def _union(self, key: str, item: UnionType) -> Iterator[str]:
        kinds = [self.type(variant.type, f"{item.name}_{pascal(variant.name.camel)}") for variant in item.variants]
        yield f"public {'indirect ' if key in self.indirect else ''}enum {item.name}: Hashable, Sendable {{"
        for variant, kind in zip(item.variants, kinds, strict=True):
            yield f"    case {variant.name.camel}({kind})"
        yield "}"
        yield ""
        yield f"extension {item.name}: Codable {{"
        yield "    public init(from decoder: any Decoder) throws {"
        yield "        let container = try decoder.singleValueContainer()"
        self.used.add("noVariant")
        if item.discriminator:
            yield from self._by_tag(item, item.discriminator, kinds)
        else:
            yield from self._by_trial(item)
        yield "    }"
        yield ""
        yield "    public func encode(to encoder: any Encoder) throws {"
        yield "        var container = encoder.singleValueContainer()"
        yield "        switch self {"
        for variant in item.variants:
            yield f"        case .{variant.name.camel}(let value): try container.encode(value)"
        yield "        }"
        yield "    }"
        yield "}"

    def _by_tag(self, item: UnionType, wire: str, kinds: list[str]) -> Iterator[str]:
        self.used.add("discriminator")
        yield f"        switch try decoder.discriminator({swift_string(wire)}) {{"
        for variant, kind in zip(item.variants, kinds, strict=True):
            tags = ", ".join(map(swift_string, variant.tags))
            yield f"        case {tags}: self = .{variant.name.camel}(try container.decode({kind}.self))"
        yield "        default: throw decoder.noVariant(of: Self.self)"
        yield "        }"

    def _by_trial(self, item: UnionType) -> Iterator[str]:
        """The first variant that fits; an enum that takes every value waits until nothing else does."""
        conditions: list[tuple[str, str]] = []
        null = next((variant for variant in item.variants if self._is_optional(variant.type)), None)
        if null:
            conditions.append(("container.decodeNil()", f"{null.name.camel}(nil)"))
        patient = []
        for variant in item.variants:
            kind = self.type(self._without_null(variant.type), f"{item.name}_{pascal(variant.name.camel)}")
            trial = f"let value = try? container.decode({kind}.self)"
            tolerant = isinstance(variant.type, Reference) and variant.type.key in self.tolerant
            conditions.append((f"{trial}, value.isKnown" if tolerant else trial, f"{variant.name.camel}(value)"))
            if tolerant:
                patient.append((trial, f"{variant.name.camel}(value)"))
        lead = "        if "
        for condition, result in (*conditions, *patient[:1]):
            yield f"{lead}{condition} {{"
            yield f"            self = .{result}"
            lead = "        } else if "
        yield "        } else {"
        yield "            throw decoder.noVariant(of: Self.self)"
        yield "        }"

    # Aliases, tuples, constants

    def _alias(self, key: str, item: AliasType) -> Iterator[str]:
        if key not in self.circular:
            found = item.type
            if isinstance(found, Tuple):
                yield from self._tuple(item.name, found)
            else:
                yield f"public typealias {item.name} = {self.type(found, item.name)}"
            return
        kind = self.type(item.type, f"{item.name}_Value")
        yield f"public struct {item.name}: Hashable, Sendable {{"
        yield f"    public var value: {kind}"
        yield ""
        yield f"    public init(_ value: {kind}) {{"
        yield "        self.value = value"
        yield "    }"
        yield "}"
        yield ""
        yield f"extension {item.name}: Codable {{"
        yield "    public init(from decoder: any Decoder) throws {"
        yield f"        value = try decoder.singleValueContainer().decode({kind}.self)"
        yield "    }"
        yield ""
        yield "    public func encode(to encoder: any Encoder) throws {"
        yield "        var container = encoder.singleValueContainer()"
        yield "        try container.encode(value)"
        yield "    }"
        yield "}"

    def _tuple_name(self, kind: Tuple, path: str) -> str:
        """The name of the struct for a list with types of its own for the first items."""
        if path in self.tuples:
            return self.tuples[path]
        name = self.tuples[path] = path if path not in self.names else f"{path}_{digest(path)}"
        position = len(self.pending)
        self.pending.insert(position, ["/// A list whose first items have types of their own."])
        self.pending[position] += self._tuple(name, kind)
        return name

    def _tuple(self, name: str, kind: Tuple) -> Iterator[str]:
        least = kind.limits.min_items or 0
        items = [self._item(name, index, part, index < least) for index, part in enumerate(kind.prefix)]
        rest = None if kind.rest is None else self.type(kind.rest, f"{name}_Item")
        yield f"public struct {name}: Hashable, Sendable {{"
        yield from (one.stored for one in items)
        if rest:
            yield "    /// All further items."
            yield f"    public var rest: [{rest}]"
        yield ""
        parameters = [one.parameter for one in items] + ([f"rest: [{rest}] = []"] if rest else [])
        yield from call("    public init", parameters, " {")
        yield from (f"        self.{one.name} = {one.name}" for one in items)
        if rest:
            yield "        self.rest = rest"
        yield "    }"
        yield "}"
        yield ""
        yield f"extension {name}: Codable {{"
        yield "    public init(from decoder: any Decoder) throws {"
        yield "        var container = try decoder.unkeyedContainer()"
        yield from (f"        {one.decode}" for one in items)
        if rest:
            self.used.add("decodeRest")
            yield f"        rest = try container.decodeRest(of: {rest}.self)"
        else:
            self.used.add("refuseFurtherItems")
            yield "        try container.refuseFurtherItems()"
        yield "    }"
        yield ""
        yield "    public func encode(to encoder: any Encoder) throws {"
        yield "        var container = encoder.unkeyedContainer()"
        yield from (f"        {one.encode}" for one in items)
        if rest:
            yield "        try container.encode(contentsOf: rest)"
        yield "    }"
        yield "}"

    def _item(self, owner: str, index: int, part: Type, required: bool) -> _Property:  # noqa: FBT001 - of a private
        name = f"item{index}"
        kind = self.type(part, f"{owner}_Item{index}")
        if required:
            decode, encode, default = f"try container.decode({kind}.self)", f"try container.encode({name})", ""
        else:
            self.used.add("decodeUnlessAtEnd")
            decode = f"try container.decodeUnlessAtEnd({kind}.self)"
            encode = f"if let {name} {{ try container.encode({name}) }}"
            kind, default = f"{kind}?", " = nil"
        stored = f"    public var {name}: {kind}"
        return _Property([], stored, f"{name}: {kind}{default}", name, "", f"{name} = {decode}", encode)

    def _constants(self) -> Iterator[str]:
        yield "/// Types with exactly one value."
        yield "public enum Constants {"
        for index, (name, value) in enumerate(sorted(self.constants.items(), key=lambda item: item[0])):
            if index:
                yield ""
            yield from comment(f"Always `{shown(value)}`.", "    ")
            yield f"    public struct {name}: ConstantValue {{"
            yield f"        public static let json: JSONValue = {json_literal(value)}"
            yield "        public init() {}"
            yield "    }"
        yield "}"

    def constant_type(self, value: Json) -> str:
        """The type of a constant: its name depends on the value alone."""
        self.used |= {"ConstantValue", "JSONValue"}
        name = _constant_name(value)
        self.constants[name] = value
        return f"Constants.{name}"

    # Types

    def type(self, kind: Type, path: str) -> str:  # noqa: C901, PLR0911 - one case for each type
        """A type expression; `path` names a struct where there must be one."""
        match kind:
            case Reference():
                return self.types[kind.key].name
            case Scalar():
                return self._scalar(kind)
            case Nullable():
                return f"{self.type(self._without_null(kind.inner), path)}?"
            case Array():
                return f"[{self.type(kind.items, f'{path}_Item')}]"
            case Dictionary():
                return f"[String: {self.type(kind.values, f'{path}_Value')}]"
            case Tuple():
                return self._tuple_name(kind, path)
            case Constant():
                return self._null() if kind.value is None else self.constant_type(kind.value)
            case Checked():
                return self.type(kind.inner, path)
            case Anything():
                self.used.add("JSONValue")
                return "JSONValue"
            case Nothing():
                self.used.add("Nothing")
                return "Nothing"

    def _null(self) -> str:
        self.used.add("Nothing")
        return "Nothing?"

    def _scalar(self, kind: Scalar) -> str:
        match kind.kind:
            case "string":
                name = _TEXT_FORMATS.get(kind.format)
                if name:
                    self.used.add(name)
                return name or "String"
            case "integer":
                return _INTEGERS.get(kind.format, "Int")
            case "number":
                return "Decimal" if kind.format == "decimal" else "Double"
            case "boolean":
                return "Bool"
            case "null":
                return self._null()

    def _is_optional(self, kind: Type) -> bool:
        """True when the type's own text is an optional, also behind names."""
        match kind:
            case Nullable() | Constant(None) | Scalar(kind="null"):
                return True
            case Checked():
                return self._is_optional(kind.inner)
            case Reference():
                item = self.types[kind.key]
                return isinstance(item, AliasType) and kind.key not in self.circular and self._is_optional(item.type)
            case _:
                return False

    def _without_null(self, kind: Type) -> Type:
        """The type inside of the optional; the type itself when it is none."""
        if not self._is_optional(kind):
            return kind
        match kind:
            case Nullable() | Checked():
                return self._without_null(kind.inner)
            case Reference():
                item = self.types[kind.key]
                return self._without_null(item.type) if isinstance(item, AliasType) else kind
            case _:
                return Nothing()


def _initializer(properties: list[_Property], extra: str | None) -> Iterator[str]:
    given = [one for one in properties if one.parameter]
    parameters = [one.parameter for one in given]
    if extra:
        parameters.append(f"additionalProperties: [String: {extra}] = [:]")
    if not parameters:
        yield "    public init() {}"
        return
    yield from call("    public init", parameters, " {")
    yield from (f"        self.{one.name} = {one.name}" for one in given)
    if extra:
        yield "        self.additionalProperties = additionalProperties"
    yield "    }"


def _from_raw(item: EnumType, raw: str, *, tolerant: bool) -> Iterator[str]:
    yield f"    public init{'' if tolerant else '?'}(rawValue: {raw}) {{"
    yield "        switch rawValue {"
    for case in item.cases:
        yield f"        case {json_literal(case.value)}: self = .{case.name.camel}"
    yield f"        default: {'self = .unknown(rawValue)' if tolerant else 'return nil'}"
    yield "        }"
    yield "    }"


def _to_raw(item: EnumType, raw: str, *, tolerant: bool) -> Iterator[str]:
    yield f"    public var rawValue: {raw} {{"
    yield "        switch self {"
    for case in item.cases:
        yield f"        case .{case.name.camel}: return {json_literal(case.value)}"
    if tolerant:
        yield "        case .unknown(let value): return value"
    yield "        }"
    yield "    }"


def _plain_constant(item: Field) -> str:
    """The literal of a property that always has the same value and is always written; empty for others."""
    kind = item.type.inner if isinstance(item.type, Checked) else item.type
    if not isinstance(kind, Constant) or not (item.required or item.default == kind.value):
        return ""
    plain = isinstance(kind.value, str | bool) or is_int64(kind.value)
    return json_literal(kind.value) if plain else ""


def _constant_name(value: Json) -> str:
    """Short words by themselves; everything else with a digest, so that no two values get the same name."""
    text = value if isinstance(value, str) else shown(value)
    words = text.split("_")
    if isinstance(value, str) and all(word.isascii() and word.islower() and word.isalpha() for word in words):
        return type_name(pascal(text))
    return f"{pascal(text)[:40]}_{digest(shown(value))}".lstrip("0123456789")


def _declared_text(item: Declaration) -> str:
    facts = [declaration_text(item)]
    if isinstance(item, ObjectType):
        facts.append(_constraints([object_limit_words(item)]))
    if isinstance(item, AliasType):
        facts.extend(_type_words(item.type))
    if isinstance(item, UnionType) and item.exclusive:
        facts.append("Rule oneOf: exactly one alternative fits; the first that fits is taken.")
    facts.extend(check_words(check) for check in item.checks)
    return "\n\n".join(fact for fact in facts if fact)


def _field_words(item: Field, *, with_default: bool) -> str:
    facts = [field_text(item, with_default=with_default), *_type_words(item.type)]
    return "\n\n".join(fact for fact in facts if fact)


def _type_words(kind: Type) -> Iterator[str]:
    """What the type does not say: constraints and rules."""
    match kind:
        case Nullable():
            yield from _type_words(kind.inner)
        case Checked():
            yield from _type_words(kind.inner)
            yield from map(check_words, kind.checks)
        case Scalar():
            yield _constraints(limit_words(kind.limits), _unknown_format(kind))
        case Array():
            yield _constraints(limit_words(kind.limits))
            yield from (f"Items: {words}" for words in _type_words(kind.items) if words)
        case Dictionary():
            yield _constraints(limit_words(kind.limits))
            yield from (f"Values: {words}" for words in _type_words(kind.values) if words)
        case Tuple():
            yield _constraints(limit_words(kind.limits))
        case _:
            return


def _unknown_format(kind: Scalar) -> str:
    known = _TEXT_FORMATS if kind.kind == "string" else {**_INTEGERS, "double": "", "float": "", "decimal": ""}
    return f"format {shown(kind.format)}" if kind.format and kind.format not in known else ""


def _constraints(words: Iterable[str], *others: str) -> str:
    found = [word for word in (*words, *others) if word]
    return f"Constraints: {', '.join(found)}." if found else ""
