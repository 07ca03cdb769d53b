"""What a result depends on, as values that can be compared: files, environment, programs, distributions.

The git hook imports this module and then waits for it, so it starts one git process and imports almost nothing:
no `pathlib`, `re`, `json`, `dataclasses`, `collections` or `hashlib`, which take longer than all that is done here.
"""

from __future__ import annotations

import os
import stat
import sys

from xptasks.system import git

try:  # as `random` does: `hashlib` would load OpenSSL first
    from _sha1 import sha1  # type: ignore[import-not-found]

    try:
        from _sha2 import sha256  # type: ignore[import-not-found]
    except ImportError:  # Python 3.11
        from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha1, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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

CONFIG = "xpconfig.toml"

_MISSING: Blob = ("000000", "missing")
_MAX_LINKED_FILES = 10_000
_NO_CONTENT = {".git", ".xp", "__pycache__"}  # behind a link: what programs leave there while they run
_SCRIPT_BYTES = 256 * 1024  # a program up to this size is read; of a larger one size and age tell enough
_SHA256_LENGTH = 64


class UncacheableError(Exception):
    """The state of the project cannot be told reliably; the message says why. Then everything runs."""


def project_tree(project: str) -> Tree:
    """The state of a project's files.

    Raises:
        UncacheableError: as `tree`, and where git ignores the project: then git sees no change in it.
    """
    files = tree(project)
    if CONFIG not in files:
        raise UncacheableError(f"git ignores {project}/{CONFIG}")
    return {path: blob for path, blob in files.items() if path[:4] != ".xp/"}  # our own, ignored or not


