"""Pieces of TypeScript that emitted files are made of: literals, comments, and lines that are not too long."""

import json
import re
from collections.abc import Iterable, Iterator
from math import isinf
from typing import Final

from xptasks.contracts.model.types import Json
from xptasks.contracts.writing.text import paragraphs, quoted

WIDTH: Final = 120
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_OPENING = re.compile(r"[(\[{]")
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]{},]')
_OWN_PROTO = '["__proto__"]'
_TAG = re.compile(r"^(\s*)@", re.MULTILINE)


def comment(text: str, rules: str, indent: str = "", *, deprecated: bool = False) -> list[str]:
    """A doc comment that nothing in it can end, and in which only our own tags are tags."""
    told = "\n\n".join(part for part in (text, rules) if part)
    if not told:
        return []
    safe = _TAG.sub(r"\1\\@", "\n".join(paragraphs(told, WIDTH - len(indent) - 3))).replace("*/", "*\\/")
    lines = [*safe.split("\n"), *(["@deprecated"] if deprecated else [])]
    if len(lines) == 1 and len(lines[0]) + len(indent) + 7 <= WIDTH:
        return [f"{indent}/** {lines[0]} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def property_name(wire: str) -> str:
    """The name as it stands before `:`, in quotes unless it is an identifier."""
    return wire if _IDENTIFIER.fullmatch(wire) and wire != "__proto__" else quoted(wire)


def table(pairs: Iterable[tuple[str, str]]) -> str:
    """An object literal. `__proto__` would not become a property, `["__proto__"]` does."""
    members = [f"{property_name(name) if name != '__proto__' else _OWN_PROTO}: {value}" for name, value in pairs]
    return f"{{ {', '.join(members)} }}" if members else "{}"


def literal(value: Json) -> str:
    """A JSON value as a TypeScript literal, in a type as well as in code."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return table((str(name), literal(item)) for name, item in value.items())
    if isinstance(value, float) and isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return json.dumps(value)


def alternatives(name: str, kinds: list[str], docs: Iterable[str] = ()) -> Iterator[str]:
    """A type's name for these alternatives, one a line when they are many or explained."""
    line = f"export type {name} = {' | '.join(kinds)};"
    explained = dict(zip(kinds, docs, strict=False))
    if (len(line) <= WIDTH or len(kinds) == 1) and not any(explained.values()):
        yield line
        return
    yield f"export type {name} ="
    for index, kind in enumerate(kinds):
        yield from comment(explained.get(kind, ""), "", "  ")
        yield f"  | {kind}{';' if index == len(kinds) - 1 else ''}"


def spread(text: str, indent: str) -> Iterator[str]:
    """The lines of a call: while one is too long, what stands in its outermost bracket gets lines of its own."""
    opening = None if len(indent) + len(text) <= WIDTH else _OPENING.search(text)
    if opening is None:
        yield indent + text
        return
    parts, closing = _parts(text, opening.start())
    if not parts:
        yield indent + text
        return
    yield f"{indent}{text[: opening.end()]}"
    for part in parts:
        yield from spread(f"{part},", f"{indent}  ")
    yield f"{indent}{text[closing:]}"


def _parts(text: str, opening: int) -> tuple[list[str], int]:
    """What the commas of this bracket part, and where it closes; strings are passed over."""
    found, depth, start = [], 0, opening + 1
    for match in _SIGN.finditer(text, opening):
        sign = match[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        if (sign == "," and depth == 1) or (sign in ")]}" and not depth):
            found.append(text[start : match.start()].strip())
            start = match.end()
        if not depth:
            return [part for part in found if part], match.start()
    return [], len(text)
