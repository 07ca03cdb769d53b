"""Steps through a contract: what is missing is empty, what is a reference is followed."""

from collections.abc import Iterator
from contextlib import suppress

from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.source import Fault


def root(document: Document) -> Location:
    """The whole contract."""
    return Location(document.name, "", document.value)


def inside(here: Location, *tokens: str) -> Location:
    """A member; one that is missing is an empty one at the same place."""
    value = here.value
    for token in tokens:
        if not isinstance(value, dict) or token not in value:
            return Location(here.file, here.pointer, {})
        value = value[token]
    return Location(here.file, here.pointer + join_pointer(*tokens), value)


def follow(document: Document, here: Location) -> Location | None:
    """Where references end; None when they lead nowhere."""
    with suppress(Fault):
        return document.follow(here)
    return None


def member(document: Document, here: Location, token: str) -> Location | None:
    """The object with this name, references followed; None without one."""
    if not isinstance(here.value, dict) or token not in here.value:
        return None
    found = follow(document, inside(here, token))
    return found if found is not None and isinstance(found.value, dict) else None


def entry(document: Document, here: Location, token: str) -> Location | None:
    """Whatever has this name, references followed; None without it."""
    if not isinstance(here.value, dict) or token not in here.value:
        return None
    return follow(document, inside(here, token))


def members(document: Document, here: Location, *tokens: str) -> Iterator[tuple[str, Location]]:
    """The named members of a collection, references followed, extensions left out."""
    for token in tokens:
        inner = member(document, here, token)
        if inner is None:
            return
        here = inner
    for name in here.value:
        if not name.startswith("x-") or tokens[-1:] in (("headers",), ("x-webhooks",)):
            found = member(document, here, name)
            if found is not None:
                yield name, found


def items(document: Document, here: Location, token: str) -> Iterator[Location]:
    """The objects in a list with this name, references followed."""
    listed = here.value.get(token) if isinstance(here.value, dict) else None
    for index, value in enumerate(listed if isinstance(listed, list) else ()):
        item = Location(here.file, here.pointer + join_pointer(token, index), value)
        found = follow(document, item)
        if found is not None and isinstance(found.value, dict):
            yield found
