"""Golden vectors: values that every language must accept or refuse alike, made from the contracts.

Valid ones are the contract's own examples and defaults, and for objects without any a smallest instance. Invalid ones
are made from a valid one by a single change, and only kept when JSON Schema agrees that it breaks the contract.

    {"type": "Project", "valid": false, "keyword": "required", "value": {...}, "from": "contracts/openapi.yaml#/..."}
"""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xptasks.contracts.document import Document, Location
from xptasks.contracts.model.finish import accepts_null, resolved
from xptasks.contracts.model.interface import Model
from xptasks.contracts.model.types import (
    MISSING,
    Anything,
    Array,
    Constant,
    Declaration,
    Dictionary,
    EnumType,
    Field,
    Json,
    ObjectType,
    Scalar,
    Type,
    UnionType,
    Use,
)
from xptasks.contracts.rules.samples import Sample, Validity

_STRANGE = "no such value"
_MAX_DEPTH = 12
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "email": "a@example.com",
    "duration": "PT1H",
    "byte": "aGk=",
    "decimal": "1.10",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
}


@dataclass(frozen=True, slots=True)
class Vector:
    """One value for one type.

    Attributes:
        type: the declaration's name.
        keyword: what an invalid value breaks; empty for a valid one.
        origin: the place that it comes from.
    """

    type: str
    valid: bool
    keyword: str
    value: Json
    origin: str


def vectors(documents: Iterable[Document], model: Model) -> list[Vector]:
    """All vectors of these contracts, sorted by type."""
    found: dict[str, Vector] = {}
    for document in documents:
        for vector in _Maker(document, model).vectors():
            found.setdefault(json.dumps([vector.type, vector.value], sort_keys=True), vector)
    return sorted(found.values(), key=lambda item: (item.type, not item.valid, item.keyword, item.origin))


def as_text(found: Iterable[Vector], digest: str) -> str:
    """The committed file, one vector a line; `digest` is the hash of the contracts."""
    body = ",\n    ".join(json.dumps(asdict(vector), sort_keys=True) for vector in found)
    return f'{{\n  "contract": "{digest}",\n  "vectors": [\n    {body}\n  ]\n}}\n'


def read(text: str) -> list[Vector]:
    """The vectors of a committed file."""
    return [Vector(**item) for item in json.loads(text)["vectors"]]


class _Maker:
    def __init__(self, document: Document, model: Model) -> None:
        self._document = document
        self._types = model.types
        self._validity = Validity(document)
        self._files = {(document.root / name).as_posix(): name for name in document.files}

    def vectors(self) -> Iterator[Vector]:
        """Examples first, then what is made up for objects, then invalid values made from both."""
        good: dict[str, list[Vector]] = {}
        for sample in self._validity.samples():
            declared = self._declared(sample)
            if declared is not None:
                origin = f"{sample.file}#{sample.pointer}"
                good.setdefault(declared[0], []).append(Vector(declared[1].name, True, "", sample.value, origin))  # noqa: FBT003
        for key, item in self._types.items():
            if key not in good and item.at.file in self._files and isinstance(item, ObjectType):
                value = self._object(item, 0)
                if value is not MISSING and self._fits(item, value):
                    good[key] = [Vector(item.name, True, "", value, f"{self._place(item)}")]  # noqa: FBT003
        for key, known in good.items():
            yield from known
            for vector in known:
                yield from self._broken(self._types[key], vector)

    def _declared(self, sample: Sample) -> tuple[str, Declaration] | None:
        """The declaration that a sample's schema is, or refers to."""
        file, pointer = sample.schema
        value: Any = self._document.files[file]
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        found = self._document.follow(Location(file, pointer, value))
        key = f"{(self._document.root / found.file).as_posix()}#{found.pointer}"
        if ("/requestBody" in pointer or "/requestBodies/" in pointer) and f"{key}/input" in self._types:
            key = f"{key}/input"
        return (key, self._types[key]) if key in self._types and not self._types[key].only_checked else None

    def _place(self, item: Declaration) -> str:
        return f"{self._files[item.at.file]}#{item.at.pointer}"

    def _fits(self, item: Declaration, value: Json) -> bool | None:
        return self._validity.fits((self._files[item.at.file], item.at.pointer), value)

    # Invalid values

    def _broken(self, item: Declaration, good: Vector) -> Iterator[Vector]:
        if item.at.file not in self._files or not isinstance(good.value, dict):
            return
        for keyword, value in self._changes(item, good.value):
            if keyword == "discriminator" or self._fits(item, value) is False:
                yield Vector(good.type, False, keyword, value, good.origin)  # noqa: FBT003

    def _changes(self, item: Declaration, good: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
        if isinstance(item, UnionType) and item.discriminator and item.discriminator in good:
            yield "discriminator", {**good, item.discriminator: _STRANGE}
        if not isinstance(item, ObjectType):
            return
        for field in item.fields:
            yield from self._field_changes(field, good)
        if item.extra is None:
            yield "additionalProperties", {**good, _STRANGE: 1}

    def _field_changes(self, field: Field, good: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
        if field.required:
            yield "required", {name: value for name, value in good.items() if name != field.wire}
        if not accepts_null(field.type, self._types):
            yield "type", {**good, field.wire: None}
        found = resolved(field.type, self._types)
        if isinstance(found, EnumType) and _is_closed(found):
            yield "enum", {**good, field.wire: _STRANGE}

    # Values that are made up

    def _smallest(self, kind: Type, depth: int) -> Json:  # noqa: PLR0911 - one case for each type
        """A value of the type with as little as possible; MISSING when none is found."""
        if depth > _MAX_DEPTH:
            return MISSING
        match resolved(kind, self._types):
            case ObjectType() as found:
                return self._object(found, depth)
            case UnionType() as found:
                values = (self._smallest(variant.type, depth + 1) for variant in found.variants)
                return next((value for value in values if value is not MISSING), MISSING)
            case EnumType() as found:
                return found.cases[0].value
            case Constant() as found:
                return copy.deepcopy(found.value)
            case Array() as found:
                return MISSING if found.limits.min_items else []
            case Dictionary() as found:
                return MISSING if found.limits.min_properties else {}
            case Scalar() as found:
                return _scalar(found)
            case Anything():
                return "anything"
            case _:
                return MISSING

    def _object(self, item: ObjectType, depth: int) -> Json:
        value = {}
        for field in item.fields:
            if field.required:
                value[field.wire] = self._sample(field, depth)
        return value if not any(part is MISSING for part in value.values()) else MISSING

    def _sample(self, field: Field, depth: int) -> Json:
        """A property's own example, else its default, else something that is made up."""
        if field.doc.examples:
            return field.doc.examples[0]
        return self._smallest(field.type, depth + 1) if field.default is MISSING else field.default


def _is_closed(enum: EnumType) -> bool:
    """Enums that only responses and sent messages use may be tolerant, so nothing is expected of them."""
    return not enum.uses or not enum.uses.isdisjoint((Use.REQUEST, Use.RECEIVED))


def _scalar(kind: Scalar) -> Json:
    limits = kind.limits
    if kind.kind == "null":
        return None
    if kind.kind == "boolean":
        return True
    if kind.kind == "string":
        return _FORMATS.get(kind.format, "x" * max(1, limits.min_length or 0)) if not limits.patterns else MISSING
    if limits.exclusive_minimum is not None:
        return limits.exclusive_minimum + 1
    if limits.minimum is not None:
        return limits.minimum
    return min(1, limits.maximum if limits.maximum is not None else 1) if not limits.multiples else limits.multiples[0]
