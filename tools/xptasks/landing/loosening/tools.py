"""Edits of the settings of the tools that the gate runs: pyproject.toml, and files of their own. Pure."""

import configparser
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from xptasks.landing.loosening.weigh import (
    MISSING,
    Edit,
    Path,
    Setting,
    Settings,
    Weight,
    edits,
    grows,
    items,
    less,
    more,
    neutral,
    off,
    on,
    shrinks,
    unknown,
)

_FINDS = "it finds less"
_RUFF: Settings = {
    ("line-length",): Setting(neutral),
    ("src",): Setting(neutral),
    ("target-version",): Setting(neutral),
    ("format", "**"): Setting(neutral),
    ("lint", "select"): Setting(grows, _FINDS),
    ("lint", "extend-select"): Setting(grows, _FINDS),
    ("lint", "ignore"): Setting(shrinks, _FINDS),
    ("lint", "extend-ignore"): Setting(shrinks, _FINDS),
    ("lint", "per-file-ignores", "*"): Setting(shrinks, _FINDS),
    ("lint", "extend-per-file-ignores", "*"): Setting(shrinks, _FINDS),
    ("lint", "unfixable"): Setting(neutral),
    ("lint", "fixable"): Setting(neutral),
    ("exclude",): Setting(shrinks, _FINDS),
    ("extend-exclude",): Setting(shrinks, _FINDS),
    ("lint", "exclude"): Setting(shrinks, _FINDS),
}
_MYPY: Settings = {
    ("strict",): Setting(on, _FINDS),
    ("files",): Setting(grows, _FINDS),
    ("packages",): Setting(grows, _FINDS),
    ("exclude",): Setting(shrinks, _FINDS),
    ("enable_error_code",): Setting(grows, _FINDS),
    ("disable_error_code",): Setting(shrinks, _FINDS),
    ("python_version",): Setting(neutral),
    ("show_error_codes",): Setting(neutral),
    ("pretty",): Setting(neutral),
    ("ignore_missing_imports",): Setting(off, _FINDS),
    ("ignore_errors",): Setting(off, _FINDS),
    ("warn_unused_ignores",): Setting(on, _FINDS),
    ("warn_return_any",): Setting(on, _FINDS),
    ("warn_unreachable",): Setting(on, _FINDS),
    ("disallow_untyped_defs",): Setting(on, _FINDS),
    ("disallow_any_generics",): Setting(on, _FINDS),
    ("check_untyped_defs",): Setting(on, _FINDS),
}
_PYTEST: Settings = {
    ("markers",): Setting(neutral),
    ("testpaths",): Setting(grows, "fewer tests are found"),
    ("xfail_strict",): Setting(on, "a test that passes by surprise is not told"),
    ("minversion",): Setting(neutral),
    ("console_output_style",): Setting(neutral),
    ("log_cli",): Setting(neutral),
}
_COVERAGE: Settings = {
    ("run", "branch"): Setting(on, "branches are not measured"),
    ("run", "source"): Setting(grows, "less is measured"),
    ("run", "source_pkgs"): Setting(grows, "less is measured"),
    ("run", "omit"): Setting(shrinks, "less is measured"),
    ("run", "parallel"): Setting(neutral),
    ("report", "omit"): Setting(shrinks, "less is measured"),
    ("report", "exclude_also"): Setting(shrinks, "less is measured"),
    ("report", "exclude_lines"): Setting(shrinks, "less is measured"),
    ("report", "fail_under"): Setting(more(), "less is enough"),
    ("report", "show_missing"): Setting(neutral),
    ("report", "precision"): Setting(neutral),
    ("html", "**"): Setting(neutral),
}
_KNOWN: Settings = {
    ("findings", "*", "*"): Setting(
        less(lambda value: 0.0 if value is MISSING else float(value)), "findings are forgiven"
    ),
    ("tests", "*", "*"): Setting(lambda _, after: "tighter" if after is MISSING else "looser", "a test need not pass"),
}
_HARMLESS = (
    "towncrier",
    "hatch",
    "setuptools",
    "setuptools_scm",
    "flit",
    "pdm",
    "poetry",
    "black",
    "isort",
    "bumpversion",
    "commitizen",
    "semantic_release",
    "codespell",
    "djlint",
    "check-manifest",
    "typos",
    "cibuildwheel",
    "briefcase",
)
"""Tables of tools that the gate does not run; what their names bring into the environment is judged as pins."""


def _requirements(before: Any, after: Any) -> Weight:  # noqa: ANN401 - whatever the TOML holds
    """A distribution by its name comes from the index, and pins say which; from elsewhere anything may come."""
    new = [item for item in items(after) or () if item not in (items(before) or ())]
    return "unknown" if any("@" in str(item) or "://" in str(item) for item in new) else "neutral"


