"""The types of a contract, the same for every language: what an emitter reads.

A `Type` is an expression without a name (`Scalar`, `Array`, `Nullable`, `Reference`, ...). A `Declaration` has a name
and is emitted once. `Reference` points at a declaration by its key, which is the place of the schema, `FILE#POINTER`.
All values are frozen; JSON values from the contract (defaults, constants, examples) stay as the parser gave them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from xptasks.contracts.model.names import MemberName

Json = Any  # what a JSON or YAML parser returns: None, bool, int, float, str, list, dict


class _Missing:
    """There is no value (JSON's null is one)."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands for "the contract says nothing", where None would mean null."""


@dataclass(frozen=True, slots=True)
class At:
    """A place in a contract: the file as the project names it, and a JSON pointer (`/components/schemas/Pet`)."""

    file: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}"

    def child(self, *tokens: str | int) -> "At":
        """The place of a member."""
        return At(self.file, self.pointer + "".join("/" + escape(token) for token in tokens))


def escape(token: str | int) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    text = str(token)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text


class Use(StrEnum):
    """Where a type is used; who writes the value and who reads it follows from it."""

    REQUEST = "request"  # parameters and bodies that a client sends
    RESPONSE = "response"
    SENT = "message-sent"  # by the application that the AsyncAPI document describes
    RECEIVED = "message-received"


@dataclass(frozen=True, slots=True)
class Doc:
    """What the contract says to people, plus `notes`: keywords that are only documented, one sentence each."""

    title: str = ""
    description: str = ""
    deprecated: bool = False
    examples: tuple[Json, ...] = ()
    notes: tuple[str, ...] = ()


NO_DOC: Final = Doc()


@dataclass(frozen=True, slots=True)
class Limits:
    """The constraints of a scalar, an array or a map; None or empty where there is none.

    `multiples` and `patterns` may hold several, because allOf adds them up. Patterns are ECMA 262 as in the contract.
    """

    minimum: float | int | None = None
    maximum: float | int | None = None
    exclusive_minimum: float | int | None = None
    exclusive_maximum: float | int | None = None
    multiples: tuple[float | int, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    min_items: int | None = None
    max_items: int | None = None
    unique: bool = False
    min_properties: int | None = None
    max_properties: int | None = None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, integer, number, boolean or null. `format` is the contract's word, known or not."""

    kind: Literal["string", "integer", "number", "boolean", "null"]
    format: str = ""
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Constant:
    """Exactly this JSON value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Array:
    """A list of one type."""

    items: "Type"
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Tuple:
    """A list whose first items have types of their own (prefixItems).

    Attributes:
        prefix: the types of the first items; the list may be shorter unless `limits.min_items` says otherwise.
        rest: the type of all further items, None when there may be none.
    """

    prefix: tuple["Type", ...]
    rest: "Type | None"
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Dictionary:
    """An object with any names and values of one type."""

    values: "Type"
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Nullable:
    """The type, or null. Never nested, never around `Anything`."""

    inner: "Type"


@dataclass(frozen=True, slots=True)
class Reference:
    """A declaration, by key: `model.types[reference.key]`."""

    key: str


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, null too."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value at all (the schema `false`)."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that no type expresses: run by generated Python on the value as it came, documented elsewhere.

    Attributes:
        keyword: `not`, `if`, `allOf`, `anyOf`, `oneOf`, `contains`, `propertyNames`, `patternProperties`,
            `dependentRequired` or `dependentSchemas`.
        types: the operands. `if` has three (if, then, else; `Anything` for a branch that is missing).
        names: what the operands belong to: patterns, or property names.
        required: for dependentRequired, the names that each of `names` asks for.
        least, most: for contains, how many items must match.
    """

    keyword: str
    types: tuple["Type", ...] = ()
    names: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A type with rules beyond it."""

    inner: "Type"
    checks: tuple[Check, ...]


Type = (
    Scalar | Constant | Array | Tuple | Dictionary | Nullable | Reference | Anything | Nothing | Checked
)  # every emitter matches over these ten


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an object.

    Attributes:
        wire: the name in JSON.
        name: the name in code.
        type: without regard to presence: `Nullable` only when null is a value.
        required: False when the property may be absent.
        default: the contract's default, MISSING when there is none.
    """

    wire: str
    name: MemberName
    type: Type
    required: bool
    at: At
    default: Json = MISSING
    read_only: bool = False
    write_only: bool = False
    doc: Doc = NO_DOC


@dataclass(frozen=True, slots=True)
class Case:
    """A value of an enum."""

    value: Json
    name: MemberName
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """An alternative of a union.

    Attributes:
        name: the case's name in a tagged union, e.g. Swift's.
        tags: values of the discriminating property that choose this variant; empty without a discriminator.
    """

    type: Type
    name: MemberName
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declaration:
    """What all declarations have.

    Attributes:
        name: unique in the model, not even equal but for case; the same in every language.
        at: the place of the schema.
        uses: who writes and reads such values; empty when no operation uses it.
        only_checked: True when only rules (`Check`) mention it: languages that only document rules leave it out.
    """

    name: str
    at: At
    doc: Doc = NO_DOC
    uses: frozenset[Use] = frozenset()
    checks: tuple[Check, ...] = ()
    only_checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType(_Declaration):
    """An object with known properties.

    Attributes:
        extra: the type of properties beyond `fields`; None when there may be none (closed).
    """

    fields: tuple[Field, ...]
    extra: Type | None
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType(_Declaration):
    """Two or more values, never null. `kind` is "mixed" when not all are strings or all integers."""

    kind: Literal["string", "integer", "mixed"]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionType(_Declaration):
    """One of several types.

    Attributes:
        exclusive: oneOf: a value that fits two variants is wrong. False where no value can fit two.
        discriminator: the property that chooses the variant, None without one.
    """

    variants: tuple[Variant, ...]
    exclusive: bool
    discriminator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasType(_Declaration):
    """A name for a type expression."""

    type: Type


Declaration = ObjectType | EnumType | UnionType | AliasType


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about a contract that its owner should know.

    Attributes:
        fatal: True when no code can be generated from this place: the whole contract is refused.
    """

    at: At
    message: str
    rule: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Types:
    """All declarations of a project's contracts, by key, and what is wrong with them."""

    by_key: Mapping[str, Declaration] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
