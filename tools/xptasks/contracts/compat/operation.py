"""The operations of an OpenAPI document: those of its paths, its webhooks, and its callbacks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xptasks.contracts.compat.places import inside, member, members, root
from xptasks.contracts.document import Document, Location

TEMPLATE = re.compile(r"\{[^}]*\}")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with what its path item adds; `path` is as it is written."""

    path: str
    method: str
    here: Location
    item: Location

    @property
    def value(self) -> dict[str, Any]:
        """The operation as it is written."""
        value: dict[str, Any] = self.here.value
        return value

    @property
    def shared(self) -> Location:
        """What the path item says for all its operations."""
        value = {word: inner for word, inner in self.item.value.items() if word not in METHODS}
        return Location(self.item.file, self.item.pointer, value)

    @property
    def name(self) -> str:
        """What people call it: method and path."""
        return f"{self.method.upper()} {self.path}"


def operations(document: Document, *keys: str) -> dict[tuple[str, str], Operation]:
    """The operations of the path items under these keys; names in a path do not count."""
    found = {}
    for path, item in members(document, root(document), *keys):
        for operation in _of_item(document, path, item):
            found[TEMPLATE.sub("{}", path), operation.method] = operation
    return found


def called_back(document: Document, here: Location) -> dict[tuple[str, str, str], Operation]:
    """The operations of the callbacks of an operation, by name, expression and method."""
    found = {}
    for name, callback in members(document, here, "callbacks"):
        for expression, item in members(document, callback):
            for operation in _of_item(document, expression, item):
                found[name, expression, operation.method] = operation
    return found


def _of_item(document: Document, path: str, item: Location) -> Iterator[Operation]:
    for method in METHODS:
        if isinstance(item.value.get(method), dict):
            yield Operation(path, method, inside(item, method), item)
    more = member(document, item, "additionalOperations")  # of OpenAPI 3.2
    for method in more.value if more is not None else ():
        if isinstance(more.value[method], dict):  # type: ignore[union-attr] # there is one to loop over
            yield Operation(path, method.lower(), inside(item, "additionalOperations", method), item)
