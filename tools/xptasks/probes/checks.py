"""Does a JSON value pass a check? Only computes."""

import json
import re
from typing import Any

from xptasks.probes.settings import Check

_LONGEST = 160


class _Missing:
    """What a pointer finds where there is nothing."""


_MISSING = _Missing()


def fault(document: Any, check: Check) -> str:  # noqa: ANN401 - any JSON
    """What is wrong, in words; empty when nothing is."""
    found = _at(document, check.pointer)
    where = check.pointer or "the whole"
    if found is _MISSING:
        return f"{where} does not exist in {short(document)}"
    if check.equals is not None and not same(check.equals, found):
        return f"{where}: expected {short(check.equals)}, got {short(found)}"
    if check.matches is not None and not (isinstance(found, str) and re.fullmatch(check.matches, found)):
        return f"{where}: expected a text that matches {check.matches}, got {short(found)}"
    return _out_of_bounds(where, found, check.min, check.max)


def _out_of_bounds(where: str, found: Any, low: float | None, high: float | None) -> str:  # noqa: ANN401
    if low is None and high is None:
        return ""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return f"{where}: expected a number, got {short(found)}"
    return bounds(where, found, low, high)


def bounds(where: str, found: float, low: float | None, high: float | None) -> str:
    """What is wrong with a number; NaN is within no bounds."""
    if low is not None and not found >= low:
        return f"{where}: expected at least {low:g}, got {found:g}"
    if high is not None and not found <= high:
        return f"{where}: expected at most {high:g}, got {found:g}"
    return ""


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON
    """Equality as JSON has it: 1 is 1.0, and true is not 1."""
    return _agree(one, other, whole=True)


def contains(pattern: Any, value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value has all that the pattern says; objects may have more keys, everything else is equal."""
    return _agree(pattern, value, whole=False)


def _agree(one: Any, other: Any, *, whole: bool) -> bool:  # noqa: ANN401
    if isinstance(one, dict) and isinstance(other, dict):
        fits = one.keys() == other.keys() if whole else one.keys() <= other.keys()
        return fits and all(_agree(each, other[name], whole=whole) for name, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_agree(a, b, whole=whole) for a, b in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _at(document: Any, pointer: str) -> Any:  # noqa: ANN401
    here = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and re.fullmatch("0|[1-9][0-9]{0,8}", key) and int(key) < len(here):
            here = here[int(key)]
        else:
            return _MISSING
    return here


def short(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value as short JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
