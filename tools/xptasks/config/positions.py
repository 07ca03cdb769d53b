"""Where each key and value of a TOML text stands. Loaded only to report a mistake or an origin: the parser is large."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from xptasks.config.problems import Span

Path = tuple[str | int, ...]
"""The way to a value: names of keys and numbers (from 0) of list items."""


_Raw = tuple[int, int, int, int]
"""A span as the parser counts it: rows from 0, columns in bytes from 0."""


@dataclass(slots=True)
class Positions:
    """The spans of keys and values, and of what is given twice (path, first, second)."""

    lines: list[bytes]
    keys: dict[Path, _Raw] = field(default_factory=dict)
    values: dict[Path, _Raw] = field(default_factory=dict)
    headers: dict[Path, _Raw] = field(default_factory=dict)
    repeated: list[tuple[Path, _Raw, _Raw]] = field(default_factory=list)

    def key(self, path: Path) -> Span:
        """Where the key stands, or the nearest table around it."""
        ways = (path[:length] for length in range(len(path), 0, -1))
        return next((self.span(self.keys[way]) for way in ways if way in self.keys), Span.point(1, 1))

    def value(self, path: Path) -> Span:
        """Where the value stands; for a table, its name."""
        return self.span(self.values[path]) if path in self.values else self.key(path)

    def span(self, raw: _Raw) -> Span:
        """Count as people do: from 1, and characters."""
        row, column, end_row, end_column = raw
        return Span(row + 1, self._characters(row, column) + 1, end_row + 1, self._characters(end_row, end_column) + 1)

    def _characters(self, row: int, column: int) -> int:
        return len(self.lines[row][:column].decode("utf-8", "ignore"))


def locate(text: str) -> Positions:
    """Find every key and value of a TOML text with plain newlines."""
    source = text.encode()
    walk = _Walk(Positions(source.split(b"\n")))
    walk.document(Parser(Language(tree_sitter_toml.language())).parse(source).root_node)
    return walk.found


class _Walk:
    """One pass over the syntax tree; `items` counts the elements of each `[[table]]` so far."""

    def __init__(self, found: Positions) -> None:
        self.found = found
        self.items: dict[Path, int] = {}

    def document(self, root: Node) -> None:
        for node in root.children:
            if node.type == "pair":
                self.pair((), node)
            elif node.type == "table":
                self.table(node)
            elif node.type == "table_array_element":
                self.element(node)

    def table(self, node: Node) -> None:
        path: Path = ()
        for path, span in self.header(node):
            self.found.keys.setdefault(path, span)
        self.once(self.found.headers, path, _raw(node.children[1]))
        self.pairs(self.item(path), node)

    def element(self, node: Node) -> None:
        path: Path = ()
        for path, span in self.header(node):
            self.found.keys.setdefault(path, span)
        self.items[path] = self.items.get(path, -1) + 1
        self.found.keys[self.item(path)] = _raw(node.children[1])
        self.pairs(self.item(path), node)

    def header(self, node: Node) -> Iterator[tuple[Path, _Raw]]:
        path: Path = ()
        for name, span in self.parts(node.children[1]):
            path = (*self.item(path), name)
            yield path, span

    def item(self, path: Path) -> Path:
        return (*path, self.items[path]) if path in self.items else path

    def pairs(self, base: Path, node: Node) -> None:
        for child in node.children:
            if child.type == "pair":
                self.pair(base, child)

    def pair(self, base: Path, node: Node) -> None:
        path = base
        for name, span in self.parts(node.children[0]):
            path = (*path, name)
            self.found.keys.setdefault(path, span)
        # key, '=', value; the parser counts a comment behind them to the pair.
        self.once(self.found.values, path, _raw(node.children[2]), span)
        self.inner(path, node.children[2])

    def once(self, known: dict[Path, _Raw], path: Path, span: _Raw, key: _Raw | None = None) -> None:
        given = path in self.found.values or path in self.found.headers
        known.setdefault(path, span)
        if given:
            self.found.repeated.append((path, self.found.keys[path], key or span))

    def inner(self, path: Path, node: Node) -> None:
        if node.type == "inline_table":
            self.pairs(path, node)
        elif node.type == "array":
            values = (child for child in node.children if child.is_named and child.type != "comment")
            for number, child in enumerate(values):
                self.found.values[(*path, number)] = _raw(child)
                self.inner((*path, number), child)

    def parts(self, node: Node) -> Iterator[tuple[str, _Raw]]:
        if node.type == "dotted_key":
            for child in node.children:
                yield from self.parts(child)
        elif node.type in {"bare_key", "quoted_key"}:
            text = (node.text or b"").decode()
            yield (next(iter(tomllib.loads(f"{text} = 0"))) if node.type == "quoted_key" else text), _raw(node)


def _raw(node: Node) -> _Raw:
    return (*node.start_point, *node.end_point)
