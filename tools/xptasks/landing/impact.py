"""How far tests are from changed code, by what imports what. Names decide, so that rather too many are near. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_WORD = re.compile(r"[\w.]+")


def distances(texts: Mapping[str, str], changed: Collection[str]) -> dict[str, int]:
    """How many imports lie between a file and the nearest changed one: 0 for that itself; others are left out.

    Args:
        texts: the project's Python files by their paths.
        changed: those that a change touches.
    """
    users = _users(texts)
    found = dict.fromkeys((path for path in changed if path in texts), 0)
    front = list(found)
    while front:
        near, front = front, []
        for path in near:
            for user in users.get(path, ()):
                if user not in found:
                    found[user] = found[path] + 1
                    front.append(user)
    return found


def _users(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each file those that import it."""
    by_name: dict[str, list[str]] = {}
    for path in texts:
        for name in names_of(path):
            by_name.setdefault(name, []).append(path)
    users: dict[str, list[str]] = {}
    for path, text in texts.items():
        for name in set(imports_of(path, text)):
            for used in by_name.get(name, ()):
                if used != path:
                    users.setdefault(used, []).append(path)
    return users


def names_of(path: str) -> Iterator[str]:
    """Every dotted name that a file may be imported by."""
    parts = [part for part in PurePosixPath(path.removesuffix(".py")).parts if part != "__init__"]
    yield from (".".join(parts[start:]) for start in range(len(parts)))


def imports_of(path: str, text: str) -> Iterator[str]:
    """Every name that a file imports, a module's or of something in one."""
    for module, names, modules in _IMPORT.findall(text):
        if modules:
            yield from (_first(each) for each in modules.split(","))
            continue
        base = _absolute(path, module)
        yield base
        yield from (f"{base}.{_first(each)}" for each in names.strip("()").split(",") if _first(each))


def _first(text: str) -> str:
    found = _WORD.search(text)
    return found[0] if found else ""


def _absolute(path: str, module: str) -> str:
    """`.prices` in `app/api.py` is `app.prices`."""
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return module
    folder = PurePosixPath(path).parent.parts
    kept = folder[: len(folder) - dots + 1]
    return ".".join([*kept, *filter(None, [module.lstrip(".")])])
