"""What a result depends on, as values that can be compared: files, environment, programs, distributions.

The git hook and the session's quick check import this module before anything else, so it uses the standard library
only, starts one git process, and leaves `hashlib` and `json` as its heaviest imports.
"""

import hashlib
import os
import platform
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xptasks.system import git

Blob = tuple[str, str]
"""A file's mode (`100644`, `100755`, `120000`) and the id that git gives its content."""

PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SYSTEMROOT",
)
"""The variables that every child may see; whatever else it needs is declared in the configuration."""

_MISSING: Blob = ("000000", "missing")
_MAX_LINKED_FILES = 10_000


class UncacheableError(Exception):
    """The state of the project cannot be told reliably; the message says why. Then everything runs."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All files of a project that git tracks or does not ignore, by their path relative to the project."""

    files: Mapping[str, Blob]

    def matching(self, patterns: Iterable[str]) -> dict[str, Blob]:
        """The files that any of the globs names."""
        matches = matcher(tuple(patterns))
        return {path: blob for path, blob in self.files.items() if matches(path)}


def tree(project: Path) -> Tree:
    """Read the state of every file below `project`.

    Content counts, not how it got there: committing, staging or touching a file changes nothing.

    Raises:
        UncacheableError: outside a git repository, or when git does not answer.
    """
    listing = git.list_files(project)
    if listing is None:
        raise UncacheableError(f"{project} is not in a git repository")
    files: dict[str, Blob] = {}
    for tag, mode, blob, path in listing:
        files.update(_entry(project, tag, mode, blob, path))
    return Tree(files)


def _entry(project: Path, tag: str, mode: str, blob: str, path: str) -> dict[str, Blob]:
    """One line of `git ls-files`: trust the index where git vouches for it, read the file where it does not."""
    if mode == "160000" or path.endswith("/"):
        return _nested(project, path.rstrip("/"), blob)
    if tag == "H" and mode != "120000":
        return {path: (mode, blob)}
    return {path: _read(project / path, len(blob))}


def _nested(project: Path, path: str, blob: str) -> dict[str, Blob]:
    """A submodule or a repository within the repository: its own files, whatever its commit says."""
    inner = project / path
    if not (inner / ".git").exists():
        return {path: ("160000", blob)}
    return {f"{path}/{name}": found for name, found in tree(inner).files.items()}


def _read(path: Path, id_length: int = 40) -> Blob:
    try:
        state = path.lstat()
    except OSError:
        return _MISSING
    if stat.S_ISLNK(state.st_mode):
        return "120000", _link(path)
    if not stat.S_ISREG(state.st_mode):
        return f"{stat.S_IFMT(state.st_mode):o}", ""
    mode = "100755" if state.st_mode & stat.S_IXUSR else "100644"
    try:
        return mode, blob_id(path.read_bytes(), id_length)
    except OSError as error:
        raise UncacheableError(f"{path} cannot be read: {error.strerror}") from error


def blob_id(content: bytes, id_length: int = 40) -> str:
    """The id that git gives to this content (SHA-1, or SHA-256 in a repository of that format)."""
    algorithm = "sha256" if id_length == 64 else "sha1"  # noqa: PLR2004
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _link(path: Path) -> str:
    """A symbolic link counts with its target's name and with what it leads to, which may lie outside the project."""
    target = str(path.readlink())
    digest = hashlib.sha256(target.encode(errors="surrogateescape"))
    for count, file in enumerate(_linked_files(path)):
        if count > _MAX_LINKED_FILES:
            raise UncacheableError(f"{path} leads to more than {_MAX_LINKED_FILES} files")
        digest.update(repr((str(file), _content_id(file))).encode(errors="surrogateescape"))
    return digest.hexdigest()


def _linked_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (Path(folder, name) for name in sorted(names))


def _content_id(path: Path) -> str:
    try:
        return blob_id(path.read_bytes()) if path.is_file() else "none"
    except OSError:
        return "unreadable"


@lru_cache(maxsize=64)
def _pattern(glob: str) -> str:
    """A glob as a regular expression: `*` and `?` stay in a folder, `**` crosses folders, a folder means all of it."""
    regex = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob.removeprefix("./").rstrip("/")):
        regex += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
    return f"{regex}(?:/.*)?"


