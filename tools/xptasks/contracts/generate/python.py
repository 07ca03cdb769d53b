"""Python: pydantic v2 models, ready for FastAPI, clean under `mypy --strict`.

class Project(Model):
    id: Uuid
    name: Annotated[str, Field(min_length=1)]
    owner: str | None                          required, may be null
    note: Omittable[str] = None                may be absent, never null
    due: DateOnly | None = None                absent, null or a value: `"due" in project.model_fields_set`
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeGuard

from xptasks.contracts.model.finish import accepts_null, resolved
from xptasks.contracts.model.interface import Model
from xptasks.contracts.model.types import (
    MISSING,
    NO_LIMITS,
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
    Json,
    Limits,
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
from xptasks.contracts.model.walk import mentions, parts, references
from xptasks.contracts.writing.documentation import declaration_text, field_text
from xptasks.contracts.writing.language import Options
from xptasks.contracts.writing.python_patterns import python_pattern
from xptasks.contracts.writing.support.chunks import python_support
from xptasks.contracts.writing.text import paragraphs, quoted

COMMENT: Final = "#"
_WIDTH = 120
_TEXT_FORMATS = {
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
}
_CHECKED_TEXT = {"duration": "DurationText", "uri": "Uri", "url": "Uri", "email": "EmailText"}
_INTEGERS = {"int32": "Int32", "int64": "Int64"}
_PYDANTIC = ("Discriminator", "Field", "RootModel", "StrictBool", "Tag", "model_validator", "ConfigDict")


def emit(model: Model, options: Options) -> str:  # noqa: ARG001 - Python's enums are closed
    """All declarations as one module."""
    return _Writer(model.types).module()


class _Writer:
    def __init__(self, types: Mapping[str, Declaration]) -> None:
        self._types = types
        self._used: set[str] = set()
        self._defined: set[str] = set()
        self._unfinished: list[str] = []
        self._circular = _circular_aliases(types)

    def module(self) -> str:
        """The module's text: everything after what it mentions, so that names are known when Python reads them."""
        enums = [self._enum(item) for item in self._types.values() if _is_plain_enum(item)]
        self._defined.update(key for key, item in self._types.items() if _is_plain_enum(item))
        rest = []
        for key in _dependencies_first(self._types, self._circular):
            if key not in self._defined:
                rest.append(self._declaration(key, self._types[key]))
                self._defined.add(key)
        support = python_support()
        chunks = support.closure(self._used)
        head = _imports(self._used | support.imported(chunks))
        carried = _grouped(support.chunks[name].text for name in chunks)
        return _join(head, carried, [*enums, *rest], self._unfinished)

    # Declarations

    def _declaration(self, key: str, item: Declaration) -> str:
        if isinstance(item, ObjectType):
            return self._object(item)
        return self._root(item) if key in self._circular else self._alias(item)

    def _forward(self, text: str, kind: Type, owner: str) -> str:
        """An annotation in the class `owner`: a string when it mentions what is only defined further down."""
        if all(key in self._defined for key in references(kind, rules=False)):
            return text
        self._unfinished.append(owner)
        return quoted(text)

    def _enum(self, enum: EnumType) -> str:
        self._used.add(base := "StrEnum" if enum.kind == "string" else "IntegerEnum")
        lines = [f"class {enum.name}({base}):", *_docstring(declaration_text(enum), "    ")]
        if len(lines) > 1:
            lines.append("")
        for case in enum.cases:
            lines.append(f"    {case.name.upper} = {_literal(case.value)}")
            lines.extend(_docstring(case.doc, "    "))
        return "\n".join(lines)

    def _object(self, item: ObjectType) -> str:
        self._used.add("Model")
        lines = [f"class {item.name}(Model):"]
        blocks = [_docstring(declaration_text(item), "    ")]
        if item.extra is None:
            self._used.add("ConfigDict")
            blocks.append(['    model_config = ConfigDict(extra="forbid")'])
        elif not isinstance(item.extra, Anything):
            self._used.add("Field")
            kind = self._forward(f"dict[str, {self._type(item.extra)}]", item.extra, item.name)
            blocks.append([f"    __pydantic_extra__: {kind} = Field(init=False)"])
        blocks.append([line for field in _ordered(item.fields) for line in self._field(field, item.name)])
        if rules := self._object_rules(item):
            blocks.append(self._validator(rules))
        filled = [block for block in blocks if block]
        for index, block in enumerate(filled or [["    pass"]]):
            lines.extend(["", *block] if index else block)
        return "\n".join(lines)

    def _validator(self, rules: list[str]) -> list[str]:
        self._used |= {"model_validator", "_obeying", "Any"}
        return [
            '    @model_validator(mode="before")',
            "    @classmethod",
            "    def _obey_the_rules(cls, value: Any) -> Any:",
            *_call("        return ", "_obeying", ["value", *rules]),
        ]

    def _object_rules(self, item: ObjectType) -> list[str]:
        rules = []
        if item.limits is not NO_LIMITS:
            rules.append(self._size(item.limits))
        rules.extend(self._rule(check, {field.wire for field in item.fields}) for check in item.checks)
        return rules

    def _size(self, limits: Limits) -> str:
        self._used.add("_Size")
        arguments = []
        if limits.min_properties is not None:
            arguments.append(f"least={limits.min_properties}")
        if limits.max_properties is not None:
            arguments.append(f"most={limits.max_properties}")
        return f"_Size({', '.join(arguments)})"

    def _field(self, field: Field, owner: str) -> Iterator[str]:
        kind = self._type(field.type)
        arguments = []
        default = "" if field.required else self._default(field)
        if not field.required and not default:
            default = "default=None"
            if not accepts_null(field.type, self._types):
                self._used.add("Omittable")
                kind = f"Omittable[{kind}]"
        kind = self._forward(kind, field.type, owner)
        if default:
            arguments.append(default)
        if field.wire != field.name.snake:
            arguments.append(f"alias={quoted(field.wire)}")
        if not arguments:
            tail = ""
        elif len(arguments) == 1 and default.startswith("default="):
            tail = f" = {default.removeprefix('default=')}"
        else:
            self._used.add("Field")
            tail = f" = Field({', '.join(arguments)})"
        yield from _fitted(f"    {field.name.snake}: ", kind, tail)
        yield from _docstring(field_text(field, with_default=field.required or not default), "    ")

    def _default(self, field: Field) -> str:
        """`default=...` or `default_factory=...` for a field with a default; empty without one."""
        if field.default is MISSING or (field.default is None and not accepts_null(field.type, self._types)):
            return ""
        if field.default is None:
            return "default=None"
        simple = self._simple_default(field.type, field.default)
        if simple:
            return f"default={simple}"
        self._used |= {"_default", "Field"}
        return f"default_factory=lambda: _default(lambda: {self._type(field.type)}, {_literal(field.default)})"

    def _simple_default(self, kind: Type, value: Json) -> str:
        """A constant expression of the field's own type, when the value is one."""
        found = resolved(kind, self._types)
        if isinstance(found, EnumType) and found.kind != "mixed":
            case = next((case for case in found.cases if case.value == value and isinstance(value, str | int)), None)
            return f"{found.name}.{case.name.upper}" if case else ""
        plain = isinstance(found, Scalar) and _plain_value(found, value)
        return _literal(value) if plain or (isinstance(found, Constant) and found.value == value) else ""

    def _alias(self, item: Declaration) -> str:
        self._used.add("TypeAlias")
        text = list(_fitted(f"{item.name}: TypeAlias = ", self._expression(item)))
        return "\n".join([*text, *_docstring(declaration_text(item), "")])

    def _root(self, item: Declaration) -> str:
        """A type that contains itself needs a class of its own."""
        self._used.add("RootModel")
        self._unfinished.append(item.name)
        lines = list(_fitted(f"class {item.name}(RootModel[", quoted(self._expression(item)), "]):"))
        return "\n".join([*lines, *(_docstring(declaration_text(item), "    ") or ["    pass"])])

    def _expression(self, item: Declaration) -> str:
        match item:
            case UnionType():
                return self._with_rules(self._union(item), item.checks)
            case EnumType():
                return self._with_rules(self._one_of(item), item.checks)
            case AliasType():
                return self._with_rules(self._type(item.type), item.checks)
            case ObjectType():
                return item.name

    # Types

    def _type(self, kind: Type) -> str:  # noqa: C901, PLR0911 - one case for each type
        match kind:
            case Reference():
                return self._types[kind.key].name
            case Scalar():
                return self._scalar(kind)
            case Nullable():
                return f"{self._type(kind.inner)} | None"
            case Array():
                return self._array(kind)
            case Dictionary():
                return self._dictionary(kind)
            case Tuple():
                return self._tuple(kind)
            case Constant():
                return self._constant(kind.value)
            case Checked():
                return self._with_rules(self._type(kind.inner), kind.checks)
            case Anything():
                self._used.add("Any")
                return "Any"
            case Nothing():
                self._used.add("_Impossible")
                return "_Impossible"

    def _scalar(self, kind: Scalar) -> str:
        if kind.kind == "null":
            return "None"
        if kind.kind == "boolean":
            self._used.add("StrictBool")
            return "StrictBool"
        return self._string(kind) if kind.kind == "string" else self._number(kind)

    def _string(self, kind: Scalar) -> str:
        own = _TEXT_FORMATS.get(kind.format)
        name = own or _CHECKED_TEXT.get(kind.format) or "str"
        self._used.add(name)
        found = []
        if kind.format and name == "str":
            self._used.add("Field")
            found.append(f'Field(json_schema_extra={{"format": {quoted(kind.format)}}})')
        limits = kind.limits
        length = _arguments(limits, (("min_length", "min_length"), ("max_length", "max_length")))
        if length and own is None:
            self._used.add("Field")
            found.append(f"Field({length})")
        elif length:
            self._used.add("_Length")
            found.append(f"_Length({length.replace('min_length', 'least').replace('max_length', 'most')})")
        found.extend(self._pattern(pattern) for pattern in limits.patterns)
        return self._annotated(name, found)

    def _pattern(self, pattern: str) -> str:
        """The constraint; empty when Python's engine cannot run the pattern, then the documentation holds it."""
        translated = python_pattern(pattern)
        if translated is None:
            return ""
        self._used.add("_Pattern")
        written = "" if translated == pattern else f", {_raw(pattern)}"
        return f"_Pattern({_raw(translated)}{written})"

    def _number(self, kind: Scalar) -> str:
        if kind.kind == "integer":
            name = _INTEGERS.get(kind.format, "Integer")
        else:
            name = "DecimalNumber" if kind.format == "decimal" else "Number"
        self._used.add(name)
        limits = kind.limits
        if limits is NO_LIMITS:
            return name
        pairs = (
            ("ge", "minimum"),
            ("le", "maximum"),
            ("gt", "exclusive_minimum"),
            ("lt", "exclusive_maximum"),
        )
        found = _arguments(limits, pairs)
        first, *others = limits.multiples or (None,)
        if first is not None:
            found += f"{', ' if found else ''}multiple_of={first!r}"
        self._used.add("Field")
        return self._annotated(name, [f"Field({found})", *(f"Field(multiple_of={other!r})" for other in others)])

    def _array(self, kind: Array) -> str:
        return self._annotated(f"list[{self._type(kind.items)}]", self._list_limits(kind.limits))

    def _list_limits(self, limits: Limits) -> list[str]:
        arguments = _arguments(limits, (("min_length", "min_items"), ("max_length", "max_items")))
        if limits.unique:
            self._used.add("_Unique")
            arguments += f'{", " if arguments else ""}json_schema_extra={{"uniqueItems": True}}'
        if not arguments:
            return []
        self._used.add("Field")
        return [f"Field({arguments})", *(["_Unique"] if limits.unique else [])]

    def _dictionary(self, kind: Dictionary) -> str:
        arguments = _arguments(kind.limits, (("min_length", "min_properties"), ("max_length", "max_properties")))
        if arguments:
            self._used.add("Field")
        return self._annotated(f"dict[str, {self._type(kind.values)}]", [f"Field({arguments})"] if arguments else [])

    def _tuple(self, kind: Tuple) -> str:
        """A tuple when the length is fixed, otherwise a list whose items are checked one by one."""
        count = len(kind.prefix)
        fixed = kind.rest is None or kind.limits.max_items == count
        if fixed and (kind.limits.min_items or 0) >= count and not kind.limits.unique:
            return f"tuple[{', '.join(map(self._type, kind.prefix))}]"
        self._used |= {"_Prefix", "Any"}
        named = [f"lambda: {self._type(part)}" for part in kind.prefix]
        if kind.rest is not None:
            named.append(f"rest=lambda: {self._type(kind.rest)}")
        return self._annotated("list[Any]", [f"_Prefix({', '.join(named)})", *self._list_limits(kind.limits)])

    def _constant(self, value: Json) -> str:
        if isinstance(value, str):
            self._used.add("Literal")
            return f"Literal[{quoted(value)}]"
        self._used.add("_Exactly")
        if isinstance(value, bool | int):
            self._used.add("Literal")
            return self._annotated(f"Literal[{value!r}]", [f"_Exactly({value!r})"])
        self._used.add("Any")
        return self._annotated("Any", [f"_Exactly({_literal(value)})"])

    def _one_of(self, enum: EnumType) -> str:
        """An enum of several kinds of value."""
        values = [case.value for case in enum.cases]
        listed = ", ".join(map(_literal, values))
        self._used.add("_Exactly")
        if all(isinstance(value, str | int) for value in values):
            self._used.add("Literal")
            return self._annotated(f"Literal[{listed}]", [f"_Exactly({listed})"])
        self._used.add("Any")
        return self._annotated("Any", [f"_Exactly({listed})"])

    def _annotated(self, name: str, found: Iterable[str]) -> str:
        constraints = [item for item in found if item]
        if not constraints:
            return name
        self._used.add("Annotated")
        return f"Annotated[{', '.join([name, *constraints])}]"

    # Unions

    def _union(self, union: UnionType) -> str:
        if union.discriminator:
            return self._tagged(union, union.discriminator)
        kinds = [self._type(variant.type) for variant in union.variants]
        joined = " | ".join(dict.fromkeys(kinds))
        if not union.exclusive:
            return joined
        self._used.add("_Matches")
        return self._annotated(joined, [f"_Matches(1, 1, {', '.join(f'lambda: {kind}' for kind in kinds)})"])

    def _tagged(self, union: UnionType, wire: str) -> str:
        attribute = self._literal_attribute(union, wire)
        if attribute:
            self._used.add("Field")
            joined = " | ".join(self._type(variant.type) for variant in union.variants)
            return self._annotated(joined, [f"Field(discriminator={quoted(attribute)})"])
        self._used |= {"Tag", "_by", "Annotated"}
        joined = " | ".join(
            f"Annotated[{self._type(variant.type)}, Tag({quoted(variant.name.snake)})]" for variant in union.variants
        )
        tags = ", ".join(
            f"{quoted(tag)}: {quoted(variant.name.snake)}" for variant in union.variants for tag in variant.tags
        )
        name = self._attribute(union.variants[0], wire)
        return self._annotated(joined, [f"_by({quoted(wire)}, {quoted(name)}, {{{tags}}})"])

    def _attribute(self, variant: Variant, wire: str) -> str:
        found = resolved(variant.type, self._types)
        fields = found.fields if isinstance(found, ObjectType) else ()
        return next((field.name.snake for field in fields if field.wire == wire), wire)

    def _literal_attribute(self, union: UnionType, wire: str) -> str:
        """The attribute that pydantic can discriminate by itself: the same string constant field in all variants."""
        names = set()
        for variant in union.variants:
            found = self._types.get(variant.type.key) if isinstance(variant.type, Reference) else None
            fields = found.fields if isinstance(found, ObjectType) else ()
            field = next((field for field in fields if field.wire == wire), None)
            if field is None or not isinstance(field.type, Constant) or variant.tags != (field.type.value,):
                return ""
            names.add(field.name.snake)
        return names.pop() if len(names) == 1 else ""

    # Rules

    def _with_rules(self, kind: str, checks: tuple[Check, ...]) -> str:
        return self._annotated(kind, [self._rule(check, set()) for check in checks])

    def _rule(self, check: Check, known: set[str]) -> str:  # noqa: PLR0911 - one case for each keyword
        named = [f"lambda: {self._type(operand)}" for operand in check.types]
        match check.keyword:
            case "not":
                return self._rule_call("_Not", named)
            case "if":
                return self._rule_call("_If", named)
            case "anyOf":
                return self._rule_call("_Matches", ["1", str(len(named)), *named])
            case "oneOf":
                return self._rule_call("_Matches", ["1", "1", *named])
            case "contains":
                self._used.add("inf")
                most = "inf" if check.most is None else str(check.most)
                return self._rule_call("_Contains", [*named, str(check.least), most])
            case "propertyNames":
                return self._rule_call("_Keys", named)
            case "patternProperties":
                return self._pattern_rule(check, named, known)
            case "dependentRequired":
                needs = ", ".join(
                    f"{quoted(name)}: {_literal(tuple(others))}"
                    for name, others in zip(check.names, check.required, strict=True)
                )
                return self._rule_call("_DependentRequired", [f"{{{needs}}}"])
            case _:
                types = ", ".join(f"{quoted(name)}: {one}" for name, one in zip(check.names, named, strict=True))
                return self._rule_call("_DependentType", [f"{{{types}}}"])

    def _pattern_rule(self, check: Check, named: list[str], known: set[str]) -> str:
        *values, rest = named
        patterns = ", ".join(
            f"{_raw(python_pattern(name) or '(?!)')}: {one}" for name, one in zip(check.names, values, strict=True)
        )
        names = f"{{{', '.join(quoted(name) for name in sorted(known))}}}" if known else "set()"
        open_rest = isinstance(check.types[-1], Anything)
        return self._rule_call("_PatternKeys", [names, f"{{{patterns}}}", *([] if open_rest else [rest])])

    def _rule_call(self, name: str, arguments: list[str]) -> str:
        self._used.add(name)
        return f"{name}({', '.join(arguments)})"


