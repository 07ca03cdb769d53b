"""Comments by which code takes itself out of a check. Pure."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

_FILES = ("(?:ruff|flake8)\\s*:\\s*noqa\\b", "mypy\\s*:\\s*(?:ignore-errors|disable-error-code|allow-)", "pyright\\s*:")
_WHOLE = re.compile(rf"#\s*(?:{'|'.join(_FILES)})", re.IGNORECASE)
_COVERAGE = re.compile(r"#\s*pragma\s*:\s*no\s*(?:cover|branch)", re.IGNORECASE)
_LINE = re.compile(r"#\s*noqa\b|#\s*type\s*:\s*ignore\b|#\s*nosec\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment.

    Attributes:
        line: where.
        text: what it says.
        whole: whether it takes a whole file out.
        coverage: whether it hides that no test runs the code.
    """

    line: int
    text: str
    whole: bool
    coverage: bool


def added(before: str | None, after: str | None) -> list[Suppression]:
    """The comments of this kind that were not there before; a line that only moved was."""
    known = [each.text for each in _all(before)]
    fresh = []
    for each in _all(after):
        if each.text in known:
            known.remove(each.text)
        else:
            fresh.append(each)
    return fresh


def _all(text: str | None) -> Iterator[Suppression]:
    if not text or not any(each.search(text) for each in (_WHOLE, _COVERAGE, _LINE)):
        return
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
    for token in tokens:
        if token.type == tokenize.COMMENT:
            whole, coverage = _WHOLE.search(token.string), _COVERAGE.search(token.string)
            if whole or coverage or _LINE.search(token.string):
                yield Suppression(token.start[0], token.string.strip(), bool(whole), bool(coverage))
