"""Reading `xpconfig.toml` as a file: what can be wrong before a single key is looked at."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.config.problems import InvalidConfigError, Mistake, Place, Span, quoted
from xptasks.errors import ConfigError

NAME = "xpconfig.toml"
SIZE_LIMIT = 256 * 1024
_DOT_LIMIT = 100  # reading a key takes time and memory that grow with the square of its dots
_BYTE_ORDER_MARK = "\ufeff"  # some editors on Windows write it first
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WHERE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)
_SMALLEST = f'a {NAME} starts with: version = 1, then [project] with name = "my-project"'

_ADVICE = {
    "Invalid value": ("there is no valid value here", 'texts stand in quotes: name = "projects"; lists in [ ]'),
    "Expected '=' after a key": ("a '=' is missing after the key", "write it as: key = value"),
    "Expected ']'": ("the name of the table is not closed", "write it as: [tiers.fast]"),
    "Expected newline": (
        "something is left over after the value",
        "one key a line; texts stand in quotes, and a comment begins with '#'",
    ),
    "Unclosed array": ("the list is not closed, or a ',' is missing", 'write it as: ["lint", "unit"]'),
    "Unclosed inline table": ("the inline table is not closed", "write it on one line: { a = 1, b = 2 }"),
    'Expected "\'"': ("the text is not closed", "it ends with the same quote as it begins"),
    "Unterminated string": ("the text is not closed", "it ends with the same quotes as it begins"),
    "Illegal character": ("the text is not closed", "it ends on the line where it begins, with the same quote"),
    "Cannot mutate immutable": ("an inline table is complete as it stands", "add the key between its { and }"),
    "Unescaped '\\'": ("a backslash stands alone in a text", "write '\\\\', or put the text in single quotes"),
    "Invalid statement": (
        "neither a key nor a table begins here",
        "keys other than a-z, 0-9, '_' and '-' stand in quotes",
    ),
    "Invalid initial character for a key part": ("the key is incomplete", "write it as: key = value"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is valid TOML; `values` is what it holds."""

    path: Path
    text: str
    values: dict[str, Any]


def read(path: Path) -> Document:
    """Read a TOML file.

    Raises:
        ConfigError: it is missing, too large, not text or not TOML.
    """
    text = _decode(_bytes(path))
    return Document(path, text, parse(text))


def _bytes(path: Path) -> bytes:
    try:
        # Looked at before it is opened: opening a pipe would wait for its other end.
        if path.exists() and not path.is_file():
            raise ConfigError("this is not a regular file", where=NAME, hint=f"put a text file there; {_SMALLEST}")
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise ConfigError(f"there is no such file in {path.parent}", where=NAME, hint=_SMALLEST) from None
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", where=NAME, hint="check its permissions") from None
    if len(content) > SIZE_LIMIT:
        raise ConfigError(f"it is larger than {SIZE_LIMIT // 1024} KiB", where=NAME, hint="is this the right file?")
    return content


def _decode(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content[: error.start].decode().removeprefix(_BYTE_ORDER_MARK))
        hint = "save the file as UTF-8"
        raise ConfigError("it is not UTF-8 text", where=f"{NAME}:{line}:{column}", hint=hint) from None
    return text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")


def parse(text: str) -> dict[str, Any]:
    """The values of a TOML text with plain newlines.

    Raises:
        InvalidConfigError: the text is not TOML, with the first place where it is not.
    """
    _refuse_control_characters(text)
    _refuse_long_keys(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(text, str(error)) from None
    except ValueError:  # Python refuses to read whole numbers of thousands of digits
        raise ConfigError("a number has too many digits", where=NAME, hint="no key takes such a number") from None
    except RecursionError:
        raise ConfigError("lists or tables are nested too deeply", where=NAME, hint="no key needs that") from None


def _refuse_control_characters(text: str) -> None:
    found = _CONTROL.search(text)
    if found:
        line, column = _line_and_column(text[: found.start()])
        message = f"a control character (U+{ord(found[0]):04X}) stands in the file"
        raise _error(text, Span.point(line, column), message, "delete it")


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _refuse_long_keys(text: str) -> None:
    if text.count(".") <= _DOT_LIMIT:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > _DOT_LIMIT and not line.lstrip().startswith("#"):
            hint = "spread a long list over several lines"
            raise ConfigError(f"the line has more than {_DOT_LIMIT} dots", where=f"{NAME}:{number}:1", hint=hint)


def _syntax(text: str, complaint: str) -> InvalidConfigError:
    found = _WHERE.match(complaint)
    said, line, column = found.groups() if found else (complaint, None, None)
    at = (int(line), int(column)) if line and column else _line_and_column(text.rstrip("\n"))
    if said.startswith(("Cannot overwrite", "Cannot declare")):
        return _twice(text, at)
    words = next((advice for start, advice in _ADVICE.items() if said.startswith(start)), (said, "see https://toml.io"))
    return _error(text, Span.point(*at), *words)


def _twice(text: str, at: tuple[int, int]) -> InvalidConfigError:
    from xptasks.config.positions import locate  # noqa: PLC0415 - the parser is loaded only when there is an error

    found = locate(text)
    if not found.repeated:
        return _error(text, Span.point(*at), "a key or a table is given twice", "keep one of the two")
    path, first, second = found.repeated[0]
    hint = f"it is given first in line {found.span(first).line}; keep one of the two"
    return _error(text, found.span(second), f"{quoted('.'.join(map(str, path)))} is given twice", hint)


def _error(text: str, span: Span, message: str, hint: str) -> InvalidConfigError:
    return InvalidConfigError([Mistake(Place(NAME, span, text), message, hint)])
