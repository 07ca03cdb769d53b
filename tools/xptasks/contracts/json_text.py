"""JSON text to values; refuses what `json.loads` lets pass: duplicate keys, NaN, lone surrogates, deep nesting."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from xptasks.contracts.source import Fault, Limits, containers

# The places where JSON text has meaning: strings, brackets, punctuation, and runs of anything else (numbers, words).
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGITS = 309  # a double has no finite number with more


class _DuplicateKeyError(Exception):
    """Carries the key out of the parser, which cannot say where it is."""


def parse(text: str, limits: Limits) -> tuple[Any, int]:
    """The value of a JSON text and how many values it holds.

    Raises:
        Fault: the text is not JSON, or uses what other readers understand differently.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=finite_float,
            parse_int=bounded_int,
        )
    except json.JSONDecodeError as error:
        raise Fault(f"is not JSON: {error.msg}", "contract-syntax", error.lineno, error.colno) from None
    except RecursionError:
        raise too_deep(limits, *_first(text, _Depth(limits))) from None
    except _DuplicateKeyError as error:
        raise _duplicate(text, str(error)) from None
    except ValueError as error:
        raise Fault(str(error), "contract-number", *_first(text, _is_no_number)) from None
    if _SURROGATE_ESCAPE.search(text) and (place := _first(text, _is_half)):
        raise Fault("half a surrogate pair", "contract-encoding", *place)
    return value, _count(value, text, limits)


def finite_float(text: str) -> float:
    """A float, refused when it is beyond what a double holds."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {shorten(text)} is out of range")
    return value


def bounded_int(text: str) -> int:
    """An integer of any size that a double could still approximate."""
    if len(text) > _DIGITS:
        raise ValueError(f"the number {shorten(text)} is out of range: it has {len(text):,} digits")
    return int(text)


def canonical(value: object) -> str:
    """A value as JSON that does not depend on the order of keys."""
    return _ENCODER.encode(value)


def shorten(text: str, width: int = 40) -> str:
    """Text that fits into a message."""
    return text if len(text) <= width else text[: width - 3] + "..."


def too_deep(limits: Limits, line: int | None = None, column: int | None = None) -> Fault:
    """The fault of a text whose collections nest too deep."""
    message = f"nests deeper than {limits.depth} levels"
    return Fault(message, "contract-too-deep", line, column, hint="Name inner parts and use $ref.")


def too_many(limits: Limits) -> Fault:
    """The fault of texts that hold too much."""
    return Fault(f"is too much: a contract holds at most {limits.nodes:,} values", "contract-too-large")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        raise _DuplicateKeyError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return mapping


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _count(value: object, text: str, limits: Limits) -> int:
    """The number of values; one level after the other, so that no depth can exhaust the stack."""
    total, level, depth = 1, [value], 0
    while level := [child for parent in level for child in containers(parent)]:
        depth += 1
        total += len(level)
        if total > limits.nodes:
            raise too_many(limits)
        if depth > limits.depth:
            raise too_deep(limits, *_first(text, _Depth(limits)))
    return total


def _first(text: str, is_meant: Callable[[str], bool]) -> tuple[int, int] | tuple[()]:
    """Line and column of the first token that is meant; nothing when none is."""
    for match in TOKEN.finditer(text):
        if is_meant(match.group()):
            return line_and_column(text, match.start())
    return ()


class _Depth:
    """Meant is the bracket that opens one level too many."""

    def __init__(self, limits: Limits) -> None:
        self._left = limits.depth

    def __call__(self, token: str) -> bool:
        self._left -= (token in ("{", "[")) - (token in ("}", "]"))
        return self._left < 0


def _is_half(token: str) -> bool:
    return token[0] == '"' and "\\" in token and bool(_SURROGATE.search(json.loads(token)))


def _is_no_number(token: str) -> bool:
    if token[0] not in "-0123456789NI":
        return False
    try:
        json.loads(token, parse_constant=_no_constant, parse_float=finite_float, parse_int=bounded_int)
    except ValueError:
        return True
    return False


def _duplicate(text: str, key: str) -> Fault:
    """Finds the second of two equal keys of one object by reading the tokens again."""
    scopes: list[set[str]] = []
    for match in TOKEN.finditer(text):
        token = match.group()
        if token in ("{", "["):
            scopes.append(set())
        elif token in ("}", "]"):
            scopes.pop()
        elif token[0] == '"' and _is_key(text, match.end()):
            name = json.loads(token)
            if name in scopes[-1]:
                return duplicate_key(name, *line_and_column(text, match.start()))
            scopes[-1].add(name)
    raise AssertionError(key)  # the parser saw it, so the tokens hold it


def _is_key(text: str, end: int) -> bool:
    following = TOKEN.search(text, end)
    return following is not None and following.group() == ":"


def duplicate_key(key: str, line: int, column: int) -> Fault:
    """The fault of a mapping that has a key twice."""
    return Fault(
        f"the key {shorten(key)!r} is already in this mapping",
        "contract-duplicate-key",
        line,
        column,
        hint="Readers disagree on which one counts: remove or rename one.",
    )


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where an offset into a text lies, counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
