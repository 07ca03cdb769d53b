"""Looks at a repository: which files it has, and what git says about it. An edge that changes nothing."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from xptasks.adopt.listing import Listing, listing
from xptasks.errors import CannotRunError
from xptasks.system import git

_LARGEST = 1 << 20  # bytes of a file that is read; whatever decides anything is smaller
_MOST = 50_000  # files that are looked at outside of git
_NEVER = frozenset({"node_modules", "__pycache__", "venv", "env", "site-packages", "build", "dist"})


@dataclass(frozen=True, slots=True)
class State:
    """What git says.

    Attributes:
        top: the folder of the working tree; None outside of a repository.
        branch: what is checked out; empty for a detached head.
        trunk: the default branch, as far as anybody knows.
        dirty: files that differ from the commit, relative to the folder that was looked at.
        commits: whether there is a commit.
    """

    top: Path | None = None
    branch: str = ""
    trunk: str = ""
    dirty: frozenset[str] = frozenset()
    commits: bool = False


def look(folder: Path) -> Listing:
    """The files of a folder: those that git tracks or does not ignore, else all but what tools leave behind.

    Raises:
        CannotRunError: the folder cannot be read.
    """
    try:
        found = git.list_files(str(folder))
        names = [path for _, _, _, path in found] if found is not None else list(_walk(folder))
    except OSError as problem:
        raise CannotRunError(f"{folder} cannot be read: {problem.strerror or problem}") from None
    environments = {name.removesuffix("pyvenv.cfg") for name in names if name.endswith("/pyvenv.cfg")}
    kept = [name for name in names if not environments or not any(name.startswith(each) for each in environments)]
    return listing((name for name in kept if _is_file(folder / name)), lambda name: _read(folder / name))


def environments(folder: Path) -> list[str]:
    """The virtual environments that lie in a folder, as git would be told to ignore them."""
    return sorted(f"{path.parent.name}/" for path in folder.glob("*/pyvenv.cfg"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:
        return False


def _walk(folder: Path) -> Iterator[str]:
    count = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _NEVER)
        for name in sorted(names):
            count += 1
            if count > _MOST:
                return
            yield Path(here, name).relative_to(folder).as_posix()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def state(folder: Path) -> State:
    """What git says about a folder."""
    top, branch, head, remote = git.capture(
        (
            ("git", "rev-parse", "--show-toplevel"),
            ("git", "symbolic-ref", "--quiet", "--short", "HEAD"),
            ("git", "rev-parse", "--verify", "--quiet", "HEAD"),
            ("git", "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"),
        ),
        str(folder),
    )
    if top is None:
        return State()
    here = _line(branch)
    return State(
        Path(_line(top)), here, _line(remote).removeprefix("origin/") or here, frozenset(_dirty(folder)), bool(head)
    )


def _dirty(folder: Path) -> Iterator[str]:
    words = (
        "git",
        "--no-optional-locks",
        "-c",
        "core.quotePath=false",
        "diff",
        "--name-only",
        "--relative",
        "-z",
        "HEAD",
    )
    (changed,) = git.capture((words,), str(folder))
    yield from filter(None, (changed or b"").decode(errors="surrogateescape").split("\0"))


def _line(output: bytes | None) -> str:
    return (output or b"").decode(errors="surrogateescape").strip()


def ignores(folder: Path, names: list[str]) -> set[str]:
    """Those of some paths that git ignores there, for everybody: what only this machine ignores does not count."""
    command = ["git", "-C", str(folder), "check-ignore", "--no-index", "--verbose", "-z", "--stdin"]
    given = "\0".join(names).encode(errors="surrogateescape")
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False, env=git.environment())
    except OSError:
        return set()
    words = done.stdout.decode(errors="surrogateescape").split("\0")
    told = zip(words[0::4], words[2::4], words[3::4], strict=False)  # a file, its line, the pattern there, the path
    return {
        path
        for source, pattern, path in told
        if PurePath(source).name == ".gitignore" and not PurePath(source).is_absolute() and pattern[:1] != "!"
    }


def in_sight(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Files below a folder that git neither tracks nor ignores and that fit patterns; none of environments."""
    listing_of = ("git", "ls-files", "-z", "--others")
    words = (*listing_of, "--ignored", *(f"--exclude={each}" for each in patterns))
    fitting, seen = (
        (output or b"").decode(errors="surrogateescape").split("\0")
        for output in git.capture((words, (*listing_of, "--exclude-standard")), str(folder))
    )
    apart = tuple(f"{path.parent.relative_to(folder).as_posix()}/" for path in folder.glob("*/pyvenv.cfg"))
    return sorted(name for name in {*fitting} & {*seen} if name and not name.startswith(apart))