def _is_plain_enum(item: Declaration) -> TypeGuard[EnumType]:
    return isinstance(item, EnumType) and item.kind != "mixed"


def _dependencies_first(types: Mapping[str, Declaration], circular: set[str]) -> list[str]:
    """All keys, each after those that it mentions.

    Where types mention each other, an alias comes after all that it mentions, and classes mention it in advance.
    """
    order: dict[str, None] = {}
    mentioned = {key: list(mentions(item, rules=False)) for key, item in types.items()}
    aliases = {key for key, item in types.items() if _is_alias(item) and key not in circular}
    entered: set[str] = set()
    late: list[str] = []
    for start in types:
        pending = [start]
        while pending:
            key = pending[-1]
            if key not in entered:
                entered.add(key)
                pending.extend(target for target in reversed(mentioned[key]) if target not in entered)
                continue
            pending.pop()
            if key in order or key in late:
                continue
            if key in aliases and not all(name in order for name in mentioned[key]):
                late.append(key)
                continue
            order[key] = None
            while ready := [name for name in late if all(target in order for target in mentioned[name])]:
                order.update(dict.fromkeys(ready))
                late = [name for name in late if name not in order]
    return list(order)


def _is_alias(item: Declaration) -> bool:
    return isinstance(item, UnionType | AliasType) or (isinstance(item, EnumType) and item.kind == "mixed")


