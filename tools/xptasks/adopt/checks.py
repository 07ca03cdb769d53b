"""Which checks a project has chosen for itself, from its configuration files. Pure."""

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from xptasks.adopt.listing import Listing

_SCRIPTS = ("Makefile", "justfile", "noxfile.py", "tox.ini", "scripts/*", ".github/workflows/*", "Taskfile.yml", "*.sh")


@dataclass(frozen=True, slots=True)
class Checks:
    """What a project is checked with.

    Attributes:
        steps: the steps of the tier, in order: built-in ones, and those of `own`.
        own: commands that become steps: the words of each by its name.
        pinned: tools at the version of the project's pre-commit hooks, as requirements.
        types: the words after mypy.
        hints: what is configured and not run here, each with why.
    """

    steps: tuple[str, ...] = ()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where a tool may be named: `[tool.*]`, sections of ini files, pre-commit's hooks with their versions, scripts."""

    tools: Mapping[str, Any]
    sections: frozenset[str]
    hooks: Mapping[str, str]
    extra: Mapping[str, tuple[str, ...]]
    scripts: str


def find(files: Listing, sources: tuple[str, ...]) -> Checks:
    """The checks of a project.

    Args:
        files: the project.
        sources: its folders with code, for mypy where its configuration names no files.
    """
    seen = _look(files)
    ruff = (
        "ruff" in seen.tools
        or bool(files.first("ruff.toml", ".ruff.toml"))
        or bool({"ruff", "ruff-check"} & {*seen.hooks})
    )
    flake8 = bool(files.first(".flake8")) or "flake8" in seen.sections or "flake8" in seen.hooks
    steps, own = [], dict(_own(seen, flake8=flake8 and not ruff))
    if ruff or not flake8:
        steps.append("lint")
    if _formats(seen):
        steps.append("format")
    types = _mypy(files, seen)
    if types is not None:
        steps.append("types")
    if "importlinter" in seen.tools or "importlinter" in seen.sections or files.has(".importlinter"):
        steps.append("layers")
    words = () if types is None or types else sources
    return Checks((*steps, *own), own, tuple(_pinned(seen)), words, tuple(_hints(files, seen)))


def _look(files: Listing) -> _Seen:
    hooks, extra = _hooks(files.text(".pre-commit-config.yaml"))
    tools = _toml(files.text("pyproject.toml")).get("tool", {})
    sections = {name for file in ("setup.cfg", "tox.ini") for name in _sections(files.text(file))}
    scripts = "\n".join(files.text(name) for name in files.matching(*_SCRIPTS))
    return _Seen(tools if isinstance(tools, dict) else {}, frozenset(sections), hooks, extra, scripts)


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _sections(text: str) -> list[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return []
    return parser.sections()


def _hooks(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The hooks of pre-commit with the version of each (a revision may be a commit with the tag in a comment)."""
    try:
        loaded = yaml.safe_load(text)
        repos = [repo for repo in loaded["repos"] if isinstance(repo, dict)]
    except (yaml.YAMLError, TypeError, KeyError, RecursionError):
        return {}, {}
    tags = dict(re.findall(r"rev:\s*['\"]?(\S+?)['\"]?\s*#\s*(?:frozen:\s*)?(\S+)", text))
    found, extra = {}, {}
    for repo in repos:
        rev = str(repo.get("rev", ""))
        for hook in repo.get("hooks") or ():
            if isinstance(hook, dict) and "id" in hook:
                found[str(hook["id"])] = tags.get(rev, rev).lstrip("v")
                extra[str(hook["id"])] = tuple(map(str, hook.get("additional_dependencies") or ()))
    return found, extra


def _formats(seen: _Seen) -> bool:
    config = seen.tools.get("ruff", {})
    inside = isinstance(config, dict) and "format" in config
    return inside or "ruff-format" in seen.hooks or re.search(r"\bruff format\b", seen.scripts) is not None


def _mypy(files: Listing, seen: _Seen) -> tuple[str, ...] | None:
    """What mypy's configuration names as its files; None without a configuration."""
    table = seen.tools.get("mypy")
    if isinstance(table, dict):
        named = any(key in table for key in ("files", "packages", "modules"))
        return ("named",) if named else ()
    file = files.first("mypy.ini", ".mypy.ini")
    if not file and "mypy" not in seen.sections:
        return None
    text = files.text(file) if file else files.text("setup.cfg")
    return ("named",) if re.search(r"^(files|packages|modules)\s*=", text, re.MULTILINE) else ()


def _own(seen: _Seen, *, flake8: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    if flake8:
        yield "flake8", ("python", "-m", "flake8", "--format=default")
    if ("black" in seen.tools or "black" in seen.hooks) and not _formats(seen):
        yield "black", ("python", "-m", "black", "--check", ".")
    if "isort" in seen.tools or "isort" in seen.hooks or "isort" in seen.sections:
        yield "isort", ("python", "-m", "isort", "--check-only", ".")


def _pinned(seen: _Seen) -> Iterator[str]:
    """Tools that only pre-commit installs, at its versions, with what it adds to them."""
    for tool, hooks in {"ruff": ("ruff", "ruff-check", "ruff-format"), "black": ("black",), "isort": ("isort",),
                        "flake8": ("flake8",), "mypy": ("mypy",)}.items():  # fmt: skip
        name = next((hook for hook in hooks if hook in seen.hooks), "")
        if name and re.fullmatch(r"\d+(\.\d+)*", seen.hooks[name]):
            yield f"{tool}=={seen.hooks[name]}"
            if tool != "mypy":  # stubs are for mypy, and the project's environment has the real thing
                yield from seen.extra[name]


def _hints(files: Listing, seen: _Seen) -> Iterator[str]:
    if "pyright" in seen.tools or "basedpyright" in seen.tools or files.has("pyrightconfig.json"):
        yield 'pyright is configured, and no step runs it: add [steps.pyright] with run = ["pyright"]'
    if "pylint" in seen.tools or files.first(".pylintrc", "pylintrc"):
        yield 'pylint is configured, and no step runs it: add [steps.pylint] with run = ["pylint", "..."]'
    if _mypy(files, seen) is None:
        yield 'nothing checks types: add "types" to the steps; `inv baseline --step types` then counts what is known'
