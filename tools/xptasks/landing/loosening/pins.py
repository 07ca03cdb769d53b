"""Edits of pinned requirements: with what the gate itself runs. Pure."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from packaging.version import InvalidVersion, Version

from xptasks.landing.loosening.weigh import MISSING, Edit

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;\\#]+)")
_FROM_INDEX = re.compile(r"https://pypi\.org/simple/?")

Pins = Mapping[str, str]
"""What is installed: a distribution's name, or a line that is no pin, and the version."""


def is_pins(path: str) -> bool:
    """Whether a file holds pins, by its name."""
    name = PurePosixPath(path).name
    listed = name.endswith(".txt") and ("requirements" in path or name.startswith(("constraints", "requirements")))
    return (
        listed
        or name in {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"}
        or (name.startswith("pylock") and name.endswith(".toml"))
    )


def compare(name: str, before: str | None, after: str | None) -> list[Edit]:
    """What an edit of pins does: a newer version of what was there is nothing, whatever is new has to be looked at.

    Args:
        name: the file's name.
        before: its text on the merge base, None if there is none.
        after: its text in the change, None if it is gone.
    """
    read = _listed if name.endswith(".txt") else _pipenv if name == "Pipfile.lock" else _locked
    try:
        old, new = read(before or ""), read(after or "")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as problem:
        return [Edit((name,), MISSING, MISSING, "unknown", f"it cannot be read: {problem}")]
    return [*_edits(old, new), *_hashes(before or "", after or "")]


def _edits(old: Pins, new: Pins) -> Iterator[Edit]:
    for name in sorted({*old, *new}):
        was, now = old.get(name, MISSING), new.get(name, MISSING)
        if was == now:
            continue
        if was is MISSING:
            yield Edit((name,), was, now, "unknown", "it is new in the environment of the gate")
        elif now is MISSING:
            yield Edit((name,), was, now, "unknown", "the gate may lack it")
        elif not _is_newer(was, now):
            yield Edit((name,), was, now, "unknown", "it is no newer version of the same")


def _is_newer(was: str, now: str) -> bool:
    try:
        return Version(now) > Version(was)
    except InvalidVersion:
        return False


def _listed(text: str) -> Pins:
    """A requirements file; lines that are no pins, such as options, stand for themselves."""
    found: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        words = re.sub(r"--hash=\S+", "", line.partition(" #")[0]).strip()
        if not words or words.startswith("#"):
            continue
        pin = _PIN.match(words)
        if pin and "@" not in words and "://" not in words:
            found[_normal(pin[1])] = pin[2]
        else:
            found[words] = ""
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _hashes(before: str, after: str) -> Iterator[Edit]:
    if "--hash=" in before and after and "--hash=" not in after:
        yield Edit(("hashes",), "pinned", "not pinned", "looser", "anything may be installed under the same name")


def _locked(text: str) -> Pins:
    """A lock file: every package with its version, and where it comes from if that is not the index."""
    tables = tomllib.loads(text)
    found: dict[str, str] = {}
    for package in tables.get("package", tables.get("packages", [])):
        source = _source(package)
        found[f"{_normal(package['name'])}{f' from {source}' if source else ''}"] = str(package.get("version", ""))
    return found


def _pipenv(text: str) -> Pins:
    """Pipenv's lock file is JSON; what has no version of the index's stands with all that is said of it."""
    tables = json.loads(text or "{}")
    found: dict[str, str] = {}
    for group, packages in tables.items():
        for name, said in packages.items() if group != "_meta" else ():
            plain = {key: value for key, value in said.items() if key not in {"hashes", "markers", "version", "index"}}
            elsewhere = f" from {json.dumps(plain, sort_keys=True)}" if plain else ""
            found[f"{_normal(name)}{elsewhere}"] = str(said.get("version", "")).lstrip("=")
    sources = tables.get("_meta", {}).get("sources", [])
    return {**found, **{f"index {source.get('url')}": "" for source in sources}}


def _source(package: Mapping[str, Any]) -> str:
    source = package.get("source", {})
    where = source if isinstance(source, dict) else {}
    words = {
        kind: where for kind, where in where.items() if not (kind == "registry" and _FROM_INDEX.fullmatch(str(where)))
    }
    if package.get("index") and not _FROM_INDEX.fullmatch(str(package["index"])):
        words["index"] = package["index"]
    others = {kind: package[kind] for kind in ("vcs", "directory", "archive") if kind in package}
    return ", ".join(f"{kind} {where}" for kind, where in sorted({**words, **others}.items()))
