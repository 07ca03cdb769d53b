"""Chooses, of all that a project names for its developers, what its tiers need: groups, extras, files, a lock. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from xptasks.adopt.listing import Listing
from xptasks.tiers import groups, locks

_TESTING = re.compile(r"^(hatch:|tox:|pipenv:)?(hatch-)?(unit-?)?(test|tests|testing|testenv|testing?-base)$")
_DEVELOPING = re.compile(r"^(hatch:|tox:|pipenv:)?(dev|develop|development|default|dev-packages|all)$")
_DEV_FILE = re.compile(r"(dev|test|testing|tests|ci)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Where the environment's contents come from; the words are those of `[tiers.NAME]`.

    Attributes:
        install: `editable`, `dependencies` or `none`.
        extras, groups, requirements, packages, lock: as in the tier's table.
        python: the versions that the project supports, as a specifier; empty where it does not say.
        versions: the minor versions that its classifiers name.
    """

    install: str = "none"
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    lock: str = ""
    python: str = ""
    versions: tuple[str, ...] = ()


@dataclass(slots=True)
class _Choice:
    """What was chosen so far, and the names of the distributions that it brings."""

    groups: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def find(files: Listing, tools: Sequence[str], wished: Iterable[str], above: Sequence[str] = ()) -> Dependencies:
    """The sources of a project's environment.

    Args:
        files: the project.
        tools: distributions that its checks need, the runner of tests first.
        wished: further requirements that it seems to need; left out where a source names them already.
        above: lock files in the folders above it.
    """
    choice = _Choice()
    install = _install(files, choice)
    own = groups.own(files.text, ())
    choice.names |= set(map(_name, own))
    sources = [*_sources(files)]
    wished = [*wished]
    pinned = {_name(word) for word in wished if "==" in word}
    for tool in tools:
        if tool not in choice.names | pinned:
            _take(choice, next((source for source in sources if tool in source.names), None))
    pyproject = groups.metadata(files.text)
    packages = tuple(word for word in wished if _name(word) not in choice.names)
    lock = next((name for name in locks.NAMES if files.has(name)), "") or next(iter(above), "")
    return Dependencies(
        install,
        tuple(choice.extras),
        tuple(choice.groups),
        tuple(choice.files),
        packages,
        PurePosixPath(lock).name,
        _python(pyproject, files),
        tuple(_versions(pyproject, files)),
    )


def _install(files: Listing, choice: _Choice) -> str:
    """How the project gets in; a plain `requirements.txt` counts where nothing else says what the project needs."""
    pyproject = groups.metadata(files.text)
    main = files.first("requirements.txt", "requirements/base.txt", "requirements/main.txt", "requirements/prod.txt")
    described = bool(groups.own(files.text, ()))
    if main and not described:
        choice.files.append(main)
        choice.names |= _names_in(files, main)
    if ("build-system" in pyproject and _is_installable(pyproject, files)) or files.has("setup.py"):
        return "editable"
    if "pipenv:packages" in groups.names(files.text):
        choice.groups.append("pipenv:packages")
    return "dependencies" if described else "none"


def _is_installable(pyproject: Mapping[str, Any], files: Listing) -> bool:
    """Poetry's old entry point makes nothing editable, and not every project of Poetry's is a package.

    An application made from a template often has no package of its name, and says nothing about that: Poetry refuses
    to build it, after its resolver and a compiler have had their time.
    """
    backend = str(pyproject["build-system"].get("build-backend", ""))
    poetry = pyproject.get("tool", {}).get("poetry", {})
    if backend == "poetry.masonry.api" or poetry.get("package-mode", True) is False:
        return False
    project = pyproject.get("project", {})
    name = _name(str(project.get("name") or poetry.get("name") or "")).replace("-", "_")
    named = not name or "packages" in poetry or "include" in poetry
    return (
        not backend.startswith("poetry.")
        or named
        or any(files.has(f"{place}{name}.py") or files.below(f"{place}{name}").names for place in ("", "src/"))
    )