def _circular_aliases(types: Mapping[str, Declaration]) -> set[str]:
    """Aliases that mention themselves without a class in between."""
    edges = {
        key: {target for part in parts(item) for target in references(part, rules=False) if _is_alias(types[target])}
        for key, item in types.items()
        if _is_alias(item)
    }
    return {key for key in edges if _leads_to(edges, key)}


def _leads_to(edges: Mapping[str, set[str]], goal: str) -> bool:
    seen: set[str] = set()
    pending = list(edges[goal])
    while pending:
        key = pending.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            pending.extend(edges[key])
    return False


def _ordered(fields: tuple[Field, ...]) -> Iterator[Field]:
    """What has no default comes first."""
    yield from (field for field in fields if field.required)
    yield from (field for field in fields if not field.required)


def _plain_value(kind: Scalar, value: Json) -> bool:
    """The default's own JSON value is what Python holds for this type."""
    if kind.kind == "string":
        return isinstance(value, str) and kind.format not in _TEXT_FORMATS
    if kind.kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool) or kind.format == "decimal":
        return False
    return isinstance(value, int) if kind.kind == "integer" else isinstance(value, int | float)


def _arguments(limits: Limits, pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(
        f"{name}={getattr(limits, attribute)!r}" for name, attribute in pairs if getattr(limits, attribute) is not None
    )


def _literal(value: Json) -> str:
    """A JSON value as Python writes it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(str(key))}: {_literal(item)}' for key, item in value.items())}}}"
    return repr(value)


def _raw(pattern: str) -> str:
    """A pattern as a raw string when it can be one."""
    if '"' in pattern or not pattern.isprintable() or pattern.endswith("\\"):
        return quoted(pattern)
    return f'r"{pattern}"' if "\\" in pattern else quoted(pattern)


def _docstring(text: str, indent: str) -> list[str]:
    lines = list(paragraphs(text, _WIDTH - len(indent) - 6))
    if not lines:
        return []
    lines = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if lines[-1].endswith('"'):
        lines[-1] += " "
    if len(lines) == 1 and len(lines[0]) + len(indent) + 6 <= _WIDTH:
        return [f'{indent}"""{_lead(lines[0])}"""']
    return [
        f'{indent}"""{_lead(lines[0])}',
        *(f"{indent}{line}" if line else "" for line in lines[1:]),
        f'{indent}"""',
    ]


