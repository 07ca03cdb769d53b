"""What git holds of a project at one revision, or in its working tree now, and that as files in a folder: an edge."""

import posixpath
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile

from xptasks.errors import CannotRunError, GateFailedError, UsageError
from xptasks.system import git
from xptasks.system.commands import run

_PATIENCE = 120.0  # seconds for one git command
_SHOWN = 3  # changed files in a message
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LONGEST_POINTER = 1024
_SUBMODULE = "160000"
# How a checkout turns line ends is this machine's taste, which a release must not depend on.
_GIT = ("git", "-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.quotePath=false")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a project.

    Attributes:
        commit: the full id of the commit; of the one that the working tree is based on when it is dirty.
        subject: the first line of its message.
        tree: the id of the project's folder: two snapshots with the same files have the same.
        dirty: whether it has changes that the commit does not have.
        whole: what git archives: the commit, or the tree of a dirty repository.
        environ: the environment in which git knows it.
    """

    commit: str
    subject: str
    tree: str
    dirty: bool
    whole: str
    environ: Mapping[str, str] = field(repr=False, compare=False)


@contextmanager
def snapshot(project: Path, revision: str = "", *, dirty: bool = False) -> Iterator[Snapshot]:
    """A revision of the project, or without one the commit that is checked out; to be unpacked inside the block.

    Args:
        project: the project's folder, in a git repository.
        revision: anything that names a commit.
        dirty: take the working tree as it is: tracked files, and untracked ones that are not ignored.

    Raises:
        UsageError: there is no such commit, or both a revision and `dirty` were given.
        GateFailedError: the working tree has changes that the commit does not have, and nobody asked for them.
        CannotRunError: git does not work here.
    """
    if revision and dirty:
        raise UsageError("--dirty takes the working tree, so it cannot have a revision", hint="leave out one of them")
    environ = git.environment()
    commit, subject = _commit(project, revision or "HEAD", environ)
    if not revision and not dirty:
        _must_be_clean(project, environ)
    if not dirty:
        tree = _git(project, environ, "rev-parse", "--verify", f"{commit}:./").strip()
        yield Snapshot(commit, subject, tree, dirty=False, whole=commit, environ=environ)
        return
    with tempfile.TemporaryDirectory(prefix="xptasks-") as scratch:
        yield _working_tree(project, commit, subject, _aside(project, Path(scratch), environ))


def _commit(project: Path, revision: str, environ: Mapping[str, str]) -> tuple[str, str]:
    done = run([*_GIT, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], project, environ, _PATIENCE)
    if done.code == 1:
        hint = "commit something first" if revision == "HEAD" else "`git log --oneline` shows commits"
        raise UsageError(f"{revision} is no commit of this repository", hint=hint)
    if done.code != 0:
        raise _broken(project, done.error)
    commit = done.out.strip()
    return commit, _git(project, environ, "show", "--no-patch", "--format=%s", commit).rstrip("\n")


def _must_be_clean(project: Path, environ: Mapping[str, str]) -> None:
    changed = _git(project, environ, "status", "--porcelain", "-z", "--no-renames", "--", ".").split("\0")[:-1]
    if changed:
        names = ", ".join(line[3:] for line in changed[:_SHOWN])
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise GateFailedError(
            f"the working tree has changes that no commit has: {names}{more}",
            hint="commit them, name a revision, or ask for a release that is marked as dirty with --dirty",
        )


def _aside(project: Path, scratch: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment in which git adds to an index and to a store of objects of their own, not the repository's."""
    index, objects = (
        project / _git(project, environ, "rev-parse", "--git-path", name).strip() for name in ("index", "objects")
    )
    if index.exists():
        copyfile(index, scratch / "index")
    (scratch / "objects").mkdir()
    return {
        **environ,
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects.resolve()),
    }


def _working_tree(project: Path, commit: str, subject: str, environ: Mapping[str, str]) -> Snapshot:
    _git(project, environ, "add", "--all", "--", ".")
    whole = _git(project, environ, "write-tree").strip()
    prefix = _git(project, environ, "rev-parse", "--show-prefix").strip()
    tree, committed = (
        _git(project, environ, "rev-parse", "--verify", f"{name}:{prefix}").strip() for name in (whole, commit)
    )
    if tree == committed:
        return Snapshot(commit, subject, tree, dirty=False, whole=commit, environ=environ)
    return Snapshot(commit, subject, tree, dirty=True, whole=whole, environ=environ)


def unpack(project: Path, taken: Snapshot, folder: Path) -> tuple[str, ...]:
    """Write the files of a snapshot into a new folder; says in words what of the project is not among them.

    Raises:
        CannotRunError: git or the disk does not work, or a link leads out of the project.
    """
    archive = folder.parent / f"{folder.name}.tar"
    _git(project, taken.environ, "archive", "--format=tar", f"--output={archive}", taken.whole)
    try:
        with tarfile.open(archive) as tar:
            notes = [note for member in tar for note in _looked_at(tar, member)]
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python before 3.11.4 has none
            tar.extractall(folder)  # noqa: S202 - git wrote it from its own tree, and links were looked at
    except (OSError, tarfile.TarError) as error:
        raise CannotRunError(f"the release cannot be unpacked: {error}", hint="make room, or mend the file") from error
    archive.unlink()
    return (*notes, *_submodules(project, taken))


def _looked_at(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[str]:
    if member.issym():
        target = posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
        if posixpath.isabs(target) or target.split("/")[0] == "..":
            raise CannotRunError(
                f"the link {member.name} leads out of the project, to {member.linkname}",
                hint="a release has to hold all that it needs: copy the file, or leave the link out with the "
                "attribute export-ignore",
            )
    elif member.isfile() and member.size < _LONGEST_POINTER:
        file = tar.extractfile(member)
        if file is not None and file.read(len(_POINTER)) == _POINTER:
            yield f"{member.name} is a pointer of Git LFS, not the file itself"


def _submodules(project: Path, taken: Snapshot) -> Iterator[str]:
    listing = _git(project, taken.environ, "ls-tree", "-r", "-z", "--full-tree", taken.tree)
    for line in listing.split("\0"):
        if line.startswith(_SUBMODULE):
            yield f"the submodule {line.partition(chr(9))[2]} is not part of the release"


def _git(project: Path, environ: Mapping[str, str], *words: str) -> str:
    done = run([*_GIT, *words], project, environ, _PATIENCE)
    if done.code != 0:
        raise _broken(project, done.error)
    return done.out


def _broken(project: Path, said: str) -> CannotRunError:
    return CannotRunError(f"git does not work in {project}: {said or 'it said nothing'}", hint="run `git status` there")
