"""Globs over a project's files: `*` and `?` stay in a folder, `**` crosses folders, a folder means all below it."""

import re
from collections.abc import Iterable

from xptasks.system.globs import matcher
from xptasks.tiers import fingerprint
from xptasks.tiers.fingerprint import Tree


def matching(files: Tree, patterns: Iterable[str]) -> Tree:
    """The files that any of the globs names."""
    matches = matcher(tuple(patterns))
    return {path: blob for path, blob in files.items() if matches(path)}


def reaching(patterns: Iterable[str], known: Tree) -> list[str]:
    """The globs that name a file or a folder of which git knows nothing: there, ignored files count.

    In a folder that holds the project's files, ignored ones are caches and environments, and do not count.
    """
    found = []
    for glob in patterns:
        start = _named(glob)
        if start and start not in known and not any(path.startswith(f"{start}/") for path in known):
            found.append(glob)
    return sorted(found)


def ignored(project: str, reaching_patterns: Iterable[str]) -> Tree:
    """The files that such globs name, as they are now."""
    found: Tree = {}
    for glob in reaching_patterns:
        matches = matcher((glob,))
        for file in fingerprint.files_below(f"{project}/{_named(glob)}"):
            name = file.removeprefix(f"{project}/")
            if matches(name):
                found[name] = fingerprint.read(file)
    return found


def _named(glob: str) -> str:
    """The deepest folder or file that the glob spells out; empty when that is the whole project."""
    plain = re.split(r"[*?]", glob, maxsplit=1)[0]
    return (plain if plain == glob else plain.rpartition("/")[0]).removeprefix("./").rstrip("/")
