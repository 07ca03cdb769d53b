"""Defaults of a contract as Swift expressions of the property's own type."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite

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
    Json,
    Nullable,
    ObjectType,
    Reference,
    Scalar,
    Type,
    UnionType,
)
from xptasks.contracts.writing.swift_text import is_int64, json_literal, number_literal, swift_string

_INT32 = range(-(2**31), 2**31)
# What may stand in `DateTime("...")!`: stricter than what Swift reads, so that the `!` always holds.
_CERTAIN = {
    "date-time": (
        "DateTime",
        re.compile(
            r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
        ),
    ),
    "date": ("DateOnly", re.compile(r"(\d{4}-\d\d-\d\d)", re.ASCII)),
    "time": ("TimeOnly", re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z?", re.ASCII)),
    "uuid": ("Uuid", re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")),
    "decimal": ("DecimalText", re.compile(r"-?\d{1,30}(\.\d{1,8})?", re.ASCII)),
    "uri": ("Uri", re.compile(r"[a-z]+:[A-Za-z0-9./_~-]+")),
    "email": ("EmailText", re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")),
    "duration": ("DurationText", re.compile(r"P\d+[YMWD]|PT\d+[HMS]", re.ASCII)),
}
_PLAIN_TEXT_NEEDS_TYPE = {"byte", "base64", "ipv4", "ipv6", "url"}


@dataclass
class DefaultWriter:
    """Writes defaults; `needed` collects the support types of what was written."""

    types: Mapping[str, Declaration]
    circular: set[str]
    constant_type: Callable[[Json], str]
    needed: set[str] = field(default_factory=set)

    def literal(self, kind: Type, value: Json) -> str:  # noqa: PLR0911 - one case for each type
        """The expression; empty when there is none, also when the default contradicts its type."""
        match kind:
            case Nullable():
                return "nil" if value is None else self.literal(kind.inner, value)
            case Checked():
                return self.literal(kind.inner, value)
            case Anything():
                self.needed.add("JSONValue")
                return json_literal(value) if value is not None else ".null"
            case Scalar():
                return self._scalar(kind, value)
            case Constant():
                same = type(kind.value) is type(value) and kind.value == value and value is not None
                return f"{self.constant_type(value)}()" if same else ""
            case Array():
                return self._list(kind, value)
            case Dictionary():
                return self._map(kind.values, value)
            case Reference():
                return self._declared(kind.key, value)
            case _:
                return ""

    def _scalar(self, kind: Scalar, value: Json) -> str:  # noqa: PLR0911 - one for each kind
        if kind.kind == "string" and isinstance(value, str):
            return self._text(kind.format, value)
        if kind.kind == "boolean" and isinstance(value, bool):
            return json_literal(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return ""
        if kind.kind == "integer":
            whole = float(value).is_integer() and is_int64(int(value))
            return str(int(value)) if whole and (kind.format != "int32" or int(value) in _INT32) else ""
        if kind.kind == "number" and kind.format == "decimal":
            return str(value) if is_int64(value) else f'Decimal(string: "{value}")!'
        if kind.kind == "number":
            return str(value) if is_int64(value) and abs(value) < 2**53 else number_literal(value)
        return ""

    def _text(self, form: str, value: str) -> str:
        if form not in _CERTAIN:
            return "" if form in _PLAIN_TEXT_NEEDS_TYPE else swift_string(value)
        name, pattern = _CERTAIN[form]
        match = pattern.fullmatch(value)
        if match is None or (form in ("date", "date-time") and not _is_date(match[1])):
            return ""
        self.needed.add(name)
        return f"{name}({swift_string(value)})!"

    def _list(self, kind: Array, value: Json) -> str:
        if not isinstance(value, list):
            return ""
        items = [self.literal(kind.items, item) for item in value]
        return f"[{', '.join(items)}]" if all(items) else ""

    def _map(self, kind: Type, value: Json) -> str:
        if not isinstance(value, dict):
            return ""
        items = {str(name): self.literal(kind, item) for name, item in value.items()}
        listed = ", ".join(f"{swift_string(name)}: {item}" for name, item in items.items())
        return f"[{listed or ':'}]" if all(items.values()) else ""

    def _declared(self, key: str, value: Json) -> str:
        item = self.types[key]
        match item:
            case EnumType():
                case = next((one for one in item.cases if type(one.value) is type(value) and one.value == value), None)
                return f"{item.name}.{case.name.camel}" if case else ""
            case AliasType():
                inner = self.literal(item.type, value)
                return f"{item.name}({inner})" if inner and key in self.circular else inner
            case ObjectType():
                return self._object(item, value)
            case UnionType():
                return self._variant(item, value)

    def _object(self, item: ObjectType, value: Json) -> str:
        """Only properties without a constant and with a value: the others have defaults of their own."""
        if not isinstance(value, dict) or any(field.required and field.wire not in value for field in item.fields):
            return ""
        arguments = []
        for one in item.fields:
            if one.wire in value:
                text = "" if _never_given(one.type, one.default) else self.literal(one.type, value[one.wire])
                if not text or text == "nil":
                    return ""
                presence = not one.required and one.default is MISSING and isinstance(one.type, Nullable)
                arguments.append(f"{one.name.camel}: {f'.value({text})' if presence else text}")
        known = {field.wire for field in item.fields}
        extra = {name: one for name, one in value.items() if name not in known}
        if extra:
            text = self._map(item.extra, extra) if item.extra is not None else ""
            if not text:
                return ""
            arguments.append(f"additionalProperties: {text}")
        return f"{item.name}({', '.join(arguments)})"

    def _variant(self, item: UnionType, value: Json) -> str:
        tag = value.get(item.discriminator) if item.discriminator and isinstance(value, dict) else None
        for variant in item.variants:
            if not item.discriminator or tag in variant.tags:
                text = self.literal(variant.type, value)
                if text:
                    return f"{item.name}.{variant.name.camel}({text})"
        return ""


def _never_given(kind: Type, default: Json) -> bool:
    """Constants that are written by themselves are no arguments; a default that hides them is too rare to write."""
    return (
        isinstance(kind, Constant)
        or (isinstance(kind, Checked) and isinstance(kind.inner, Constant))
        or default is None
    )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
