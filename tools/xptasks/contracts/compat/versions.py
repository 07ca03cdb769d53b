"""Versions of contracts: a file as it lies there, or as a revision of git has it (`REVISION:PATH`)."""

import io
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

from xptasks.contracts.document import Document, load
from xptasks.errors import UsageError
from xptasks.system import git

_SUFFIXES = (".yaml", ".yml", ".json")


def load_version(name: str, folder: Path) -> Document:
    """The contract that a file name or `REVISION:PATH` means; paths are relative to a folder.

    Raises:
        UsageError: there is no such file or revision.
        ContractError: it cannot be used.
    """
    path = folder / name
    if path.exists():
        return load(Path(name) if folder == Path.cwd() else path)
    revision, colon, inner = name.partition(":")
    if not colon or not revision or not inner:
        raise UsageError(f"there is no file {name!r}", hint="Name a file, or REVISION:PATH for a file in git.")
    return _load_revision(revision, inner, folder)


def in_revision(revision: str, path: str, folder: Path) -> bool:
    """Whether a revision has a file, by its path relative to a folder."""
    (kind,) = git.capture((("git", "cat-file", "-t", f"{revision}:./{path}"),), str(folder))
    return kind is not None and kind.strip() == b"blob"


def is_revision(name: str, folder: Path) -> bool:
    """Whether git knows a commit of this name."""
    if name.startswith("-"):
        return False
    (found,) = git.capture((("git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"),), str(folder))
    return found is not None


def _load_revision(revision: str, path: str, folder: Path) -> Document:
    if revision.startswith("-") or not in_revision(revision, path, folder):
        raise UsageError(f"git has no {path!r} in {revision!r}", hint="`git ls-tree -r REVISION` lists what there is.")
    near = PurePosixPath(path).parent.as_posix()
    listing, content = _files(revision, near, folder)
    if content is None:
        raise UsageError(f"git cannot read {listing} of {revision!r}")
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            _extract(archive, Path(scratch))
        document = load(Path(scratch) / path)
    named = path if "/" in path else f"./{path}"  # what is before the last slash is the contract's folder
    return replace(document, path=Path(f"{revision}:{named}"))


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the plain files. `extractall` has no filter before Python 3.11.4, and nothing but files is wanted."""
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        target = (folder / member.name).resolve()
        if content is not None and target.is_relative_to(folder.resolve()):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def _files(revision: str, near: str, folder: Path) -> tuple[str, bytes | None]:
    """What may belong to a contract: everything below its folder that could be one of its files."""
    (names,) = git.capture((("git", "ls-tree", "-r", "-z", "--name-only", revision, f"{near}/"),), str(folder))
    wanted = [name for name in (names or b"").decode().split("\0") if name.lower().endswith(_SUFFIXES)]
    (content,) = git.capture((("git", "archive", "--format=tar", revision, "--", *wanted),), str(folder))
    return near, content
