"""What a tier's environment is made of, and whether that is still what was installed. Imported by every Nox call."""

import hashlib
import re
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.system.machine import PYTHON
from xptasks.system.requirements import text, with_included

_LONGEST = 100 - len("bin/pythonX.Y")  # characters of a path that Nox does not shorten
_STAMP = ".xptasks-installed"
_METADATA = ("pyproject.toml", "setup.py", "setup.cfg")
_GROUPED = ("tox.ini", "tox.toml", "Pipfile")  # where groups may be named, beside the metadata
_CONSTRAINTS = "xptasks-constraints.txt"

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What an environment is to hold.

    Attributes:
        pins: requirements files, relative to the project.
        needs: requirements of the steps, where no pins name them.
        outside: xptasks is not installed in it.
        install: `editable`, `dependencies` or `none`: how the project gets in.
        extras, groups, packages, lock, unlocked: as the tier's table says.
    """

    pins: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    outside: bool = False
    install: str = "editable"
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    lock: str = ""
    unlocked: tuple[str, ...] = ()


def ingredients(project: Path, tier: str, tiers: Mapping[str, Table]) -> Ingredients:
    """What a tier's environment is to hold, but for what its steps need.

    What the tier's table leaves open is as in the tiers that it includes.

    Args:
        project: the project's folder.
        tier: the tier's name.
        tiers: all tables, as nobody has checked them yet.
    """
    said = inherited(tier, tiers)
    pins = tuple(requirements(project, tier, said))
    outside = said.get("runner") == "outside"

    def several(key: str) -> tuple[str, ...]:
        found = said.get(key, ())
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    return Ingredients(
        pins,
        (),
        outside,
        str(said.get("install", "editable")),
        several("extras"),
        several("groups"),
        several("packages"),
        str(said.get("lock", "")),
        several("unlocked"),
    )


_INHERITED = ("runner", "python", "install", "extras", "groups", "packages", "lock", "unlocked")


def inherited(tier: str, tiers: Mapping[str, Table], above: tuple[str, ...] = ()) -> dict[str, Any]:
    """A tier's table with what it leaves open as in those that it includes; outside, their requirements too."""
    table = tiers.get(tier, {})
    found: dict[str, Any] = {}
    includes = table.get("includes")
    for included in includes if isinstance(includes, list) else ():
        if included not in above and included in tiers:
            inner = inherited(included, tiers, (*above, tier))
            keys = (*_INHERITED, "requirements") if inner.get("runner") == "outside" else _INHERITED
            found |= {key: inner[key] for key in keys if key in inner}
    return {**found, **table}


def requirements(project: Path, tier: str, table: Table) -> list[str]:
    """The pinned requirements files of a tier, relative to the project: as configured, or `requirements/TIER.txt`."""
    if "requirements" in table or table.get("runner") == "outside":
        return [str(path) for path in table.get("requirements", ())]
    usual = f"requirements/{tier}.txt"
    return [usual] if (project / usual).is_file() else []


def wanted(project: Path, made: Ingredients, python: str) -> str:
    """All that an environment is made of, as one hash: files, what is installed without files, interpreter."""
    digest = hashlib.sha256(f"{sys.platform} {python} {made}".encode())
    names = [*with_included(project, made.pins), *_METADATA, *(_GROUPED if made.groups else ())]
    for path in (*(project / name for name in names), *filter(None, [lock_file(project, made.lock)])):
        digest.update(f"\0{path.name}\0".encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def lock_file(project: Path, name: str) -> Path | None:
    """The lock file of that name in the project's folder or the nearest one above; None without one."""
    folders = (project, *project.parents) if name else ()
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


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


def is_built(environment: Path) -> bool:
    """Whether an environment was installed to the end, whatever is in it."""
    return (environment / _STAMP).exists()


def installations(
    project: Path, made: Ingredients, own: Callable[[], tuple[str, ...]], environment: Path
) -> list[tuple[str, ...]]:
    """The words of each `install`, in order.

    Args:
        project: the project's folder.
        made: what the environment is to hold.
        own: how this library is installed when the pins do not name it.
        environment: the environment's folder, where the constraints of a lock are written.

    Raises:
        ValueError: the lock file is none.
    """
    if made.outside or made.groups or made.packages or made.extras or made.lock:
        return _of_a_guest(project, made, () if made.outside else own(), environment)
    pinned = _pinned(project, made.pins)
    metadata = _metadata(project)
    name = _normal(metadata.get("project", {}).get("name", ""))
    words: list[tuple[str, ...]] = []
    if made.pins:
        words.append(_files(made.pins))
    if name != "xptasks" and "xptasks" not in pinned:
        words.append((*own(), *made.needs))
    elif made.needs:
        words.append(tuple(made.needs))
    if made.install == "editable" and is_buildable(project):
        dependencies = ("--no-deps",) if made.pins else ()
        words.append((*_isolation(metadata, pinned), *dependencies, "-e", "."))
    return words


def find(project: Path, tier: str) -> Path:
    """Where Nox made the environment of a tier: beside the project, or at the top of several ones."""
    for top in (project, *project.parents):
        inside = project.relative_to(top).as_posix().replace("/", "-")
        for name in (tier, f"{tier}-{inside}", _as_nox_names(f"{tier}-{inside}")):
            if is_built(top / ".nox" / name):
                return top / ".nox" / name
        if (top / ".git").exists():
            break
    return project / ".nox" / tier


def _as_nox_names(session: str) -> str:
    """The folder of a session's environment: small ASCII letters, digits and single dashes, or the hash of a long name.

    As Nox has it, which takes too long to import; a test holds the two against each other.
    """
    plain = unicodedata.normalize("NFKD", session).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "-", plain).strip().lower()).strip("-")
    if len(f".nox/{name}") > _LONGEST:
        return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()[:8]
    return name


