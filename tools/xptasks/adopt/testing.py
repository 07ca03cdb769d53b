"""What a project's tests are, and what pytest is told about them in whichever file. Pure."""

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from xptasks.adopt.listing import Listing

_FOLDERS = ("tests", "test", "testing", "unit_tests", "unittests")
_PLUGINS = {
    "--cov": "pytest-cov",
    "--no-cov": "pytest-cov",
    "-n": "pytest-xdist",
    "--numprocesses": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--asyncio-mode": "pytest-asyncio",
    "--timeout": "pytest-timeout",
    "--benchmark": "pytest-benchmark",
    "--reruns": "pytest-rerunfailures",
    "--randomly": "pytest-randomly",
    "--snapshot": "syrupy",
    "--mypy": "pytest-mypy",
    "--flake8": "pytest-flake8",
    "--django": "pytest-django",
    "--ds": "pytest-django",
    "--disable-socket": "pytest-socket",
    "--html": "pytest-html",
    "--codspeed": "pytest-codspeed",
    "--hypothesis": "hypothesis",
    "--run-parallel": "pytest-run-parallel",
    "--nbval": "nbval",
    "--xdoctest": "xdoctest",
}
_KEYS = {
    "asyncio_mode": "pytest-asyncio",
    "asyncio_default_fixture_loop_scope": "pytest-asyncio",
    "env": "pytest-env",
    "env_files": "pytest-dotenv",
    "timeout": "pytest-timeout",
    "django_settings_module": "pytest-django",
}
_USED = {
    r"pytest\.mark\.asyncio|import pytest_asyncio": "pytest-asyncio",
    r"\bmocker\b": "pytest-mock",
    r"\bhttpx_mock\b": "pytest-httpx",
    r"\bimport respx": "respx",
    r"\bfreezegun\b": "freezegun",
    r"\bhypothesis\b": "hypothesis",
    r"(?:fastapi|starlette)\.testclient": "httpx",
    r"pytest\.mark\.anyio": "anyio",
    r"\bfrom asgi_lifespan": "asgi-lifespan",
}


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests of a project.

    Attributes:
        folders: where they are; empty where there are none.
        named: whether pytest's own configuration says where.
        args: words for pytest that make its run fit the tiers.
        plugins: distributions that they need.
    """

    __test__ = False

    folders: tuple[str, ...] = ()
    named: bool = False
    args: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


def find(files: Listing) -> Tests:
    """The tests, and what they need."""
    ini = settings(files)
    addopts = _words(ini.get("addopts", ""))
    paths = tuple(path.rstrip("/") for path in _words(ini.get("testpaths", "")) if files.below(path.rstrip("/")).names)
    folders = paths or tuple(_folders(files))
    if not folders:
        return Tests()
    plugins = [*_of_words(addopts), *(_KEYS[key] for key in ini if key in _KEYS), *_of_code(files, folders)]
    return Tests(folders, bool(paths), tuple(_args(addopts)), tuple(dict.fromkeys(plugins)))


def settings(files: Listing) -> dict[str, Any]:
    """What pytest reads as its configuration: the first file that has any, in pytest's own order."""
    for name, section in (("pytest.ini", "pytest"), (".pytest.ini", "pytest")):
        if files.has(name):
            return _section(files.text(name), section) or {}
    table = _toml(files.text("pyproject.toml")).get("tool", {}).get("pytest", {})
    if isinstance(table, dict) and table:
        inner = table.get("ini_options", table)
        return dict(inner) if isinstance(inner, dict) else {}
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        found = _section(files.text(name), section)
        if found is not None:
            return found
    return {}


def _section(text: str, name: str) -> dict[str, str] | None:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return None
    return {key: value or "" for key, value in parser.items(name)} if parser.has_section(name) else None


def _toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _words(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(word) for word in value]
    try:
        return shlex.split(str(value), comments=False)
    except ValueError:
        return str(value).split()


def _folders(files: Listing) -> Iterator[str]:
    """Folders that are called as tests are, else those at the top that hold test files."""
    named = [folder for folder in _FOLDERS if _has_tests(files.below(folder))]
    inner = sorted(
        {"/".join(parts[:2]) for parts in map(_parts, files.python()) if parts[1:-1] and parts[1] in _FOLDERS}
    )
    if named or inner:
        yield from named or [folder for folder in inner if _has_tests(files.below(folder))]
        return
    yield from dict.fromkeys((_parts(name)[0] if "/" in name else ".") for name in files.python() if _is_test(name))


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _has_tests(files: Listing) -> bool:
    return any(_is_test(name) for name in files.python())


def _is_test(name: str) -> bool:
    stem = PurePosixPath(name).stem
    return stem.startswith("test_") or stem.endswith("_test")


def _of_words(addopts: list[str]) -> Iterator[str]:
    for word in addopts:
        for option, plugin in _PLUGINS.items():
            if word.startswith(option) if option.startswith("--") else re.fullmatch(r"-n\w*", word):
                yield plugin


def _of_code(files: Listing, folders: tuple[str, ...]) -> Iterator[str]:
    texts = [files.text(name) for name in files.python() if _below(name, folders) or name.endswith("conftest.py")]
    for pattern, plugin in _USED.items():
        if any(re.search(pattern, text) for text in texts):
            yield plugin


def _below(name: str, folders: tuple[str, ...]) -> bool:
    return any(folder == "." or name.startswith(f"{folder}/") for folder in folders)


def _args(addopts: list[str]) -> Iterator[str]:
    """Their selection by marker holds beside ours, and their own measuring of coverage is left to the step."""
    marked = [after for word, after in zip(addopts, [*addopts[1:], ""], strict=False) if word == "-m"]
    marked += [word[2:].strip("='\" ") for word in addopts if re.match(r"-m.", word)]
    if marked:
        yield from ("-m", f"not slow and ({marked[-1]})")
    if any(word.startswith("--cov") for word in addopts):
        yield "--no-cov"
