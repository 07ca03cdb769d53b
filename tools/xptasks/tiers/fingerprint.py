"""What a result depends on, as values that can be compared: files, environment, programs, distributions.

The git hook imports this module and then waits for it, so it starts one git process and imports almost nothing:
no `pathlib`, `re`, `json` or `dataclasses`, which together take longer than all that is done here.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping

from xptasks.system import git

Blob = tuple[str, str]
"""A file's mode (`100644`, `100755`, `120000`) and the id that git gives its content."""

Tree = dict[str, Blob]
"""All files of a project that git tracks or does not ignore, by their path relative to the project."""

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
_SHA256_LENGTH = 64


class UncacheableError(Exception):
    """The state of the project cannot be told reliably; the message says why. Then everything runs."""


def tree(project: str) -> Tree:
    """Read the state of every file below `project`.

    Content counts, not how it got there: committing, staging or touching a file changes nothing.

    Raises:
        UncacheableError: outside a git repository, or when git does not answer.
    """
    listing = git.list_files(project)
    if listing is None:
        raise UncacheableError(f"{project} is not in a git repository")
    files: Tree = {}
    for tag, mode, blob, path in listing:
        if tag == "H" and mode[0] == "1" and mode[:2] == "10":  # a regular file that git vouches for
            files[path] = (mode, blob)
        else:
            files.update(_entry(project, mode, blob, path))
    return files


def _entry(project: str, mode: str, blob: str, path: str) -> Tree:
    """What git does not vouch for is read: changed and untracked files, links, repositories within."""
    if mode == "160000" or path.endswith("/"):
        return _nested(project, path.rstrip("/"), blob)
    return {path: read(f"{project}/{path}", len(blob))}


def _nested(project: str, path: str, blob: str) -> Tree:
    """A submodule or a repository within the repository: its own files, whatever its commit says."""
    inner = f"{project}/{path}"
    if not os.path.exists(f"{inner}/.git"):
        return {path: ("160000", blob)}
    return {f"{path}/{name}": found for name, found in tree(inner).items()}


def read(path: str, id_length: int = 40) -> Blob:
    """Mode and content id of one file as it lies on the disk."""
    try:
        state = os.lstat(path)
    except OSError:
        return _MISSING
    if stat.S_ISLNK(state.st_mode):
        return "120000", _link(path)
    if not stat.S_ISREG(state.st_mode):
        return f"{stat.S_IFMT(state.st_mode):o}", ""
    mode = "100755" if state.st_mode & stat.S_IXUSR else "100644"
    try:
        return mode, blob_id(_content(path), id_length)
    except OSError as error:
        raise UncacheableError(f"{path} cannot be read: {error.strerror}") from error


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def blob_id(content: bytes, id_length: int = 40) -> str:
    """The id that git gives to this content (SHA-1, or SHA-256 in a repository of that format)."""
    algorithm = "sha256" if id_length == _SHA256_LENGTH else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _link(path: str) -> str:
    """A symbolic link counts with its target's name and with what it leads to, which may lie outside the project."""
    parts: list[object] = [os.readlink(path)]
    for count, file in enumerate(files_below(path)):
        if count > _MAX_LINKED_FILES:
            raise UncacheableError(f"{path} leads to more than {_MAX_LINKED_FILES} files")
        parts.append((file, _content_id(file)))
    return digest(*parts)


def files_below(path: str) -> Iterator[str]:
    """The file itself, or every file below the folder, in a stable order."""
    if os.path.isfile(path):
        yield path
    elif os.path.isdir(path):
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (f"{folder}/{name}" for name in sorted(names))


def _content_id(path: str) -> str:
    try:
        return blob_id(_content(path)) if os.path.isfile(path) else "none"
    except OSError:
        return "unreadable"


def distributions(site_packages: Iterable[str], project: str) -> list[str]:
    """What is installed: each distribution with the moment it was installed, and the files of those that are editable.

    Args:
        site_packages: the folders that hold `*.dist-info`.
        project: its own editable installation counts through the inputs of each step, not here.
    """
    found: list[str] = []
    for folder in site_packages:
        for name in sorted(_listing(folder)):
            if name.endswith((".dist-info", ".egg-info", ".egg-link", ".pth")):
                entry = f"{folder}/{name}"
                found.append(f"{name} {_changed(entry)} {_editable(entry, project)}")
    return found


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _changed(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)
    except OSError:
        return "gone"


def _editable(dist_info: str, project: str) -> str:
    """The state of an editable distribution's folder; empty for an ordinary one and for the project itself."""
    try:
        text = _content(f"{dist_info}/direct_url.json").decode()
    except OSError:
        return ""
    import json  # noqa: PLC0415 - slow to import; only editable and local distributions have such a file

    origin = json.loads(text)
    if not origin.get("dir_info", {}).get("editable"):
        return ""
    folder = _path_of(origin["url"])
    return "project" if os.path.realpath(folder) == os.path.realpath(project) else digest(*sorted(tree(folder).items()))


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - slow to import, see above

    return unquote(urlsplit(url).path)


def site_packages_of(environment: str) -> list[str]:
    """The folders of a virtual environment that hold its distributions."""
    posix = f"{environment}/lib"
    names = sorted(name for name in _listing(posix) if name.startswith("python"))
    return [f"{posix}/{name}/site-packages" for name in names] or [f"{environment}/Lib/site-packages"]


def program(name: str, search: str) -> str:
    """A program's identity: where its link ends, its size and its age; "missing" when it is not on the search path."""
    candidates = [name] if os.sep in name else [f"{folder}/{name}" for folder in search.split(os.pathsep) if folder]
    for candidate in candidates:
        real = os.path.realpath(candidate)
        try:
            state = os.stat(real)
        except OSError:
            continue
        if stat.S_ISREG(state.st_mode):
            return f"{real} {state.st_size} {state.st_mtime_ns}"
    return "missing"


def host() -> str:
    """The platform: system, release, version, machine. A result is never carried from one to another."""
    if hasattr(os, "uname"):
        return " ".join((sys.platform, *os.uname()[2:]))
    import platform  # noqa: PLC0415 - slow to import, and only needed where uname is missing

    return f"{sys.platform} {platform.version()} {platform.machine()}"


def environment(environ: Mapping[str, str], declared: Iterable[str]) -> dict[str, str]:
    """The variables that a child may see: the harmless ones everybody needs, and the declared."""
    return {name: environ[name] for name in (*PASSED_ON, *declared) if name in environ}


def digest(*parts: object) -> str:
    """One hash over values whose `repr` says everything about them (strings, numbers, lists, tuples, sorted items)."""
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()