@lru_cache(maxsize=64)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """A predicate over relative paths: does any of the globs match?"""
    return re.compile("|".join(f"(?:{_pattern(glob)})" for glob in patterns) or r"(?!)").fullmatch


def ignored_inputs(project: Path, patterns: Iterable[str], known: Mapping[str, Blob]) -> dict[str, Blob]:
    """Files that git ignores but a pattern names: a plain path, or a glob below a named folder.

    A glob that starts with a wildcard never reaches ignored files: it would read every environment and cache.
    """
    found: dict[str, Blob] = {}
    for glob in patterns:
        base = re.split(r"[*?]", glob, maxsplit=1)[0]
        if not base.strip("./"):
            continue
        start = project / base if base == glob else project / base.rpartition("/")[0]
        if start == project:
            continue
        matches = matcher((glob,))
        for file in (start,) if base == glob and not start.is_dir() else _linked_files(start):
            name = os.path.relpath(file, project)
            if name not in known and matches(name):
                found[name] = _read(file)
    return found


def distributions(site_packages: Iterable[str], own: Path | None = None) -> list[str]:
    """What is installed: each distribution with the moment it was installed, and the files of those that are editable.

    Args:
        site_packages: the folders that hold `*.dist-info`.
        own: the project, whose own files count as inputs of each step and not here.
    """
    found: list[str] = []
    for folder in site_packages:
        for name in sorted(_listing(folder)):
            if name.endswith((".dist-info", ".egg-info", ".egg-link", ".pth")):
                entry = os.path.join(folder, name)  # noqa: PTH118
                found.append(f"{name} {_changed(entry)} {_editable(entry, own)}")
    return found


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def _changed(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)  # noqa: PTH116
    except OSError:
        return "gone"


def _editable(dist_info: str, own: Path | None) -> str:
    """The state of an editable distribution's folder; empty for an ordinary one and for the project itself."""
    try:
        with open(f"{dist_info}/direct_url.json", encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except OSError:
        return ""
    found = re.search(r'"url"\s*:\s*"file://([^"]+)"', text)
    if found is None or not re.search(r'"editable"\s*:\s*true', text):
        return ""
    folder = Path(_unquoted(found[1]))
    if own is not None and folder == own:
        return "project"
    return digest(sorted(tree(folder).files.items()))


def _unquoted(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote  # noqa: PLC0415 - slow to import, and few folders have such names

    return unquote(path)


def site_packages_of(environment: Path) -> list[str]:
    """The folders of a virtual environment that hold its distributions."""
    posix = environment / "lib"
    names = [name for name in _listing(str(posix)) if name.startswith("python")]
    return [str(posix / name / "site-packages") for name in names] or [str(environment / "Lib" / "site-packages")]


def interpreter(python: str) -> str:
    """Which interpreter this is: where the link ends, and that file's size and age."""
    return program(python, "")


def program(name: str, search: str) -> str:
    """A program's identity: where its link ends, its size and its age; "missing" when it is not on the search path."""
    candidates = [name] if os.sep in name else [f"{folder}/{name}" for folder in search.split(os.pathsep) if folder]
    for candidate in candidates:
        real = os.path.realpath(candidate)
        try:
            state = os.stat(real)  # noqa: PTH116
        except OSError:
            continue
        if stat.S_ISREG(state.st_mode):
            return f"{real} {state.st_size} {state.st_mtime_ns}"
    return "missing"


def host() -> str:
    """The platform: system, release, machine, libc. A result is never carried from one to another."""
    system = os.uname() if hasattr(os, "uname") else platform.uname()
    return " ".join((sys.platform, *(str(part) for part in system[2:])))


def environment(environ: Mapping[str, str], declared: Iterable[str]) -> dict[str, str]:
    """The variables that a child may see: the harmless ones everybody needs, and the declared."""
    return {name: environ[name] for name in (*PASSED_ON, *declared) if name in environ}


def digest(*parts: object) -> str:
    """One hash over values whose `repr` says everything about them (strings, numbers, lists, tuples, sorted items)."""
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()
