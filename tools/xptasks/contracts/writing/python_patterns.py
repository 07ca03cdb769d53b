"""ECMA 262 patterns, which contracts hold, as patterns of Python's `re` that match the same strings."""

import re
import sys
from functools import lru_cache

_TOKEN = re.compile(
    r"\\u\{([0-9A-Fa-f]+)\}|\\([pP])\{([^}]*)\}|\\k<(\w+)>|\\(.)|\(\?<([A-Za-z_]\w*)>|[\[\]$]|.", re.DOTALL
)
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}
_PROPERTIES = {"L": r"[^\W\d_]", "Letter": r"[^\W\d_]", "Alphabetic": r"[^\W\d_]", "Nd": r"\d", "N": r"\d"}


@lru_cache(maxsize=4096)
def python_pattern(pattern: str) -> str | None:
    """The same pattern for Python, to be searched; None when Python's engine has no such thing."""
    translated = _translate(pattern)
    if translated is None:
        return None
    try:
        re.compile(translated)
    except (re.error, OverflowError, RecursionError):
        return None
    return translated


def _translate(pattern: str) -> str | None:
    found: list[str] = []
    inside = False
    for match in _TOKEN.finditer(pattern):
        text = match[0]
        part = _part(match, text, inside=inside)
        if part is None:
            return None
        found.append(part)
        if text == "[" and not inside:
            inside = True
        elif text == "]":
            inside = False
    return "".join(found)


def _part(match: re.Match[str], text: str, *, inside: bool) -> str | None:
    code_point, sign, script, back, escaped, group = match.groups()
    if code_point:
        return _code_point(code_point)
    if sign:
        return None if sign == "P" or inside else _PROPERTIES.get(script)
    if escaped:
        return _escape(escaped, text, inside=inside)
    if inside and text in "[&~|":  # Python reserves these in sets
        return f"\\{text}"
    if back or group:
        return f"(?P={back})" if back else f"(?P<{group}>"
    return r"\Z" if text == "$" and not inside else text


def _code_point(digits: str) -> str | None:
    return re.escape(chr(int(digits, 16))) if int(digits, 16) <= sys.maxunicode else None


def _escape(char: str, text: str, *, inside: bool) -> str | None:
    if char in _CLASSES:
        return _CLASSES[char] if inside else f"[{_CLASSES[char]}]"
    if char in "DW":
        return None if inside else f"[^{_CLASSES[char.lower()]}]"
    if char in "AZzaghijlmoqyCEFGHIJKLMNOQRTUVXY":  # identity escapes in ECMA, or something else in Python
        return char if char.isalpha() else None
    return char if char == "/" else text
