"""Pins: `requirements/NAME.txt` compiled by uv from the dependency group NAME, with hashes and without addresses."""

import sys
import tomllib
from pathlib import Path

from xptasks.errors import CannotRunError, ConfigError
from xptasks.system.foreground import run_in_foreground
from xptasks.system.machine import find


def compile_all(project: Path) -> int:
    """Compile the pins of every dependency group that has a file; uv's exit code.

    Raises:
        CannotRunError: uv is missing.
        ConfigError: no dependency group has a file in `requirements/`.
    """
    uv = find("uv")
    if uv is None:
        raise CannotRunError("uv is not installed", hint="pip install uv")
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = metadata.get("project", {}).get("requires-python", ">=3.11").lstrip(">=~ ")
    groups = [name for name in metadata.get("dependency-groups", {}) if _file(project, name).exists()]
    if not groups:
        raise ConfigError("no dependency group has a file requirements/GROUP.txt", where="pyproject.toml")
    for name in groups:
        sys.stderr.write(f"requirements/{name}.txt\n")
        if code := run_in_foreground([uv, *_words(project, name, oldest)]):
            return code
    return 0


def _file(project: Path, group: str) -> Path:
    return project / "requirements" / f"{group}.txt"


def _words(project: Path, group: str, oldest: str) -> list[str]:
    compiled = ["--quiet", "--universal", "--generate-hashes", "--no-annotate", "--no-emit-index-url"]
    header = ["--custom-compile-command", "inv lock"]
    source, target = str(project / "pyproject.toml"), str(_file(project, group))
    return ["pip", "compile", source, "--group", group, "--python-version", oldest, *compiled, *header, "-o", target]
