"""What this machine has and lacks for this project, and how to get what is missing."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from xptasks import config
from xptasks.config.settings import Config
from xptasks.errors import ConfigError, ExitCode
from xptasks.system import machine
from xptasks.tiers import environment


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at.

    Attributes:
        name: what.
        found: what is there; empty when it is missing.
        needed: False for what only some steps or tests want.
        remedy: how to get it, when it is missing.
    """

    name: str
    found: str
    needed: bool = True
    remedy: str = ""


def examine(project: Path, environ: Mapping[str, str]) -> list[Examined]:
    """Look at everything; never raises for what is missing."""
    search = os.pathsep.join((str(Path(sys.executable).parent), environ.get("PATH", "")))

    def find(program: str) -> str:
        return machine.version(program, search)

    try:
        loaded = config.load(project, environ=environ).config
    except ConfigError as error:
        return [*_programs(find), Examined("xpconfig.toml", "", remedy=str(error))]
    return [
        *_programs(find),
        Examined("xpconfig.toml", f"{len(loaded.tiers)} tiers"),
        *_interpreters(loaded.project.python, find),
        *_hooks(project),
        *_environments(project, loaded),
    ]


def _programs(find: Callable[[str], str]) -> Iterator[Examined]:
    yield Examined("git", find("git"), remedy="install git with the system's package manager")
    yield Examined("nox", find("nox"), remedy="pip install nox")
    yield Examined("uv", find("uv"), needed=False, remedy="pip install uv: environments are made several times faster")
    yield Examined("prek or pre-commit", find("prek") or find("pre-commit"), needed=False, remedy="pip install prek")
    node = "with the system's package manager; the types for TypeScript are tested with it"
    yield Examined("node", find("node"), needed=False, remedy=f"install Node.js {node}")
    yield Examined("tsc", find("tsc"), needed=False, remedy="npm install --global typescript")
    yield Examined("swiftc", find("swiftc"), needed=False, remedy="install a Swift 6 toolchain; swift.org has them")


def _interpreters(versions: Sequence[str], find: Callable[[str], str]) -> Iterator[Examined]:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in versions:
        found = sys.version.split()[0] if version == running else find(f"python{version}")
        remedy = f"uv python install {version}; CI checks it, a run on this machine does not need it"
        yield Examined(f"Python {version}", found, needed=False, remedy=remedy)


def _hooks(project: Path) -> Iterator[Examined]:
    if not (project / ".pre-commit-config.yaml").exists():
        return
    folder = machine.git_hooks(project)
    installed = [name for name in ("pre-commit", "pre-push") if folder is not None and (folder / name).exists()]
    remedy = "prek install --hook-type pre-commit --hook-type pre-push"
    yield Examined("git hooks", ", ".join(installed), needed=False, remedy=remedy)


def _environments(project: Path, loaded: Config) -> Iterator[Examined]:
    for tier in loaded.tiers:
        folder = environment.find(project, tier)
        built = "built" if environment.is_built(folder) else ""
        yield Examined(f"environment of {tier}", built, needed=False, remedy=f"nox -s {tier} --install-only makes it")


def exit_code(findings: Sequence[Examined]) -> ExitCode:
    """CANNOT_RUN when something is missing that every run needs."""
    return ExitCode.CANNOT_RUN if any(item.needed and not item.found for item in findings) else ExitCode.OK


def as_text(findings: Sequence[Examined]) -> str:
    """One line for each, and under what is missing how to get it."""
    width = max(len(item.name) for item in findings)
    lines = []
    for item in findings:
        state = "ok     " if item.found else "missing" if item.needed else "absent "
        lines.append(f"{state}  {item.name:<{width}}  {item.found or _indented(item.remedy, width)}")
    return "\n".join(lines) + "\n"


def _indented(remedy: str, width: int) -> str:
    return remedy.replace("\n", "\n" + " " * (width + 11))


def as_json(findings: Sequence[Examined]) -> str:
    """The findings as a JSON list."""
    return json.dumps([asdict(item) for item in findings], indent=2) + os.linesep