def outside(environment: Path, package: Path) -> dict[str, str]:
    """What a process of xptasks has to know when the project is in another environment: variables.

    Args:
        environment: the project's environment.
        package: the folder of xptasks.

    Raises:
        OSError: the environment cannot be written to.
    """
    return {PYTHON: str(environment / "bin" / "python"), "PYTHONPATH": str(importable(environment, package))}


def importable(environment: Path, package: Path) -> Path:
    """A folder in the environment that holds xptasks and nothing else, for the search path of a guest's processes.

    Args:
        environment: the environment's folder.
        package: the folder of xptasks.

    Raises:
        OSError: it cannot be made.
    """
    folder = environment / "xptasks-path"
    link = folder / package.name
    if not link.exists() or link.resolve() != package.resolve():
        link.unlink(missing_ok=True)
        folder.mkdir(exist_ok=True)
        link.symlink_to(package, target_is_directory=True)
    return folder


def is_buildable(project: Path) -> bool:
    """Whether the folder says how a distribution is made of it."""
    metadata = _metadata(project)
    return "build-system" in metadata or (project / "setup.py").is_file()


def _of_a_guest(project: Path, made: Ingredients, own: tuple[str, ...], environment: Path) -> list[tuple[str, ...]]:
    """Of a project with means of its own: all in one go, so that one resolver sees all of it.

    Files with hashes go first and alone: an installer that is given one hash wants hashes for everything.
    """
    from xptasks.tiers import groups  # noqa: PLC0415 - only who installs pays for it

    def texts(name: str) -> str:
        return text(project / name)

    constrained = _constraints(project, made, environment)
    hashed = any("--hash" in texts(name) for name in with_included(project, made.pins))
    named = [word for group in made.groups for word in groups.requirements(texts, group)]
    extras = f"[{','.join(made.extras)}]" if made.extras else ""
    itself: tuple[str, ...] = ()
    if made.install == "editable" and is_buildable(project):
        itself = (*(("--no-deps",) if hashed else ()), "-e", f".{extras}")
    elif made.install != "none":
        named = [*groups.own(texts, made.extras), *named]
    wishes = tuple(part for word in dict.fromkeys([*named, *made.packages, *made.needs]) for part in _words(word))
    files = _files(made.pins)
    if hashed:
        return [words for words in (files, itself, (*own, *wishes)) if words]
    every = (*own, *files, *itself, *wishes)
    return [(*constrained, *every)] if every else []


def _words(requirement: str) -> tuple[str, ...]:
    """`-e FOLDER` and `-r FILE` are two words; a requirement with a marker is one."""
    return tuple(requirement.split(maxsplit=1)) if requirement.startswith("-") else (requirement,)


def _files(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for name in names for word in ("-r", name))


def _constraints(project: Path, made: Ingredients, environment: Path) -> tuple[str, ...]:
    from xptasks.tiers import locks  # noqa: PLC0415 - as above

    found = lock_file(project, made.lock)
    if found is None:
        return ()
    file = environment / _CONSTRAINTS
    said = {
        _normal(_name(word)) for word in (*made.packages, *made.unlocked)
    }  # what the tier asks for itself goes before the lock
    lines = [line for line in locks.constraints(found.name, text(found)) if _name(line) not in said]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return "-c", str(file)


def _isolation(metadata: Table, pinned: set[str]) -> tuple[str, ...]:
    """A build backend that the pins hold is used from there; only then is everything that runs pinned by hash."""
    backends = {_normal(_name(word)) for word in metadata.get("build-system", {}).get("requires", ())}
    return ("--no-build-isolation",) if backends and backends <= pinned else ()


def _metadata(project: Path) -> Table:
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
