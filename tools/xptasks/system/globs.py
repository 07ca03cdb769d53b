"""Globs over relative paths: `*` and `?` stay in a folder, `**` crosses folders, a folder means all below it. Pure."""

import re
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=64)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """A predicate over relative paths: does any of the globs match?"""
    return re.compile("|".join(f"(?:{_regex(glob)})" for glob in patterns) or r"(?!)", re.DOTALL).fullmatch


def _regex(glob: str) -> str:
    regex = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob.removeprefix("./").rstrip("/")):
        regex += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
    return f"{regex}(?:/.*)?"
