"""How a repository's CI gets xptasks: read from what lies there when the files are generated. Pure."""

import re
from collections.abc import Callable, Iterable

from xptasks.ci.request import Install, Words

START = "tools/start.py"
LOCK = "uv.lock"
_ENVIRONMENT = ".venv"
_BIN = f"{_ENVIRONMENT}/bin"
_UV = re.compile(r'\[\[package\]\]\nname = "uv"\nversion = "([^"\n]+)"')
_IN_LOCK = re.compile(r'^name = "xptasks"$', re.MULTILINE)
_PINNED = re.compile(r"^xptasks([\[=@ ].*)?$", re.MULTILINE)
_HASHED = re.compile(r"--hash=sha(256|384|512):")
_FOLDER = "requirements/"


def detect(files: Iterable[str], read: Callable[[str], str], version: str) -> Install:
    """What a job runs first, and how it then calls Nox and Invoke.

    Args:
        files: the project's files that may say so, relative.
        read: the text of one of them.
        version: of the xptasks that generates, for a repository that pins none.
    """
    there = sorted(files)
    if START in there:
        return _started()
    pinned = [name for name in there if _is_requirements(name) and _PINNED.search(read(name))]
    if pinned:
        return _from_requirements(min(pinned, key=_rank), read)
    if LOCK in there and _IN_LOCK.search(read(LOCK)):
        return _from_lock(read(LOCK))
    return _in_environment(("install", f"xptasks=={version}"), "nothing here pins xptasks: the version that generated")


def candidates(names: Iterable[str]) -> list[str]:
    """Those of a repository's files that `detect` wants to see."""
    return [name for name in names if name in {START, LOCK} or _is_requirements(name)]


def _is_requirements(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return name.endswith(".txt") and (folder == "requirements" or (not folder and file.startswith("requirements")))


def _rank(name: str) -> tuple[bool, bool, int, str]:
    """The file for developers before that for everything, the base of a folder before what a tier needs."""
    return (name != f"{_FOLDER}base.txt", "dev" not in name, len(name), name)


def _started() -> Install:
    call = ("python", START)
    return Install(((*call, "inv", "--version"),), (*call, "nox"), (*call, "inv"), f"{START} sets up")


def _from_requirements(name: str, read: Callable[[str], str]) -> Install:
    hashed = ("--require-hashes",) if _HASHED.search(read(name)) else ()
    return _in_environment(("install", *hashed, "-r", name), f"{name} names xptasks")


def _in_environment(words: Words, why: str) -> Install:
    pip = (f"{_BIN}/python", "-m", "pip", "--disable-pip-version-check")
    commands = (("python", "-m", "venv", _ENVIRONMENT), (*pip, *words))
    return Install(commands, (f"{_BIN}/nox",), (f"{_BIN}/inv",), why)


def _from_lock(text: str) -> Install:
    """The program uv comes from PyPI, as the lock file has it if it does: an action for it would be a third party's."""
    found = _UV.search(text)
    uv = f"uv=={found[1]}" if found else "uv"
    call = ("uv", "run", "--locked")
    install = ("python", "-m", "pip", "--disable-pip-version-check", "install", uv)
    return Install((install, ("uv", "sync", "--locked")), (*call, "nox"), (*call, "inv"), f"{LOCK} names xptasks")
