"""The way past a gate that a commit message names, with its reason: `Size: large, because REASON`.

A trailer travels with the change, needs no entry that stays behind, and is in the history for ever. Pure.
"""

import re
from collections.abc import Sequence

SIZE = ("Size", "large")
TEST_FIRST = ("Test-First", "no")
_REASON = 10  # characters: a word is not a reason


def reason(values: Sequence[str], word: str) -> str | None:
    """The reason that the last valid trailer gives; None when there is none.

    Args:
        values: what the trailers of the change's commits say, oldest first.
        word: what they must begin with.
    """
    pattern = re.compile(rf"{re.escape(word)},?\s+because\s+(\S.{{{_REASON - 1},}})", re.IGNORECASE | re.DOTALL)
    found = [match[1].strip() for value in values if (match := pattern.fullmatch(value.strip()))]
    return found[-1] if found else None


def advice(trailer: tuple[str, str]) -> str:
    """How to write the trailer."""
    key, word = trailer
    return f'"{key}: {word}, because REASON" at the end of a commit message lets it pass, and every report says so'
