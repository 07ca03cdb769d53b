"""What a lock file pins, as constraints for whatever is installed: `name==version`, one a line. Pure.

Constraints instead of the tools' own exports: every installer understands them, they hold for what the project asks
for and leave alone what it does not, and no tool has to agree about workspaces, groups or interpreters.
"""

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

NAMES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_TOKEN = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|[{}\n]|,(?=\s*\})""", re.DOTALL
)
_ELSEWHERE = frozenset({"editable", "virtual", "directory", "git", "url", "path", "archive", "vcs"})


def constraints(name: str, text: str) -> list[str]:
    """The pins of a lock file; a name with several versions (they differ by platform or Python) is left free.

    Args:
        name: the file's name, one of `NAMES`; a folder may stand before it.
        text: what it says.

    Raises:
        ValueError: it is not what its name says.
    """
    try:
        pairs = list(_pipenv(json.loads(text)) if name.endswith("Pipfile.lock") else _packages(_loaded(name, text)))
    except (AttributeError, TypeError, KeyError) as problem:
        raise ValueError(f"{name}: not a lock file that is known: {problem}") from None
    versions: dict[str, set[str]] = {}
    for package, version in pairs:
        versions.setdefault(re.sub(r"[-_.]+", "-", package).lower(), set()).add(version)
    return [f"{package}=={found.pop()}" for package, found in sorted(versions.items()) if len(found) == 1]


def unfit(name: str, text: str, tags: Collection[str]) -> list[str]:
    """The packages of a lock that would have to be compiled: they have wheels, and none for this interpreter.

    What has no wheel at all is as a rule plain Python, and quickly built.

    Args:
        name: the file's name.
        text: what it says.
        tags: what the interpreter takes, as `cp311-cp311-manylinux_2_17_x86_64`.
    """
    if name.endswith("Pipfile.lock"):
        return []
    loaded = _loaded(name, text)
    listed = _table(_table(loaded.get("metadata")).get("files"))
    found = []
    for package in (*loaded.get("package", ()), *loaded.get("packages", ())):
        files = [*package.get("wheels", ()), *package.get("files", ()), *listed.get(package.get("name", ""), ())]
        wheels = [name for name in map(_file, files) if name.endswith(".whl")]
        if wheels and not any(_tags(wheel) & {*tags} for wheel in wheels):
            found.append(re.sub(r"[-_.]+", "-", str(package["name"])).lower())
    return sorted(set(found))


def _loaded(name: str, text: str) -> dict[str, Any]:
    """A lock as TOML, of version 1.1 as well: formatters write inline tables over several lines, and uv reads them."""
    with suppress(ValueError, RecursionError):
        return tomllib.loads(text)
    try:
        return tomllib.loads(_on_one_line(text))
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{name} cannot be read: {problem}") from None


def _on_one_line(text: str) -> str:
    """Inline tables as TOML 1.0 knows them: without line ends, comments and a comma behind the last value."""
    depth = 0

    def put(found: re.Match[str]) -> str:
        nonlocal depth
        word = found[0]
        depth += (word == "{") - (word == "}")
        if not depth or word[0] in "\"'{}":
            return word
        return " " if word == "\n" else ""

    return _TOKEN.sub(put, text)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _file(entry: object) -> str:
    """The name of a file, as one of the tools tells it."""
    said = _table(entry)
    return str(said.get("file") or said.get("name") or said.get("url") or "").rpartition("/")[2]


def _tags(wheel: str) -> set[str]:
    """The tags that a wheel's name says, each as one text."""
    parts = wheel.removesuffix(".whl").split("-")[-3:]
    pythons, abis, platforms = ([*part.split(".")] for part in parts) if len(parts) == 3 else ([], [], [])  # noqa: PLR2004
    return {f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms}


def _packages(loaded: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`[[package]]` of uv, Poetry and PDM, `[[packages]]` of PEP 751; what is no release of an index is left out."""
    for package in (*loaded.get("package", ()), *loaded.get("packages", ())):
        source = package.get("source", {})
        elsewhere = _ELSEWHERE & {*source, source.get("type", ""), *package}
        if package.get("version") and not elsewhere:
            yield package["name"], package["version"]


def _pipenv(loaded: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section in ("default", "develop"):
        for name, details in loaded.get(section, {}).items():
            if str(details.get("version", "")).startswith("=="):
                yield name, details["version"].removeprefix("==")
