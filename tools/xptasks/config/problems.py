"""A mistake as its user sees it: place, message, the line with a caret under it, and what to do."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xptasks.errors import ConfigError

_SHOWN = 100  # mistakes; somebody who has more of them has given the wrong file
_WIDTH = 120
_INDENT = "    "


class Span(NamedTuple):
    """A piece of text: lines and columns count from 1 in characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def point(cls, line: int, column: int) -> "Span":
        """A single character."""
        return cls(line, column, line, column + 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mistake is: a span of a file's text, or (without a span) something that has no lines, like a variable.

    `hidden` are pieces of the text that must not be shown.
    """

    name: str
    span: Span | None = None
    text: str = ""
    hidden: Sequence[Span] = ()

    def __str__(self) -> str:
        return f"{self.name}:{self.span.line}:{self.span.column}" if self.span else self.name


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, where it is, and what to do about it."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The block of text that its user reads."""
        lines = [f"{self.place}: {self.message}", *_excerpt(self.place)]
        return "\n".join([*lines, f"  {self.hint}"] if self.hint else lines)


class InvalidConfigError(ConfigError):
    """Every mistake that was found; its text has one block for each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        blocks = [str(mistake) for mistake in self.mistakes[:_SHOWN]]
        more = ["... and more mistakes"] if len(self.mistakes) > _SHOWN else []
        super().__init__("\n\n".join([*blocks, *more]))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    wanted = name.lower().replace("-", "_")
    return next(iter(difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.6)), None)


def quoted(name: object) -> str:
    """A name from the user, safe for a terminal and not longer than a line."""
    text = "".join(map(_visible, str(name)))
    return f"'{text[:60]}...'" if len(text) > 60 else f"'{text}'"  # noqa: PLR2004 - the line above says it


def _excerpt(place: Place) -> list[str]:
    if place.span is None:
        return []
    line = place.text.split("\n")[place.span.line - 1]
    if not line.strip():
        return []
    start = place.span.column - 1
    end = place.span.end_column - 1 if place.span.end_line == place.span.line else len(line.rstrip())
    pieces = _cut(_cover(line, place), start, max(end, start + 1))
    before, marked, after = ("".join(map(_visible, piece)) for piece in pieces)
    return [
        f"{_INDENT}{before}{marked}{after}".rstrip(),
        f"{_INDENT}{' ' * _columns(before)}{'^' * max(1, _columns(marked))}",
    ]


def _cover(line: str, place: Place) -> str:
    """Blank out what must not be shown; the length stays, so that the columns do."""
    number = place.span.line if place.span else 0
    for span in place.hidden:
        if span.line <= number <= span.end_line:
            start = span.column - 1 if span.line == number else 0
            end = span.end_column - 1 if span.end_line == number else len(line)
            line = line[:start] + "*" * (end - start) + line[end:]
    return line


def _cut(line: str, start: int, end: int) -> tuple[str, str, str]:
    """The line before, in and after the marked piece; of a long line only what is around the mark."""
    if len(line) <= _WIDTH:
        return line[:start], line[start:end], line[end:]
    first = max(0, min(start - _WIDTH // 2, len(line) - _WIDTH))
    last = min(len(line), first + _WIDTH)
    before, after = ("..." if first else "") + line[first:start], line[min(end, last) : last]
    return before, line[start : min(end, last)], after + ("..." if last < len(line) else "")


def _visible(character: str) -> str:
    if character == "\t":
        return _INDENT
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _columns(text: str) -> int:
    """How many columns of a terminal a text fills: two for each wide character, none for a combining one."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)
