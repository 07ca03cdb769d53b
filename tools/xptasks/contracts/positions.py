"""Where in a file a JSON Pointer leads: built from the text when a message needs it, never for a contract without one.

A spot is `(line, column, inside)`; `inside` maps a key to its own place and the spot of its value, or lists spots.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol


class Spot(NamedTuple):
    """Where a value begins, and what is inside; line and column count from 1, in characters."""

    line: int
    column: int
    inside: "dict[str, Entry] | list[Spot] | None"


class Entry(NamedTuple):
    """A member of a mapping: where its key begins, and its value."""

    line: int
    column: int
    value: Spot


class Finder(Protocol):
    """Finds places in one text."""

    def locate(self, tokens: tuple[str, ...], *, value: bool = False) -> tuple[int, int]:
        """The place of the member that the tokens of a JSON Pointer lead to, or of the last one that exists on the way.

        Args:
            tokens: the unescaped tokens of the pointer.
            value: the place of the value and not of its key.
        """


def finder(text: str, *, is_json: bool) -> Finder:
    """For a text that was parsed before without a fault."""
    if is_json:
        from xptasks.contracts.json_places import JsonFinder  # noqa: PLC0415 - YAML does not need it

        return JsonFinder(text)
    return _YamlFinder(text)


class _YamlFinder:
    """Knows the whole text as a tree of spots."""

    def __init__(self, text: str) -> None:
        tree = _Tree()
        for kind, place, name in _yaml_steps(text):
            tree.take(kind, place, name)
        self._root = tree.root

    def locate(self, tokens: tuple[str, ...], *, value: bool = False) -> tuple[int, int]:
        here, place = self._root, (self._root.line, self._root.column)
        for token in tokens:
            step = _step(here, token)
            if step is None:
                break
            place, here = step
        return (here.line, here.column) if value else place


def _step(spot: Spot, token: str) -> tuple[tuple[int, int], Spot] | None:
    inside = spot.inside
    if isinstance(inside, dict) and token in inside:
        entry = inside[token]
        return (entry.line, entry.column), entry.value
    if isinstance(inside, list) and token.isascii() and token.isdigit() and int(token) < len(inside):
        item = inside[int(token)]
        return (item.line, item.column), item
    return None


class _Tree:
    """Puts spots together from steps: `{` `[` open, `)` closes, `.` is a scalar or a key, `*` an alias."""

    def __init__(self) -> None:
        self.root = Spot(1, 1, None)
        self._open: list[Spot] = []
        self._keys: list[tuple[str, int, int] | None] = []
        self._anchors: dict[str, Spot] = {}

    def take(self, kind: str, place: tuple[int, int], name: tuple[str, str | None]) -> None:
        text, anchor = name
        if kind == ")":
            self._close()
        elif self._open and isinstance(self._open[-1].inside, dict) and self._keys[-1] is None:
            self._keys[-1] = (text, *place)
        else:
            spot = (
                self._anchors[text] if kind == "*" else Spot(*place, {} if kind == "{" else [] if kind == "[" else None)
            )
            if anchor is not None:
                self._anchors[anchor] = spot
            self._put(spot, place)
            if kind in "{[":
                self._open.append(spot)
                self._keys.append(None)

    def _put(self, spot: Spot, place: tuple[int, int]) -> None:
        inside = self._open[-1].inside if self._open else None
        if inside is None:
            self.root = spot
        elif isinstance(inside, list):
            # An alias stands where it is written; what is inside of it stands where it was anchored.
            inside.append(spot._replace(line=place[0], column=place[1]))
        else:
            key = self._keys[-1]
            assert key is not None  # noqa: S101 - take() set it before it puts a value
            inside[key[0]] = Entry(key[1], key[2], spot)
            self._keys[-1] = None

    def _close(self) -> None:
        inside = self._open.pop().inside
        self._keys.pop()
        if isinstance(inside, dict) and "<<" in inside:
            _merge(inside)


def _merge(inside: dict[str, Entry]) -> None:
    merged = inside["<<"].value
    for spot in merged.inside if isinstance(merged.inside, list) else [merged]:
        if isinstance(spot.inside, dict):
            for key, entry in spot.inside.items():
                inside.setdefault(key, entry)


_Steps = Iterator[tuple[str, tuple[int, int], tuple[str, str | None]]]


def _yaml_steps(text: str) -> _Steps:
    import yaml  # noqa: PLC0415 - JSON does not need it

    from xptasks.contracts.yaml_text import events, mark  # noqa: PLC0415

    kinds: dict[type, str] = {yaml.MappingStartEvent: "{", yaml.SequenceStartEvent: "[", yaml.ScalarEvent: "."}
    kinds |= {yaml.MappingEndEvent: ")", yaml.SequenceEndEvent: ")", yaml.AliasEvent: "*"}
    for event in events(text):
        kind = kinds.get(type(event))
        if kind is None:
            continue
        anchor = getattr(event, "anchor", None)
        if kind == "*":
            yield kind, mark(event), (anchor or "", None)
        else:
            yield kind, mark(event), (getattr(event, "value", ""), anchor)


def split_pointer(pointer: str) -> tuple[str, ...]:
    """The unescaped tokens of a JSON Pointer; none for the whole document."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def join_pointer(*tokens: Any) -> str:  # noqa: ANN401
    """The JSON Pointer of tokens."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
