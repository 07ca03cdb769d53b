"""Instances: made from the form that schemas are reasoned in, confirmed by a validator that knows nothing of it."""

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Any

from xptasks.contracts.compat.normal import Normalizer, Number, Part, Range, divides, matches
from xptasks.contracts.compat.schemas import HIDDEN, Schema, Table

_DEEPEST = 6  # members inside of members; deeper ones are left out when they may be
_MOST = 6  # instances of one schema that are worth a try
_VARIED = 60  # values of one schema that are told apart
_NONE = object()
_LONGEST = 50_000  # characters that are worth a try
_LARGEST = 2_000  # items that are worth a try

FORMATS = {
    "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "idn-email": "a@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/a",
    "uri-reference": "/a",
    "iri": "https://example.com/a",
    "iri-reference": "/a",
    "uri-template": "/a/{b}",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "a",
    "byte": "YQ==",
}
_TEXTS = ("", "a", "A", "0", "-", " ", "a b", "!", "ab1", "xyz", "é", "1a", "A_1", "a" * 40)


class Judge:
    """Asks jsonschema-rs, and remembers its validators."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._validators: dict[str, Any] = {}

    def accepts(self, schema: Schema, instance: object) -> bool | None:
        """Whether an instance is valid; None when the validator cannot read the schema."""
        validator = self._validator(schema)
        if validator is None:
            return None
        try:
            return bool(validator.is_valid(instance))
        except (ValueError, RecursionError, OverflowError):
            return None

    def _validator(self, schema: Schema) -> Any:  # noqa: ANN401 - jsonschema-rs has no common type
        import jsonschema_rs  # noqa: PLC0415 - heavy

        if schema.key not in self._validators:
            try:
                validator = jsonschema_rs.Draft202012Validator(
                    self._table.bundle(schema), validate_formats=True, offline=True
                )
            except (ValueError, RecursionError):
                validator = None
            self._validators[schema.key] = validator
        return self._validators[schema.key]


class Maker:
    """Makes instances of schemas; not all of them are valid, so that a judge has to look at each."""

    def __init__(self, normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._first: dict[tuple[str, int], Any] = {}  # what was made, _NONE where nothing came to mind

    def instances(self, schema: Schema, depth: int = 0) -> list[Any]:
        """A few instances of a schema."""
        found: list[Any] = []
        for parts in self._normalizer.normal(schema).values():
            for part in parts[:_MOST]:
                found.extend(islice(self.of_part(part, depth), 2))
        found.sort(key=lambda value: value is None)
        return found[:_MOST]

    def one(self, schema: Schema, depth: int = 0) -> Any:  # noqa: ANN401
        """An instance; raises LookupError when none comes to mind."""
        key = (schema.key, depth)
        if key not in self._first:
            listed = (part for parts in self._normalizer.normal(schema).values() for part in parts)
            self._first[key] = next((value for part in listed for value in self.of_part(part, depth)), _NONE)
        if self._first[key] is _NONE:
            raise LookupError
        return self._first[key]

    def of_part(self, part: Part, depth: int = 0) -> Iterator[Any]:
        """Instances of a part."""
        if part.values is not None:
            yield from part.values.values()
        elif part.kind == "null":
            yield None
        elif part.kind == "boolean":
            yield from (True, False)
        elif part.kind == "number":
            yield from numbers(part, part)
        elif part.kind == "string":
            yield from texts(part, part)
        elif part.kind == "array":
            yield from self._arrays(part, depth)
        else:
            yield from self._objects(part, depth)

    def _arrays(self, part: Part, depth: int) -> Iterator[list[Any]]:
        least = max(int(part.size.low or 0), sum(item.least for item in part.contains))
        try:
            yield self.array(part, least, depth)
            if depth < _DEEPEST and (part.size.high is None or part.size.high > least):
                yield self.array(part, least + 1, depth)
        except LookupError:
            return

    def array(self, part: Part, length: int, depth: int = 0) -> list[Any]:
        """An array of this length."""
        if length > _LARGEST:
            raise LookupError
        items: list[Any] = []
        wanted = [self.one(item.schema, depth + 1) for item in part.contains for _ in range(item.least)]
        for index in range(length):
            if index >= len(part.prefix) and wanted:
                items.append(wanted.pop())
            else:
                items.append(self._another(part.item(index), items if part.unique else [], depth))
        return items

    def _another(self, schema: Schema, taken: list[Any], depth: int) -> Any:  # noqa: ANN401
        if not taken:
            return self.one(schema, depth + 1)
        for value in islice(self._all(schema, depth + 1), 10 * _VARIED):
            if value not in taken:
                return value
        raise LookupError

    def _objects(self, part: Part, depth: int) -> Iterator[dict[str, Any]]:
        try:
            smallest = self.object(part, depth)
        except LookupError:
            return
        yield smallest
        if depth < _DEEPEST // 2:
            yield from self._fuller(part, smallest, depth)

    def _fuller(self, part: Part, smallest: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        full = dict(smallest)
        for name in part.properties:
            if (
                name not in full
                and part.properties[name].key != HIDDEN.key
                and (part.size.high is None or len(full) < part.size.high)
            ):
                try:
                    full[name] = self.one(part.member(name), depth + 1)
                except LookupError:
                    continue
        if len(full) > len(smallest):
            yield full
        for name in full:
            for value in islice(self._all(part.member(name), depth + 1), _VARIED):
                yield full | {name: value}

    def _all(self, schema: Schema, depth: int) -> Iterator[Any]:
        for parts in self._normalizer.normal(schema).values():
            for part in parts:
                yield from self.of_part(part, depth)

    def object(self, part: Part, depth: int = 0, extra: dict[str, Any] | None = None) -> dict[str, Any]:
        """An object with the required members, and these."""
        if depth > _DEEPEST + 4:
            raise LookupError
        made = dict(extra or {})
        for name in sorted(part.required - made.keys()):
            made[name] = self.one(part.member(name), depth + 1)
        for name in self.new_names(part):
            if len(made) >= (part.size.low or 0):
                break
            if name not in made:
                made[name] = self.one(part.member(name), depth + 1)
        return made

    def new_names(self, part: Part) -> Iterator[str]:
        """Names that an object may get."""
        yield from part.properties
        for pattern in part.patterned:
            yield from islice(texts_of(pattern), 2)
        for value in self.instances(part.names) if part.names else ():
            if isinstance(value, str):
                yield value
        yield from (f"extra{index}" for index in range(20))


def numbers(part: Part, other: Part) -> Iterator[Number]:
    """Numbers of a part, those first that another one may refuse."""
    seen: set[Number] = set()
    step = max(part.multiples, default=1 if part.integer else 0)
    for value in _around(part.range, other.range, other):
        for near in (value, _snap(value, step), _snap(value, step) + step, _snap(value, step) - step):
            number = int(near) if float(near).is_integer() and abs(near) < 2**53 else near
            if number not in seen and _fits(part, number):
                seen.add(number)
                yield number


def _around(own: Range, other: Range, part: Part) -> Iterator[Number]:
    for limit in (other.low, other.high):
        if limit is not None:
            yield from (limit, limit - 1, limit + 1, limit - 0.5, limit + 0.5)
    for limit in (own.low, own.high):
        if limit is not None:
            yield from (limit, limit + 1, limit - 1, limit + 0.5, limit - 0.5)
    if own.low is not None and own.high is not None:
        yield (own.low + own.high) / 2
    yield from (0, 0.5, 1, 0.1, -1, 3, 7, 1000003, 2**53, -(2**31) - 1, 2**31, 2**63, 1e300)
    yield from (step * 1.5 for step in part.multiples)
    yield from range(_VARIED)


def _snap(value: Number, step: Number) -> Number:
    if not step:
        return value
    return round(value / step) * step


def _fits(part: Part, value: Number) -> bool:
    if part.integer and value != int(value):
        return False
    return Range(value, value).inside(part.range) and all(divides(step, value) for step in part.multiples)


def texts(part: Part, other: Part) -> Iterator[str]:
    """Texts of a part, those first that another one may refuse."""
    seen: set[str] = set()
    for text in _texts(part, other):
        fits = Range(len(text), len(text)).inside(part.size)
        if text not in seen and fits and all(matches(pattern, text) for pattern in part.patterns):
            seen.add(text)
            yield text


def _texts(part: Part, other: Part) -> Iterator[str]:
    limits = (other.size.low, other.size.high, part.size.low, part.size.high)
    lengths = sorted({int(limit) + step for limit in limits if limit is not None for step in (-1, 0, 1)})
    wanted = [length for length in lengths if 0 <= length <= _LONGEST]
    for name in part.formats:
        yield from _of_format(name, wanted)
    for pattern in part.patterns:
        for text in texts_of(pattern, wanted):
            yield text
            yield from (text + "a" * (length - len(text)) for length in wanted if length > len(text))
    if part.formats & FORMATS.keys():
        return
    for length in wanted:
        yield from ("a" * length, "1" * length)
    for pattern in other.patterns:
        yield from islice(texts_of(pattern), 3)
    yield from _TEXTS
    yield from FORMATS.values()
    yield from (f"a{index}" for index in range(_VARIED))


def _of_format(name: str, lengths: list[int]) -> Iterator[str]:
    if name not in FORMATS:
        return
    yield FORMATS[name]
    for length in lengths:
        if name in ("email", "idn-email") and length > len("@example.com"):
            yield "a" * (length - len("@example.com")) + "@example.com"
        if name in ("uri", "uri-reference", "iri") and length > len("https://a/"):
            yield "https://a/" + "a" * (length - len("https://a/"))


def texts_of(pattern: str, lengths: list[int] | None = None) -> Iterator[str]:
    """Texts that a pattern may match: the shortest, then with more repeats."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = import_module("re._parser").parse(pattern)  # the only parser there is
    except (re.error, OverflowError, RecursionError):
        return
    for repeats in (0, 1, 2, *(lengths or ())):
        for choice in (0, 1, 2):
            text = "".join(_spell(tree, min(repeats, _LONGEST), choice))
            if matches(pattern, text):
                yield text
            if not pattern.endswith("$") and matches(pattern, text + "~"):
                yield text + "~"


