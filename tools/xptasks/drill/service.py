"""The reference service as a repository of its own, made from a clone of this one. Pure, but for copying files."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from xptasks.errors import CannotRunError

_FOLDERS = ("app", "contracts", "generated", "tests/app")
_FILES = (".gitignore", "tests/postgres.py")
_PINS = ("app", "fast", "pr")
_TIERS = ("fast", "pr")
_STEPS = frozenset({"layers", "ci"})  # they check this library, not the service
_OF_THE_LIBRARY = (
    "generated/ratchets.toml",
    "generated/last-run.schema.json",
    "generated/xpconfig.schema.json",
    "tests/app/broken_service.py",
    "tests/app/client.swift",
    "tests/app/test_planted_breaks.py",
    "tests/app/test_swift_client.py",
)
_TOOLS = ("pytest", "mypy", "ruff", "coverage")

Table = dict[str, Any]


def copy(source: Path, target: Path) -> None:
    """Write the service with its contracts, tests, pins and settings into a new folder.

    Args:
        source: a clone of this repository.
        target: a folder that does not exist yet.

    Raises:
        CannotRunError: the clone has no reference service, as an installed wheel has none.
    """
    if not all((source / folder).is_dir() for folder in _FOLDERS):
        hint = "clone the repository of xptasks and run it there"
        raise CannotRunError("the demonstration needs the reference service", where=str(source), hint=hint)
    for folder in _FOLDERS:
        shutil.copytree(source / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy2(source / name, target / name)
    for name in _OF_THE_LIBRARY:
        (target / name).unlink(missing_ok=True)
    (target / "requirements").mkdir()
    for name in _PINS:
        shutil.copy2(source / "requirements" / f"{name}.txt", target / "requirements")
    _write(target / "pyproject.toml", metadata(_read(source / "pyproject.toml")))
    _write(target / "xpconfig.toml", configuration(_read(source / "xpconfig.toml")))


def metadata(library: Mapping[str, Any]) -> Table:
    """The service's `pyproject.toml`: its tools are set up as in the library's."""
    tools = {name: dict(library["tool"][name]) for name in _TOOLS}
    tools["pytest"] = {"ini_options": {**tools["pytest"]["ini_options"], "pythonpath": ["."]}}
    tools["mypy"] = {**tools["mypy"], "mypy_path": ["."], "files": ["app", "tests"]}
    tools["ruff"] = {**tools["ruff"], "src": ["."]}
    tools["coverage"]["run"] = {**tools["coverage"]["run"], "source_pkgs": ["app"]}
    tools["coverage"].pop("paths", None)
    project = {"name": "projects", "version": "1.0.0", "requires-python": library["project"]["requires-python"]}
    return {"project": project, "tool": tools}


def configuration(library: Mapping[str, Any]) -> Table:
    """The service's `xpconfig.toml`: the library's without what is about the library, and with a loop that closes."""
    tiers = {name: dict(library["tiers"][name]) for name in _TIERS}
    for tier in tiers.values():
        tier["steps"] = [step for step in tier["steps"] if step not in _STEPS]
    named = {step for tier in tiers.values() for step in tier["steps"]} - {"unit", "coverage"}
    kept = {name: table for name, table in library["steps"].items() if name in named}
    landing = {"agents": ["*@agents.example"], "after": {"deploy": "canary", "revert": True}, "poll": "500ms"}
    return {
        **{name: library[name] for name in ("version", "contracts", "generate", "service", "probes", "deploy")},
        "project": {**library["project"], "sources": ["app"]},
        "tiers": tiers,
        "steps": kept,
        "ratchets": {"coverage": {"start": 80, "target": 95, "slack": 0.5, "unit": "percent"}},
        "landing": landing,
        "profiles": {"demo": library["profiles"]["demo"]},
    }


def _read(path: Path) -> Table:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, table: Mapping[str, Any]) -> None:
    path.write_text(tomli_w.dumps(table), encoding="utf-8")