def tree(project: str) -> Tree:
    """Read the state of every file below `project`.

    Content counts, not how it got there: committing, staging or touching a file changes nothing.

    Raises:
        UncacheableError: outside a git repository, or when git does not answer.
    """
    listing = git.list_files(project)
    if listing is None:
        raise UncacheableError(f"{project} is not in a git repository, or git cannot list it")
    id_length = next((len(blob) for _, _, blob, _ in listing if blob), 40)
    files: Tree = {}
    for tag, mode, blob, path in listing:
        if tag == "H" and mode[:2] == "10":  # a regular file that git vouches for
            files[path] = (mode, blob)
        elif mode == "160000" or path.endswith("/"):
            files.update(_nested(project, path.rstrip("/"), blob))
        else:  # changed and untracked files, links
            files[path] = read(f"{project}/{path}", id_length)
    return files


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
    algorithm = sha256 if id_length == _SHA256_LENGTH else sha1
    found: str = algorithm(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return found


def _link(path: str) -> str:
    """A symbolic link counts with its target's name and with what it leads to, which may lie outside the project."""
    parts: list[object] = [os.readlink(path)]
    for count, file in enumerate(files_below(path)):
        if count > _MAX_LINKED_FILES:
            raise UncacheableError(f"{path} leads to more than {_MAX_LINKED_FILES} files")
        parts.append((file, _content_id(file)))
    return digest(*parts)


def files_below(path: str) -> Iterator[str]:
    """The file itself, or every file below the folder, in a stable order, through links to folders too."""
    if os.path.isfile(path):
        yield path
    seen: set[str] = set()
    for folder, folders, names in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if name not in _NO_CONTENT)
        if real not in seen:
            seen.add(real)
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

    Raises:
        UncacheableError: an editable distribution's files cannot be told.
    """
    found: list[str] = []
    for folder in site_packages:
        for name in sorted(_listing(folder)):
            if name.endswith((".dist-info", ".egg-info", ".egg-link", ".pth", ".py")):
                entry = f"{folder}/{name}"
                found.append(f"{name} {_changed(entry)} {_editable(entry, project)}")
            elif name not in _NO_CONTENT:
                found.append(name)
    return found


def alike(installed: Iterable[str]) -> str:
    """A hash of what an outcome depends on beside files and words, the same on machines that are set up alike.

    Args:
        installed: what `distributions` found.
    """
    names = sorted(entry.partition(" ")[0] for entry in installed if ".dist-info " in entry)
    machine = os.uname()[4] if hasattr(os, "uname") else ""
    return digest(sys.platform, machine, tuple(sys.version_info[:3]), names)[:16]


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
    if f'"url":"file://{project}"' in text.replace(": ", ":"):  # the usual case, told without a parser
        return "project"
    import json  # noqa: PLC0415 - slow to import; only editable and local distributions have such a file

    try:
        origin = json.loads(text)
        folder = _path_of(origin["url"]) if origin.get("dir_info", {}).get("editable") else ""
    except (ValueError, KeyError, AttributeError) as error:
        raise UncacheableError(f"{dist_info}/direct_url.json cannot be read") from error
    if not folder:
        return ""
    if os.path.realpath(folder) == os.path.realpath(project):
        return "project"
    files = tree(folder)
    if not files:
        raise UncacheableError(f"git ignores {folder}, which is installed as editable")
    return digest(*sorted(files.items()))


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - slow to import, see above

    return unquote(urlsplit(url).path)


def site_packages_of(environment: str) -> list[str]:
    """The folders of a virtual environment that hold its distributions."""
    posix = f"{environment}/lib"
    names = sorted(name for name in _listing(posix) if name.startswith("python"))
    return [f"{posix}/{name}/site-packages" for name in names] or [f"{environment}/Lib/site-packages"]


def programs_of(environment: str) -> str:
    """The folder of a virtual environment that holds its programs."""
    return f"{environment}/{'Scripts' if os.name == 'nt' else 'bin'}"


def program(name: str, search: str, project: str) -> str:
    """A program's identity: where its link ends, and its content, or size and age; "missing" when it is not found.

    Args:
        name: as in an argv; with a folder in it, it is relative to the project.
        search: the search path of whoever starts it.
        project: the folder it is started in.
    """
    folders = [project] if os.sep in name else search.split(os.pathsep)
    for folder in folders:
        real = os.path.realpath(os.path.join(folder, name))
        try:
            state = os.stat(real)
            if stat.S_ISREG(state.st_mode):
                age = state.st_mtime_ns if state.st_size > _SCRIPT_BYTES else blob_id(_content(real))
                return f"{real} {state.st_mode:o} {state.st_size} {age}"
        except OSError:
            continue
    return "missing"


def host() -> str:
    """The platform: system, release, version, machine. A result is never carried from one to another."""
    if hasattr(os, "uname"):
        return " ".join((sys.platform, *os.uname()[2:]))
    import platform  # noqa: PLC0415 - slow to import, and only needed where uname is missing

    return f"{sys.platform} {platform.version()} {platform.machine()}"


def environment(environ: Mapping[str, str], declared: Iterable[str], programs: str) -> dict[str, str]:
    """The variables of the caller that a child may see: the harmless ones everybody needs, and the declared.

    Args:
        environ: the caller's environment.
        declared: names of further variables.
        programs: the folder with the programs of the tier's environment, the first on the search path.
    """
    found = {name: environ[name] for name in (*PASSED_ON, *declared) if name in environ}
    return {**found, "PATH": os.pathsep.join(dict.fromkeys([programs, *_search_path(environ)]))}


def _search_path(environ: Mapping[str, str]) -> Iterator[str]:
    """The caller's search path without what git puts before it for a hook, and an active virtual environment.

    The tier has an environment of its own, and a shell, an editor and a hook must come to the same result.
    """
    active = environ.get("VIRTUAL_ENV", "").rstrip("/")
    for folder in environ.get("PATH", "").split(os.pathsep):
        of_active = active and folder.rstrip("/") == programs_of(active)
        if os.path.isabs(folder) and os.path.basename(folder) != "git-core" and not of_active:
            yield folder


def written(project: str, paths: Iterable[str]) -> dict[str, int]:
    """When each file was last written, in nanoseconds (`ctime`, which nobody can set back); 0 for one that is gone."""
    return {path: _written(f"{project}/{path}") for path in paths}


def _written(path: str) -> int:
    try:
        return os.lstat(path).st_ctime_ns
    except OSError:
        return 0


def digest(*parts: object) -> str:
    """One hash over values whose `repr` says everything about them (strings, numbers, lists, tuples, sorted items)."""
    found: str = sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()
    return found