_ELSEWHERE = Setting(_requirements, "a distribution that comes from elsewhere may be anything")
_PLUGINS = Setting(unknown, "a plugin of the tools that the gate runs comes with the project")
_INSTALLED = Setting(unknown, "it runs when the gate installs the project")
_PROJECT: Settings = {
    ("project", "**"): Setting(neutral),
    ("project", "dependencies"): _ELSEWHERE,
    ("project", "optional-dependencies", "*"): _ELSEWHERE,
    ("project", "entry-points", "**"): _PLUGINS,
    ("dependency-groups", "*"): _ELSEWHERE,
    ("build-system", "**"): _INSTALLED,
}
_TOOLS: Settings = {
    **_PROJECT,
    **{("tool", name, "**"): Setting(neutral) for name in _HARMLESS},
    **{("tool", "ruff", *path): setting for path, setting in _RUFF.items()},
    **{("tool", "mypy", *path): setting for path, setting in _MYPY.items()},
    **{("tool", "pytest", "ini_options", *path): setting for path, setting in _PYTEST.items()},
    **{("tool", "coverage", *path): setting for path, setting in _COVERAGE.items()},
    ("tool", "poetry", "plugins", "**"): _PLUGINS,
    ("tool", "hatch", "build", "hooks", "**"): _INSTALLED,
    ("tool", "setuptools", "cmdclass", "**"): _INSTALLED,
    ("tool", "**"): Setting(unknown, "it decides what the gate finds"),
}
_SCRIPTS = frozenset(
    {"coverage", "inv", "lint-imports", "mypy", "nox", "pytest", "python", "python3", "ruff", "uv", "xptasks"}
)


def compare(name: str, before: str | None, after: str | None) -> list[Edit]:
    """What an edit of a file with settings of tools does to the gate.

    Args:
        name: the file's name.
        before: its text on the merge base, None if there is none.
        after: its text in the change.
    """
    read = _READERS.get(name, _ini(lambda _: True))
    try:
        old, new = (read(text) if text is not None else None for text in (before, after))
    except (ValueError, RecursionError, configparser.Error) as problem:
        return [Edit((name,), MISSING, MISSING, "unknown", f"it cannot be read: {problem}")]
    if name == "baseline.toml":
        return edits(old or {}, new or {}, _KNOWN)
    if name != "pyproject.toml" and (old is None or new is None):
        return _whole(name, old, new)
    return [*edits(old or {}, new or {}, _TOOLS), *_scripts(old or {}, new or {})]


def _whole(name: str, old: Any, new: Any) -> list[Edit]:  # noqa: ANN401
    """A file that comes or goes as a whole."""
    if new:
        return [Edit((name,), MISSING, new, "unknown", "it takes the place of settings elsewhere")]
    return [Edit((name,), old, MISSING, "unknown", "nobody reads it any more")] if old else []


def _scripts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Edit]:
    """A command of the project that is called as a tool is started in its place."""
    old, new = (_at(tables, ("project", "scripts")) for tables in (before, after))
    return [
        Edit(
            ("project", "scripts", name),
            old.get(name, MISSING),
            value,
            "looser",
            "it takes the place of a tool of the gate",
        )
        for name, value in new.items()
        if name.lower() in _SCRIPTS and old.get(name) != value
    ]


def _at(tables: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    found: Any = tables
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _toml(*path: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:  # noqa: ANN401 - tables in tables
        found: Any = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
        for name in reversed(path):
            found = {name: found}
        return found

    return read


def _ini(ours: Callable[[str], bool]) -> Callable[[str], Any]:
    """The sections of a file that speak of a tool of the gate; each key of theirs is unknown."""

    def read(text: str) -> Any:  # noqa: ANN401
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.read_string(text)
        found = {name: dict(parser[name]) for name in parser.sections() if ours(name)}
        return {"tool": found} if found else {}

    return read


_OURS = (
    "pytest",
    "tool:pytest",
    "mypy",
    "coverage",
    "importlinter",
    "flake8",
    "options.entry_points",
    "ruff",
)


def _of_a_tool(section: str) -> bool:
    return section.startswith(_OURS)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "pyproject.toml": _toml(),
    "baseline.toml": _toml(),
    "ruff.toml": _toml("tool", "ruff"),
    ".ruff.toml": _toml("tool", "ruff"),
    "pytest.toml": _toml("tool"),
    ".pytest.toml": _toml("tool"),
    ".coveragerc.toml": _toml("tool", "coverage"),
    "setup.cfg": _ini(_of_a_tool),
    "tox.ini": _ini(_of_a_tool),
}
