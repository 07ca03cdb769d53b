"""What a tier's environment is made of, and whether that is still what was installed. Imported by every Nox call."""

import hashlib
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xptasks.system.requirements import text, with_included

_STAMP = ".xptasks-installed"
_METADATA = ("pyproject.toml", "setup.py", "setup.cfg")


def requirements(project: Path, tier: str, table: Mapping[str, Any]) -> list[str]:
    """The pinned requirements files of a tier, relative to the project: as configured, or `requirements/TIER.txt`."""
    usual = f"requirements/{tier}.txt"
    return [str(path) for path in table.get("requirements", ())] or ([usual] if (project / usual).is_file() else [])


def wanted(project: Path, pins: Sequence[str], needs: Sequence[str], python: str) -> str:
    """All that an environment is made of, as one hash: pins, metadata, what is installed without pins, interpreter."""
    digest = hashlib.sha256(f"{sys.platform} {python} {needs}".encode())
    for name in (*with_included(project, pins), *_METADATA):
        path = project / name
        digest.update(f"\0{name}\0".encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def is_installed(environment: Path, stamp: str) -> bool:
    """Whether exactly this was installed, to the end."""
    try:
        return (environment / _STAMP).read_text() == stamp
    except OSError:
        return False


def forget(environment: Path) -> None:
    """To be called before installing: what is half installed must not look finished."""
    (environment / _STAMP).unlink(missing_ok=True)


def remember(environment: Path, stamp: str) -> None:
    """To be called after installing."""
    (environment / _STAMP).write_text(stamp)


def installations(
    project: Path, pins: Sequence[str], needs: Sequence[str], own: Callable[[], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """The words of each `install`, in order: pins (or what the steps need), this library, and the project itself.

    Args:
        project: the project's folder.
        pins: its requirements files.
        needs: requirements for a project that has no pins.
        own: how this library is installed when the pins do not name it.
    """
    pinned = _pinned(project, pins)
    metadata = _metadata(project)
    name = _normal(metadata.get("project", {}).get("name", ""))
    words: list[tuple[str, ...]] = []
    if pins:
        words.append(tuple(word for path in pins for word in ("-r", path)))
    if name != "xptasks" and "xptasks" not in pinned:
        words.append((*own(), *needs))
    elif needs:
        words.append(tuple(needs))
    if "build-system" in metadata or (project / "setup.py").is_file():
        dependencies = ("--no-deps",) if pins else ()
        words.append((*_isolation(metadata, pinned), *dependencies, "-e", "."))
    return words


def _isolation(metadata: Mapping[str, Any], pinned: set[str]) -> tuple[str, ...]:
    """A build backend that the pins hold is used from there; only then is everything that runs pinned by hash."""
    backends = {_normal(_name(word)) for word in metadata.get("build-system", {}).get("requires", ())}
    return ("--no-build-isolation",) if backends and backends <= pinned else ()


def _metadata(project: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text(project / "pyproject.toml"))
    except ValueError:
        return {}


def _pinned(project: Path, pins: Sequence[str]) -> set[str]:
    lines = [line for path in with_included(project, pins) for line in text(project / path).splitlines()]
    return {_normal(_name(line)) for line in lines if line[:1].isalnum()}


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement.strip())
    return found[0] if found else ""


def _normal(name: str) -> str:
    """The normalised name of a distribution (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_built(environment: Path) -> bool:
    """Whether an environment was installed to the end, whatever is in it."""
    return (environment / _STAMP).exists()
