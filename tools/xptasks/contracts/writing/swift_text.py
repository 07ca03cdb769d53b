"""Swift's spelling: literals, documentation comments, layout."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from xptasks.contracts.model.types import Json
from xptasks.contracts.writing.text import paragraphs, visible

WIDTH = 120
_INT64 = range(-(2**63), 2**63)


def swift_string(text: str) -> str:
    r"""A string literal. A backslash never stays alone, so that `\(...)` is text."""
    return f'"{_escaped(text)}"'


@lru_cache(maxsize=65536)
def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return visible(text, _code_point)


def _code_point(number: int) -> str:
    """Half a surrogate pair is no character in Swift."""
    return "\\u{fffd}" if 0xD800 <= number <= 0xDFFF else f"\\u{{{number:x}}}"  # noqa: PLR2004 - Unicode's range


def is_int64(value: Json) -> bool:
    """True for what Swift's Int holds."""
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT64


def number_literal(value: float) -> str:
    """A literal of a Double: also for integers that are too large for Int."""
    text = repr(float(value))
    return text if "e" in text or "." in text else f"{text}.0"


def json_literal(value: Json) -> str:  # noqa: PLR0911 - one for each kind
    """A literal of the type `JSONValue`."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return swift_string(value)
    if isinstance(value, list):
        return f"[{', '.join(map(json_literal, value))}]"
    if isinstance(value, dict):
        items = (f"{swift_string(str(key))}: {json_literal(item)}" for key, item in value.items())
        return f"[{', '.join(items) or ':'}]"
    if float(value).is_integer() and is_int64(int(value)):
        return str(int(value))
    return number_literal(value)


def comment(text: str, indent: str = "") -> Iterator[str]:
    """The lines of a documentation comment; none for an empty text."""
    if text:
        for line in paragraphs(text, WIDTH - len(indent) - 4):
            yield f"{indent}/// {line}" if line else f"{indent}///"


def call(head: str, arguments: Iterable[str], tail: str) -> list[str]:
    """`head(a, b)tail` on one line when it fits, otherwise each argument on a line of its own."""
    arguments = list(arguments)
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= WIDTH or not arguments:
        return [line]
    indent = " " * (len(head) - len(head.lstrip()))
    *others, last = arguments
    return [f"{head}(", *(f"{indent}    {argument}," for argument in others), f"{indent}    {last}", f"{indent}){tail}"]
