"""What is written alike in two contracts, with everything that it refers to: it needs no further look."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from xptasks.contracts.document import Document, Location
from xptasks.contracts.json_text import canonical
from xptasks.contracts.source import Fault, containers

_REFERENCES = ("$ref", "$dynamicRef")
_FIRST_WITH_JSON_SCHEMA = (3, 1)  # of OpenAPI: before, the same words meant something else

_Any = TypeVar("_Any")
Name = tuple[str, str]  # a file, "" for the contract itself, and a pointer


class Twins:
    """Compares places of two contracts by what is written there; remembers what it found out about targets."""

    def __init__(self, base: Document, head: Document) -> None:
        self._documents = (base, head)
        self._same_words = speaks_json_schema(base) == speaks_json_schema(head)
        self._same: dict[Name, bool] = {}

    def same(self, base: Location, head: Location) -> bool:
        """Whether both say the same, descriptions and extensions included, and so do all targets of references."""
        if not self._same_words or not equal(base.value, head.value):
            return False
        names = self._named(base, head)
        if names is None:
            return False
        self._settle(names)
        return all(self._same[name] for name in names)

    def _settle(self, names: Iterable[Name]) -> None:
        fresh: dict[Name, frozenset[Name]] = {}
        differ: set[Name] = set()
        pending = [name for name in names if name not in self._same]
        while pending:
            name = pending.pop()
            if name in fresh:
                continue
            used = self._used(name)
            fresh[name] = used or frozenset()
            if used is None or any(self._same.get(other) is False for other in used):
                differ.add(name)
            pending.extend(other for other in fresh[name] if other not in self._same)
        differ = spread(differ, fresh)
        self._same.update({name: name not in differ for name in fresh})

    def _used(self, name: Name) -> frozenset[Name] | None:
        """What a target refers to; None where the two contracts differ in it."""
        base, head = (self._target(document, name) for document in self._documents)
        if base is None or head is None or not equal(base.value, head.value):
            return None
        return self._named(base, head)

    @staticmethod
    def _target(document: Document, name: Name) -> Location | None:
        try:
            return document.resolve(f"#{name[1]}", name[0] or None)
        except Fault:
            return None

    def _named(self, base: Location, head: Location) -> frozenset[Name] | None:
        """What two equal values refer to; None when that is not the same."""
        found = set()
        for text in set(_texts(base.value)):
            names = {
                _name(document, text, here.file) for document, here in zip(self._documents, (base, head), strict=True)
            }
            if len(names) > 1:
                return None
            found |= names
        return frozenset(name for name in found if name is not None)


def _name(document: Document, text: str, file: str) -> Name | None:
    try:
        target = document.resolve(text, file)
    except Fault:
        return None  # only an example, or a mistake that both have
    return "" if target.file == document.name else target.file, target.pointer


def speaks_json_schema(document: Document) -> bool:
    """Whether schemas are JSON Schema 2020-12, and not the dialect of OpenAPI 3.0."""
    return document.kind != "openapi" or document.version >= _FIRST_WITH_JSON_SCHEMA


def equal(one: object, two: object) -> bool:
    """Whether two values are the same JSON; not what Python holds for equal: true is not 1."""
    return one == two and (repr(one) == repr(two) or canonical(one) == canonical(two))


def spread(differ: set[_Any], uses: Mapping[_Any, Iterable[_Any]]) -> set[_Any]:
    """These names, and all that lead to one of them."""
    users: dict[_Any, set[_Any]] = {}
    for name, used in uses.items():
        for other in used:
            users.setdefault(other, set()).add(name)
    found = set(differ)
    pending = list(differ)
    while pending:
        more = users.get(pending.pop(), set()) - found
        found |= more
        pending.extend(more)
    return found


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    pending = [value]
    while pending:
        here = pending.pop()
        if isinstance(here, dict):
            for word in _REFERENCES:
                if word in here and isinstance(here[word], str):
                    yield here[word]
        pending.extend(containers(here))
