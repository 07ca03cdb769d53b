"""YAML with comments from plain values: deterministic, and read back as the same by every reader of YAML 1.1 and 1.2.

No emitter at hand writes comments, and the little that is needed is block style with scalars. PyYAML decides which
text may stand without quotes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z./$_][^\n\t]*")
# Words that some reader takes for a boolean, null or a number.
_WORDS = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|[0-9._]+|\.(inf|nan))")
_ON = "on"  # every workflow has it without quotes
_KEY = re.compile(r"[A-Za-z_.][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with a comment above it, or beside it (for a scalar)."""

    value: object
    above: str = ""
    beside: str = ""


def write(data: Mapping[str, object], header: str) -> str:
    """The text of a file.

    Args:
        data: mappings, lists, texts, numbers, booleans and None; any of them may be `Noted`.
        header: comment lines at the top.
    """
    lines = [*_comment(header, ""), ""]
    for key, value in data.items():
        lines += [*_entry(key, value, ""), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"{indent}# {line}".rstrip()


def _entry(key: str, noted: object, indent: str) -> Iterator[str]:
    value, beside, above = _parts(noted)
    yield from _comment(above, indent)
    shown = key if _KEY.fullmatch(key) and (key == _ON or not _WORDS.fullmatch(key)) else json.dumps(key)
    yield from _valued(f"{indent}{shown}:", value, beside, indent)


def _valued(head: str, value: object, beside: str, indent: str) -> Iterator[str]:
    """What follows a key or a dash: on the same line where it is short, below it otherwise."""
    if isinstance(value, Mapping) and value:
        yield head
        for number, (key, each) in enumerate(value.items()):
            yield from _spaced(number, each, _entry(key, each, indent + _INDENT))
    elif isinstance(value, str) and "\n" in value and _fits_a_block(value):
        yield f"{head} |"
        yield from (f"{indent}{_INDENT}{line}".rstrip() for line in value.splitlines())
    elif isinstance(value, list | tuple) and value:
        yield from _list(head, value, indent)
    else:
        yield f"{head}{_scalar(value)}{f'  # {beside}' if beside else ''}"


def _fits_a_block(text: str) -> bool:
    """Whether readers get a text of several lines back from a block, but for a newline at its end."""
    lines = text.removesuffix("\n").split("\n")
    outer = lines[0].strip() and lines[-1] and not lines[0].startswith(" ")
    return bool(outer) and all(line.isprintable() and line == line.rstrip() for line in lines)


def _spaced(number: int, value: object, lines: Iterator[str]) -> Iterator[str]:
    """What has a comment above it gets air."""
    if number and isinstance(value, Noted) and value.above:
        yield ""
    yield from lines


def _list(head: str, values: Sequence[object], indent: str) -> Iterator[str]:
    if all(isinstance(value, str | int) and " " not in str(value) for value in values):
        shown = ", ".join(_scalar(value, inside=True).strip() for value in values)
        yield f"{head} [{shown}]"
        return
    yield head
    for noted in values:
        value, _, above = _parts(noted)
        yield from _comment(above, indent + _INDENT)
        lines = (
            list(_valued("", value, "", indent + _INDENT))[1:]
            if isinstance(value, Mapping) and value
            else [_scalar(value)]
        )
        first = lines[0].strip()
        yield f"{indent}{_INDENT}- {first}"
        yield from lines[1:]


def _parts(noted: object) -> tuple[object, str, str]:
    return (noted.value, noted.beside, noted.above) if isinstance(noted, Noted) else (noted, "", "")


def _scalar(value: object, *, inside: bool = False) -> str:
    """With a blank before it; nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return f" {str(value).lower()}"
        case int():
            return f" {value}"
        case str():
            return f" {value if _may_be_plain(value, inside=inside) else json.dumps(value, ensure_ascii=False)}"
        case Mapping():
            return " {}"
    return " []"


def _may_be_plain(text: str, *, inside: bool) -> bool:
    from yaml import CSafeLoader, YAMLError, load  # noqa: PLC0415 - `inv --list` does not wait for it

    if not _PLAIN.fullmatch(text) or _WORDS.fullmatch(text) or (inside and set(text) & set("[]{},")):
        return False
    try:
        return bool(
            load(f"[{text}]" if inside else f"key: {text}", CSafeLoader) == ([text] if inside else {"key": text})
        )
    except YAMLError:
        return False