def _lead(line: str) -> str:
    return f" {line}" if line.startswith('"') else line


def _fitted(head: str, kind: str, tail: str = "") -> Iterator[str]:
    """One line when it fits; otherwise the arguments of the outermost bracket get lines of their own."""
    line = f"{head}{kind}{tail}"
    opening = len(head) + _opening(kind)
    if tail.endswith(")") and len(head) + len(kind) + tail.find("(") < _WIDTH:
        opening = len(head) + len(kind) + tail.find("(")
    closing = _closing(line, opening) if len(line) > _WIDTH and line[opening] in "([" else -1
    if closing < 0:
        yield line
        return
    indent = " " * (len(head) - len(head.lstrip()))
    yield line[: opening + 1]
    for part in _split(line[opening + 1 : closing]):
        yield from _fitted(f"{indent}    ", part, ",")
    yield f"{indent}{line[closing:]}"


def _call(head: str, name: str, arguments: list[str]) -> list[str]:
    line = f"{head}{name}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(head) - len(head.lstrip()))
    return [f"{head}{name}(", *(f"{indent}    {argument}," for argument in arguments), f"{indent})"]


def _opening(text: str) -> int:
    """Where the first bracket outside of strings is; 0 without any."""
    index = 0
    while index < len(text):
        if text[index] in "([":
            return index
        index = _string_end(text, index) + 1 if text[index] == '"' else index + 1
    return 0


