"""The parts that generated Python carries along, each only where it is needed: it imports nothing of ours.

A definition is copied with the comment above it, its imports, and the definitions that it mentions.
"""

# ruff: noqa: ANN401, TC003 - pydantic hands over any value, and needs names at run time

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from math import inf
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_serializer,
)
from pydantic_core import CoreSchema, core_schema

_T = TypeVar("_T")


class Model(BaseModel):
    """The base of all objects: fields go by their name in Python or in JSON, and what is absent stays absent."""

    model_config = ConfigDict(
        defer_build=True, extra="allow", populate_by_name=True, protected_namespaces=(), serialize_by_alias=True
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        # The class waits until it is used. What FastAPI makes of it must not, or pydantic warns about each body.
        cls.model_config["defer_build"] = False

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        for name in fields.keys() - self.model_fields_set:
            alias = fields[name].alias
            if fields[name].default is None:
                data.pop(name, None)
                data.pop(name if alias is None else alias, None)
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        bare: Any = {key: value for key, value in schema.items() if key != "serialization"}
        written = handler(bare)
        for field in handler.resolve_ref_schema(written).get("properties", {}).values():
            if field.get("default", ...) is None:
                del field["default"]
        return written


class _NotNull:
    """May be absent, then the attribute is None; null in JSON is refused."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_refuse_null, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        checked: Any = schema
        without_null: Any = {**schema, "schema": checked["schema"]["schema"]}
        return handler(without_null)


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise ValueError("null is not allowed; leave it out instead")
    return value


Omittable = Annotated[_T | None, _NotNull()]


class IntegerEnum(IntEnum):
    """An enum of integers that takes neither true for 1 nor a string."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_refuse_other_kinds, handler(source))


def _refuse_other_kinds(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("is not an integer")  # noqa: TRY004 - pydantic collects ValueError
    return value


def _whole(low: float = -inf, high: float = inf) -> BeforeValidator:
    """JSON knows one kind of number: 1.0 is the integer 1."""

    def check(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not low <= value <= high:
            raise ValueError(f"is not between {low} and {high}")
        return value

    return BeforeValidator(check)


Integer = Annotated[int, Field(strict=True), _whole()]
Int32 = Annotated[int, Field(strict=True, json_schema_extra={"format": "int32"}), _whole(-(2**31), 2**31 - 1)]
Int64 = Annotated[int, Field(strict=True, json_schema_extra={"format": "int64"}), _whole(-(2**63), 2**63 - 1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Pattern:
    """A string that contains a match. The contract's own spelling goes into the JSON schema."""

    def __init__(self, pattern: str, written: str | None = None) -> None:
        self._pattern = re.compile(pattern)
        self._written = written or pattern

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": self._written}

    def _check(self, value: Any) -> Any:
        if isinstance(value, str) and not self._pattern.search(value):
            raise ValueError(f"does not match {self._written!r}")
        return value


class _Length:
    """How long the string in JSON is, where Python has a type of its own for it."""

    def __init__(self, least: int = 0, most: float = inf) -> None:
        self._least = least
        self._most = most

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        most = {} if self._most == inf else {"maxLength": self._most}
        return {**handler(schema), "minLength": self._least, **most}

    def _check(self, value: Any) -> Any:
        if isinstance(value, str) and not self._least <= len(value) <= self._most:
            raise ValueError(f"is not between {self._least} and {self._most} characters long")
        return value


def _written(pattern: str, what: str) -> BeforeValidator:
    """JSON holds a string of this form; values of the Python type pass."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: Any) -> Any:
        if isinstance(value, bool | int | float | bytes) or (isinstance(value, str) and not compiled.fullmatch(value)):
            raise ValueError(f"is not {what}")
        return value

    return BeforeValidator(check)


DateTime = Annotated[
    dt.datetime,
    _written(
        r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", "a date-time with an offset (RFC 3339)"
    ),
]
DateOnly = Annotated[dt.date, _written(r"\d{4}-\d\d-\d\d", "a date (RFC 3339)")]
TimeOnly = Annotated[dt.time, _written(r"\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", "a time (RFC 3339)")]
Uuid = Annotated[UUID, _written(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "a UUID (RFC 4122)")]
IPv4 = Annotated[IPv4Address, _written(r"[0-9.]+", "an IPv4 address")]
IPv6 = Annotated[IPv6Address, _written(r"[0-9A-Fa-f:.]+", "an IPv6 address")]
# ISO 8601 durations have months and years, which no number of seconds can stand for, so they stay text.
DurationText = Annotated[
    str,
    _written(
        r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)",
        "a duration (ISO 8601, like P1DT2H)",
    ),
    Field(json_schema_extra={"format": "duration"}),
]
# Python's URL types rewrite what they parse (a slash at the end, capitals), so URLs stay text.
Uri = Annotated[
    str,
    _written(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*", "a URI (RFC 3986)"),
    Field(json_schema_extra={"format": "uri"}),
]
EmailText = Annotated[
    str, _written(r"[^@\s]+@[^@\s]+", "an email address"), Field(json_schema_extra={"format": "email"})
]


def _decode(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.translate({45: "+", 95: "/"})
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


Base64Data = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode),
    WithJsonSchema({"type": "string", "format": "byte"}),
]
BinaryData = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]
DecimalText = Annotated[
    Decimal,
    _written(r"[+-]?\d+(\.\d+)?", "a decimal number in a string"),
    WithJsonSchema({"type": "string", "format": "decimal"}),
]


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("is not a number")  # noqa: TRY004 - pydantic collects ValueError
    return str(value) if isinstance(value, float) else value


DecimalNumber = Annotated[
    Decimal,
    BeforeValidator(_no_boolean),
    PlainSerializer(float, when_used="json"),
    WithJsonSchema({"type": "number", "format": "decimal"}),
]


def _refuse(_value: Any) -> Any:
    raise ValueError("no value is allowed here")


_Impossible = Annotated[None, BeforeValidator(_refuse), WithJsonSchema({"not": {}})]


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but neither is true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


class _Exactly:
    """One of these JSON values."""

    def __init__(self, *values: Any) -> None:
        self._values = values

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"const": self._values[0]} if len(self._values) == 1 else {"enum": list(self._values)}

    def _check(self, value: Any) -> Any:
        for allowed in self._values:
            if _same(value, allowed):
                return allowed
        raise ValueError(f"is none of {json.dumps(self._values)}")


def _canonical(value: Any) -> str:
    """The same text for values that are equal in JSON."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{_canonical(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, BaseModel):
        return _canonical(value.model_dump(mode="json"))
    return json.dumps(value, default=str)


def _unique(value: Any) -> Any:
    if isinstance(value, list) and len(set(map(_canonical, value))) < len(value):
        raise ValueError("the items are not unique")
    return value


_Unique = BeforeValidator(_unique)


class _Lazy:
    """A type that is looked up when it is first needed, because types may mention each other."""

    def __init__(self, named: Callable[[], Any]) -> None:
        self._named = named
        self._adapter: TypeAdapter[Any] | None = None

    def validate(self, value: Any) -> Any:
        if self._adapter is None:
            self._adapter = TypeAdapter(self._named())
        return self._adapter.validate_python(value)

    def fits(self, value: Any) -> bool:
        try:
            self.validate(value)
        except ValidationError:
            return False
        return True


def _default(named: Callable[[], Any], value: Any) -> Any:
    """The contract's default as a value of the type."""
    return _Lazy(named).validate(value)


class _Rule:
    """What no type can say, checked on the value as it came."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.run, handler(source))

    def run(self, value: Any) -> Any:
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        raise NotImplementedError


class _Not(_Rule):
    """The value must not be of this type."""

    def __init__(self, named: Callable[[], Any]) -> None:
        self._type = _Lazy(named)

    def check(self, value: Any) -> None:
        if self._type.fits(value):
            raise ValueError("is what the contract's `not` excludes")


class _If(_Rule):
    """When the value fits the first type it has to fit the second, otherwise the third."""

    def __init__(self, *named: Callable[[], Any]) -> None:
        self._condition, self._then, self._otherwise = map(_Lazy, named)

    def check(self, value: Any) -> None:
        (self._then if self._condition.fits(value) else self._otherwise).validate(value)


class _Matches(_Rule):
    """How many of the types the value fits."""

    def __init__(self, least: int, most: float, *named: Callable[[], Any]) -> None:
        self._least = least
        self._most = most
        self._types = [_Lazy(one) for one in named]

    def check(self, value: Any) -> None:
        found = sum(one.fits(value) for one in self._types)
        if not self._least <= found <= self._most:
            raise ValueError(f"fits {found} of the alternatives")


class _Contains(_Rule):
    """How many items fit the type."""

    def __init__(self, named: Callable[[], Any], least: int, most: float) -> None:
        self._type = _Lazy(named)
        self._least = least
        self._most = most

    def check(self, value: Any) -> None:
        if isinstance(value, list):
            found = sum(self._type.fits(item) for item in value)
            if not self._least <= found <= self._most:
                raise ValueError(f"contains {found} matching items, not between {self._least} and {self._most}")


class _Keys(_Rule):
    """All names in an object fit the type."""

    def __init__(self, named: Callable[[], Any]) -> None:
        self._type = _Lazy(named)

    def check(self, value: Any) -> None:
        if isinstance(value, dict):
            for name in value:
                self._type.validate(name)


class _PatternKeys(_Rule):
    """The type of each property follows from its name; `rest` is for names that nothing else covers."""

    def __init__(
        self, known: set[str], patterns: dict[str, Callable[[], Any]], rest: Callable[[], Any] | None = None
    ) -> None:
        self._known = known
        self._patterns = [(re.compile(pattern), _Lazy(named)) for pattern, named in patterns.items()]
        self._rest = None if rest is None else _Lazy(rest)

    def check(self, value: Any) -> None:
        for name, item in value.items() if isinstance(value, dict) else ():
            found = [named for pattern, named in self._patterns if pattern.search(name)]
            for named in found:
                named.validate(item)
            if not found and name not in self._known and self._rest is not None:
                self._rest.validate(item)


class _DependentRequired(_Rule):
    """A property that is present asks for others."""

    def __init__(self, needs: dict[str, tuple[str, ...]]) -> None:
        self._needs = needs

    def check(self, value: Any) -> None:
        for name, others in self._needs.items():
            if isinstance(value, dict) and name in value and not value.keys() >= set(others):
                raise ValueError(f"{name!r} needs {', '.join(sorted(set(others) - value.keys()))}")


class _DependentType(_Rule):
    """A property that is present makes the object fit one more type."""

    def __init__(self, types: dict[str, Callable[[], Any]]) -> None:
        self._types = {name: _Lazy(named) for name, named in types.items()}

    def check(self, value: Any) -> None:
        for name, named in self._types.items():
            if isinstance(value, dict) and name in value:
                named.validate(value)


class _Size(_Rule):
    """How many properties an object has."""

    def __init__(self, least: int = 0, most: float = inf) -> None:
        self._least = least
        self._most = most

    def check(self, value: Any) -> None:
        if isinstance(value, dict) and not self._least <= len(value) <= self._most:
            raise ValueError(f"has {len(value)} properties, not between {self._least} and {self._most}")


class _Prefix(_Rule):
    """The first items have types of their own."""

    def __init__(self, *named: Callable[[], Any], rest: Callable[[], Any] | None = None) -> None:
        self._types = [_Lazy(one) for one in named]
        self._rest = None if rest is None else _Lazy(rest)

    def check(self, value: Any) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                kind = self._types[index] if index < len(self._types) else self._rest
                if kind is None:
                    raise ValueError(f"has more than {len(self._types)} items")
                kind.validate(item)


def _obeying(value: Any, *rules: _Rule) -> Any:
    """The value as it came, when it obeys all rules."""
    if not isinstance(value, BaseModel):
        for rule in rules:
            rule.check(value)
    return value


def _by(name: str, attribute: str, tags: dict[str, str]) -> Discriminator:
    """The alternative that the value of one property chooses."""

    def tag(value: Any) -> str | None:
        found = value.get(name, value.get(attribute)) if isinstance(value, dict) else getattr(value, attribute, None)
        return tags.get(found) if isinstance(found, str) else None

    return Discriminator(tag)
