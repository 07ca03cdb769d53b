"""Places in a JSON text, found by reading only what leads there: what stands beside is stepped over by the parser."""

import json
import re
from bisect import bisect_left
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not list it

_SPACE = re.compile(r"[ \t\n\r]*")
_BREAK = re.compile("\n")

_Member = tuple[int, int]  # where the key (of an item: the value) begins, and the value


class JsonFinder:
    """The finder of a text that was parsed before without a fault; remembers what it read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._skip = json.JSONDecoder().raw_decode
        self._inside: dict[int, dict[str, _Member]] = {}

    def locate(self, tokens: tuple[str, ...], *, value: bool = False) -> tuple[int, int]:
        """As `Finder` says."""
        place = here = self._after_space(0)
        for token in tokens:
            found = self._members(here).get(token)
            if found is None:
                break
            place, here = found
        return self._line_and_column(here if value else place)

    def _members(self, start: int) -> dict[str, _Member]:
        if start not in self._inside:
            opening = self._text[start]
            self._inside[start] = self._object(start) if opening == "{" else self._list(start) if opening == "[" else {}
        return self._inside[start]

    def _object(self, start: int) -> dict[str, _Member]:
        found: dict[str, _Member] = {}
        here = self._after_space(start + 1)
        while self._text[here] != "}":
            name, end = scanstring(self._text, here + 1)
            value = self._after_space(self._after_space(end) + 1)
            found[name] = (here, value)
            here = self._next(value)
        return found

    def _list(self, start: int) -> dict[str, _Member]:
        found: dict[str, _Member] = {}
        here = self._after_space(start + 1)
        while self._text[here] != "]":
            found[str(len(found))] = (here, here)
            here = self._next(here)
        return found

    def _next(self, value: int) -> int:
        """What follows a value: the next member, or the bracket that closes."""
        here = self._after_space(self._skip(self._text, value)[1])
        return self._after_space(here + 1) if self._text[here] == "," else here

    def _after_space(self, index: int) -> int:
        found = _SPACE.match(self._text, index)
        assert found is not None  # noqa: S101 - it matches the empty text
        return found.end()

    def _line_and_column(self, index: int) -> tuple[int, int]:
        before = bisect_left(self._breaks, index)
        return before + 1, index - (self._breaks[before - 1] if before else -1)

    @cached_property
    def _breaks(self) -> list[int]:
        return [match.start() for match in _BREAK.finditer(self._text)]