def _closing(line: str, opening: int) -> int:
    """Where the bracket that opens here closes; strings are passed over."""
    depth, index = 0, opening
    while index < len(line):
        char = line[index]
        if char == '"':
            index = _string_end(line, index)
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if not depth:
                return index
        index += 1
    return -1


def _string_end(line: str, start: int) -> int:
    index = start + 1
    while line[index] != '"':
        index += 2 if line[index] == "\\" else 1
    return index


def _split(text: str) -> list[str]:
    """The parts between the commas at the outermost level."""
    found, start, index, depth = [], 0, 0, 0
    while index < len(text):
        char = text[index]
        if char == '"':
            index = _string_end(text, index)
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and not depth:
            found.append(text[start:index].strip())
            start = index + 1
        index += 1
    return [*found, text[start:].strip()]


def _grouped(definitions: Iterable[str]) -> list[str]:
    """Assignments that follow each other stay together."""
    found: list[str] = []
    for text in definitions:
        if found and not any(part.startswith(("class", "def")) for part in (text, found[-1])):
            found[-1] += f"\n{text}"
        else:
            found.append(text)
    return found


_TYPING = ("Annotated", "Any", "Literal", "TypeAlias")


def _imports(names: set[str]) -> str:
    """The import block for these names."""
    support = python_support().imports
    modules: dict[str, set[str]] = {}
    plain: set[str] = set()
    for name in names:
        if name in _TYPING:
            modules.setdefault("typing", set()).add(name)
        elif name in _PYDANTIC:
            modules.setdefault("pydantic", set()).add(name)
        elif name == "StrEnum":
            modules.setdefault("enum", set()).add(name)
        elif name in support:
            module, original, alias = support[name]
            if module:
                modules.setdefault(module, set()).add(original)
            else:
                plain.add(f"import {original} as {alias}" if alias else f"import {original}")
    own = [*sorted(plain), *(_import(name, modules[name]) for name in sorted(modules) if "pydantic" not in name)]
    third = [_import(name, modules[name]) for name in sorted(modules) if "pydantic" in name]
    blocks = ["\n".join(own), "\n".join(third)]
    return "\n\n".join(block for block in blocks if block)


def _import(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _join(head: str, support: list[str], declarations: list[str], unfinished: list[str]) -> str:
    found = [*support, *declarations]
    text = f'"""The types of the contracts."""\n\n{head}\n'
    for before, block in zip(["", *found], found, strict=False):
        near = not (block.startswith(("class", "def")) or before.startswith(("class", "def")) or not before)
        text += f"\n{block}\n" if near else f"\n\n{block}\n"
    if unfinished:
        text += "\n" + "".join(f"\n{name}.model_rebuild()" for name in dict.fromkeys(unfinished)) + "\n"
    return text
