"""Globs over a project's files: `*` and `?` stay in a folder, `**` crosses folders, a folder means all below it."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from xptasks.tiers import fingerprint
from xptasks.tiers.fingerprint import Tree


def matching(files: Tree, patterns: Iterable[str]) -> Tree:
    """The files that any of the globs names."""
    matches = matcher(tuple(patterns))
    return {path: blob for path, blob in files.items() if matches(path)}


@lru_cache(maxsize=64)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """A predicate over relative paths: does any of the globs match?"""
    return re.compile("|".join(f"(?:{_regex(glob)})" for glob in patterns) or r"(?!)", re.DOTALL).fullmatch


def _regex(glob: str) -> str:
    regex = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob.removeprefix("./").rstrip("/")):
        regex += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
    return f"{regex}(?:/.*)?"


def ignored(project: Path, patterns: Iterable[str], known: Tree) -> Tree:
    """Files that git ignores but a pattern names: a plain path, or a glob below a named folder.

    A glob that starts with a wildcard never reaches ignored files: it would read every environment and cache.
    """
    found: Tree = {}
    for glob in patterns:
        start = _named_folder(project, glob)
        if start is None:
            continue
        matches = matcher((glob,))
        for file in fingerprint.files_below(str(start)):
            name = str(Path(file).relative_to(project)) if Path(file).is_relative_to(project) else file
            if name not in known and matches(name):
                found[name] = fingerprint.read(file)
    return found


def _named_folder(project: Path, glob: str) -> Path | None:
    """The deepest folder or file that the glob spells out; None when that is the whole project."""
    plain = re.split(r"[*?]", glob, maxsplit=1)[0]
    start = project / (plain if plain == glob else plain.rpartition("/")[0])
    return None if start == project else start
