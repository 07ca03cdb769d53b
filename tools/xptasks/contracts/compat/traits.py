"""Operations and messages of AsyncAPI with what their traits add.

Traits are merged as JSON Merge Patch (RFC 7396) does it, in their order. In 2.x they are put onto the object, so that a
trait wins; in 3.x what the object says itself wins, and a later trait wins over an earlier one.
"""

import posixpath
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from xptasks.contracts import references
from xptasks.contracts.compat.places import entry, follow, inside, items
from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.source import Fault

_SECOND = 2  # the major version in which traits win
_DEEPEST = 20  # objects inside of each other that are merged


@dataclass(frozen=True, slots=True)
class Merged:
    """An object and its traits; `holders` are both, the strongest first."""

    document: Document
    here: Location
    holders: tuple[Location, ...]

    def get(self, word: str) -> Location | None:
        """What is said with this word, merged where several say it; references are left in where only one does."""
        found = [inside(holder, word) for holder in self.holders if word in holder.value]
        if not found or found[0].value is None:
            return None
        ends = [followed for one in found if (followed := follow(self.document, one)) is not None]
        objects = list(takewhile(lambda one: isinstance(one.value, dict), ends))
        if len(objects) <= 1:
            return found[0]
        value: dict[str, Any] = {}
        for one in reversed(objects):
            value = _patched(self, value, one, _DEEPEST)
        return Location(self.here.file, self.here.pointer + join_pointer(word), value)

    def text(self, word: str) -> str | None:
        """What is said with this word if it is text."""
        found = self.get(word)
        return found.value if found is not None and isinstance(found.value, str) else None

    def member(self, word: str) -> Location | None:
        """The object with this name, references followed; None without one."""
        found = self.get(word)
        end = follow(self.document, found) if found is not None else None
        return end if end is not None and isinstance(end.value, dict) else None


def with_traits(document: Document, here: Location) -> Merged:
    """An operation or a message with its traits."""
    traits = list(items(document, here, "traits"))[::-1]
    second = document.version[0] == _SECOND
    return Merged(document, here, (*traits, here) if second else (here, *traits))


def _patched(merged: Merged, value: dict[str, Any], patch: Location, depth: int) -> dict[str, Any]:
    """A value of the object's own file with a patch put onto it."""
    result = dict(value)
    for key in patch.value:
        new, old = entry(merged.document, patch, key), result.get(key)
        if new is None or new.value is None:
            result.pop(key, None)
        elif isinstance(new.value, dict) and isinstance(old, dict) and depth:
            result[key] = _patched(merged, _followed(merged, old), new, depth - 1)
        else:
            result[key] = _moved(patch.value[key], patch.file, merged.here.file)
    return result


def _followed(merged: Merged, value: dict[str, Any]) -> dict[str, Any]:
    """A value of the object's own file, its reference followed."""
    if not isinstance(value.get("$ref"), str):
        return value
    with suppress(Fault):
        end = merged.document.follow(merged.document.resolve(value["$ref"], merged.here.file))
        if isinstance(end.value, dict):
            found: dict[str, Any] = _moved(end.value, end.file, merged.here.file)
            return found
    return value


def _moved(value: Any, file: str, home: str) -> Any:  # noqa: ANN401 - any JSON value
    """A value of one file as another file has to write it: the text of its references is relative to the file."""
    if file == home:
        return value
    if isinstance(value, list):
        return [_moved(item, file, home) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _reference(inner, file, home) if key == "$ref" and isinstance(inner, str) else _moved(inner, file, home)
        for key, inner in value.items()
    }


def _reference(text: str, file: str, home: str) -> str:
    try:
        target, fragment = references.split(text, file)
    except Fault:
        return text
    return f"{posixpath.relpath(target, posixpath.dirname(home) or '.')}#{quote(fragment)}"
