"""Text from a contract inside generated files: it can be read, and it can never become code."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from textwrap import wrap

# What an editor or a compiler may treat as the end of a line, or does not show: controls, line separators, direction
# overrides, surrogates that no file can hold, and the byte order mark.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str, spell: Callable[[int], str]) -> str:
    """The text with every unsafe character spelled out by `spell`, which gets its code point."""
    return _UNSAFE.sub(lambda match: spell(ord(match[0])), text)


def plain(text: str) -> str:
    """For comments, where nothing can be escaped: unsafe characters become `U+202E`, every line end a newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\v", "\n")
    return visible(text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\x85", "\n"), "U+{:04X}".format)


def quoted(text: str) -> str:
    """A string literal in double quotes for Python, JSON and TypeScript."""
    return f'"{_escaped(text)}"'


@lru_cache(maxsize=65536)
def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return visible(text, "\\u{:04x}".format)


def paragraphs(text: str, width: int) -> Iterator[str]:
    """The lines of a text, trimmed, wrapped where they are too long and not code or a table."""
    for line in plain(text).strip().expandtabs(4).splitlines():
        line = line.rstrip()  # noqa: PLW2901 - the same line
        if len(line) <= width or line.lstrip().startswith(("|", "```", "http")):
            yield line
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        yield from wrap(
            line, max(width, 40), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