@dataclass(frozen=True, slots=True)
class _Source:
    kind: str
    name: str
    names: frozenset[str]


def _sources(files: Listing) -> Iterator[_Source]:
    """Everything that may bring a tool, the likeliest first: what is called tests before what is called dev."""
    found = [_Source("group", name, _names(groups.requirements(files.text, name))) for name in groups.names(files.text)]
    pyproject = groups.metadata(files.text)
    optional = pyproject.get("project", {}).get("optional-dependencies", {})
    found += [_Source("extra", str(name), _names(map(str, words))) for name, words in optional.items()]
    setup = files.text("setup.cfg") + files.text("setup.py")
    found += [
        _Source("extra", name, frozenset(re.findall(r"[\w.-]+", setup.lower())))
        for name in re.findall(r"""["']?(tests?|testing|dev)["']?\s*[=:]\s*\[?""", setup)
        if f"{name}" in groups.extras(files.text) or files.has("setup.py")
    ]
    found += [_Source("file", name, frozenset(_names_in(files, name))) for name in _requirement_files(files)]
    order = {"group": 0, "extra": 1, "file": 2}
    yield from sorted(found, key=lambda source: (_rank(source), order[source.kind], len(source.names)))


def _rank(source: _Source) -> int:
    name = source.name if source.kind != "file" else PurePosixPath(source.name).stem
    tool = name.partition(":")[0] in {"tox", "hatch"} and ":" in name
    if _TESTING.match(name) or (source.kind == "file" and "test" in source.name):
        return 1 if tool else 0
    if _DEVELOPING.match(name) or source.kind == "file":
        return 2
    return 4 if tool else 3


def _requirement_files(files: Listing) -> list[str]:
    found = files.matching("requirements*.txt", "*requirements.txt", "requirements/*.txt")
    near = [name for name in found if name.count("/") <= 1 and "docs" not in name]
    return [name for name in near if _DEV_FILE.search(PurePosixPath(name).stem) or name == "requirements.txt"]


def _take(choice: _Choice, source: _Source | None) -> None:
    if source is None:
        return
    kinds = {"group": choice.groups, "extra": choice.extras, "file": choice.files}
    if source.name not in kinds[source.kind]:
        kinds[source.kind].append(source.name)
    choice.names |= source.names


def _names_in(files: Listing, name: str, above: tuple[str, ...] = ()) -> set[str]:
    """The distributions that a requirements file names, those of the files it includes as well."""
    found: set[str] = set()
    for line in files.text(name).splitlines():
        word = line.strip()
        if word.startswith(("-r", "--requirement")):
            other = str(PurePosixPath(name).parent / re.sub(r"^(-r|--requirement)[ =]*", "", word)).removeprefix("./")
            if other not in above:
                found |= _names_in(files, other, (*above, name))
        elif word[:1].isalnum():
            found.add(_name(word))
    return found


def _names(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_name(word) for word in words)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _python(pyproject: Mapping[str, Any], files: Listing) -> str:
    project = pyproject.get("project", {})
    said = str(project.get("requires-python", "")) if isinstance(project, dict) else ""
    poetry = pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python", "")
    if not said and isinstance(poetry, str) and poetry:
        from xptasks.tiers.poetry import specifier  # noqa: PLC0415 - few projects say it like this

        said = specifier(poetry)
    if not said:
        found = re.search(r"python_requires\s*=\s*[\"']?([^\"'\n]+)", files.text("setup.cfg") + files.text("setup.py"))
        said = found[1].strip(" ,") if found else ""
    return said


def _versions(pyproject: Mapping[str, Any], files: Listing) -> list[str]:
    project = pyproject.get("project", {})
    classifiers = project.get("classifiers", ()) if isinstance(project, dict) else ()
    text = "\n".join(map(str, classifiers)) + files.text("setup.cfg") + files.text("setup.py")
    found = {int(minor) for minor in re.findall(r"Programming Language :: Python :: 3\.(\d+)", text)}
    return [f"3.{minor}" for minor in sorted(found)]