def _spell(tree: Any, repeats: int, choice: int) -> Iterator[str]:  # noqa: ANN401 - of a private module
    for name, argument in tree:
        word = str(name)
        if word == "LITERAL":
            yield chr(argument)
        elif word == "NOT_LITERAL":
            yield next(char for char in "ab" if ord(char) != argument)
        elif word == "ANY":
            yield "a~0"[choice]
        elif word == "IN":
            yield _member(argument, choice)
        elif word == "BRANCH":
            yield from _spell(argument[1][choice % len(argument[1])], repeats, choice)
        elif word == "SUBPATTERN":
            yield from _spell(argument[3], repeats, choice)
        elif word in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            for _ in range(min(max(int(least), repeats), int(most), _LONGEST)):
                yield from _spell(inner, min(repeats, 2), choice)


def _member(listed: Any, choice: int) -> str:  # noqa: ANN401 - of a private module
    if str(listed[0][0]) == "NEGATE":
        refused = {_member([entry], 0) for entry in listed[1:]}
        return next((char for char in "a~0Z -_."[choice:] if char not in refused), "é")
    name, argument = listed[choice % len(listed)]
    word = str(name)
    if word == "LITERAL":
        return chr(argument)
    if word == "RANGE":
        return chr(min(argument[0] + choice, argument[1]))
    return {"CATEGORY_DIGIT": "012", "CATEGORY_WORD": "a_0", "CATEGORY_SPACE": " \t "}.get(str(argument), "-~!")[choice]
