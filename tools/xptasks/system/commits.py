"""Two commits side by side, read from git's objects alone: neither a working tree nor anybody's settings count.

What a change brings along to hide itself does not count either: `.gitattributes` that call a file binary, `.mailmap`,
replaced objects.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.errors import CannotRunError, UsageError
from xptasks.system import git
from xptasks.system.change import ChangedFile
from xptasks.system.plumbing import Git

ABSENT = "000000"
LINK = "120000"
SUBMODULE = "160000"
"""Modes of git's: no file, a symbolic link, a commit of another repository."""

_GIT = ("git", "--no-replace-objects", "-c", "core.quotePath=false")
_DIFF = (*_GIT, "diff-tree", "-r", "-z", "-M", "--no-ext-diff", "--no-textconv", "--diff-algorithm=myers")
_Lines = tuple[int | None, int | None]
_BINARY = 8000  # bytes in which git, too, looks for a NUL


@dataclass(frozen=True, slots=True)
class Committed:
    """A file that differs between two commits.

    Attributes:
        file: its paths, relative to the project (`../other/file` outside of it), and its numbers of lines.
        mode_before, mode: what git says it is; `ABSENT` where it is not there.
    """

    file: ChangedFile
    mode_before: str
    mode: str

    @property
    def path(self) -> str:
        """Where it is now, or where it was if it is gone."""
        return self.file.path


@dataclass(frozen=True, slots=True)
class Signed:
    """Who made a commit.

    Attributes:
        commit: its id.
        author, committer: their e-mail addresses, as the commit has them.
        others: those of the trailers `Co-authored-by`.
    """

    commit: str
    author: str
    committer: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of a repository, as a project in it sees them.

    Args:
        folder: where git is asked: a clone, a worktree, or a bare repository.
        prefix: the project's folder in the repository, empty or with a `/` at its end.
    """

    folder: Path
    prefix: str = ""

    @classmethod
    def of(cls, project: Path) -> "Objects":
        """Those of a project in a clone."""
        (found,) = git.capture((("git", "rev-parse", "--show-prefix"),), str(project))
        if found is None:
            raise CannotRunError("there is no git repository here", where=str(project))
        return cls(project, _text(found).strip("\n"))

    def commit(self, revision: str) -> str:
        """The whole id of a commit.

        Raises:
            UsageError: there is no such commit.
        """
        (found,) = self._ask((("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"),))
        if found is None:
            raise UsageError(f"there is no commit {revision!r}", hint="`git fetch` may bring it")
        return _text(found).strip()

    def has(self, revision: str) -> bool:
        """Whether there is such a commit."""
        return self._ask((("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"),))[0] is not None

    def merge_bases(self, one: str, other: str) -> list[str]:
        """The best common ancestors of two commits; several when they were merged crosswise."""
        (found,) = self._ask((("merge-base", "--all", one, other),))
        return _text(found or b"").split()

    def differences(self, base: str, head: str) -> list[Committed]:
        """The files of the whole repository that differ between two commits.

        Raises:
            CannotRunError: git does not answer.
        """
        (found,) = git.capture(((*_DIFF, "--raw", "--numstat", base, head),), str(self.folder))
        if found is None:
            raise CannotRunError(f"git cannot compare {base[:12]} with {head[:12]}", hint="is the history complete?")
        files = [self._committed(*each) for each in _records(_text(found).split("\0"))]
        return [self._counted(each, base, head) if each.file.added is None else each for each in files]

    def _committed(self, modes: tuple[str, str], path: str, before: str, lines: _Lines) -> Committed:
        was, now = modes
        old = None if was == ABSENT else self._relative(before)
        return Committed(ChangedFile(self._relative(path), old, now != ABSENT, *lines), was, now)

    def _counted(self, each: Committed, base: str, head: str) -> Committed:
        """A file that git calls binary, perhaps because it was told so: of a text, all lines count."""
        file = each.file
        before = self.blob(base, file.before) if file.before else b""
        after = self.blob(head, file.path) if file.exists else b""
        if any(text is None or b"\0" in text[:_BINARY] for text in (before, after)):
            return each
        lines = (len((after or b"").splitlines()), len((before or b"").splitlines()))
        return replace(each, file=ChangedFile(file.path, file.before, file.exists, *lines))

    def blob(self, commit: str, path: str) -> bytes | None:
        """A file of a commit, None where there is none; the path is relative to the project."""
        return next(iter(self.blobs([(commit, path)])))

    def blobs(self, wanted: Iterable[tuple[str, str]]) -> list[bytes | None]:
        """Several files, each of a commit and a path."""
        names = [f"{commit}:{self._top(path)}" for commit, path in wanted]
        plain = {name for name in names if "\n" not in name}  # such a name would be two in a list of them
        reader = Git(self.folder, {"GIT_NO_REPLACE_OBJECTS": "1"})
        known = dict(zip(sorted(plain), reader.objects(sorted(plain)), strict=True))
        odd = {name: self._ask((("cat-file", "blob", name),))[0] for name in names if name not in plain}
        files = {name: found.content for name, found in known.items() if found and found.kind == "blob"}
        return [odd.get(name, files.get(name)) for name in names]

    def paths(self, commit: str) -> list[str]:
        """All files of a commit, relative to the project."""
        (found,) = self._ask((("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit),))
        return [self._relative(path) for path in _text(found or b"").split("\0") if path]

    def signed(self, base: str, head: str) -> list[Signed]:
        """Who made the commits between two, oldest first; no `.mailmap` has a say."""
        form = "--format=%H%x00%ae%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x00)%x01"
        (found,) = self._ask((("log", "--reverse", "--no-use-mailmap", form, f"{base}..{head}"),))
        records = (record.lstrip("\n").split("\0") for record in _text(found or b"").split("\1"))
        return [_signed(*fields) for fields in records if len(fields) > 1]

    def trailers(self, base: str, head: str, key: str) -> list[str]:
        """The values of a trailer in the messages of the commits between two, oldest first."""
        form = f"--format=%(trailers:key={key},valueonly,unfold)"
        (found,) = self._ask((("log", "--reverse", form, f"{base}..{head}"),))
        return [line.strip() for line in _text(found or b"").splitlines() if line.strip()]

    def tree(self, commit: str) -> str:
        """The id of a commit's tree: the same for the same content."""
        (found,) = self._ask((("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}"),))
        return _text(found or b"").strip()

    def _ask(self, questions: tuple[tuple[str, ...], ...]) -> list[bytes | None]:
        return git.capture(tuple((*_GIT, *words) for words in questions), str(self.folder))

    def _relative(self, path: str) -> str:
        return posixpath.relpath(path, self.prefix) if self.prefix else path

    def _top(self, path: str) -> str:
        return posixpath.normpath(f"{self.prefix}{path}")


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def _signed(commit: str, author: str, committer: str, *others: str) -> Signed:
    named = (other.rpartition("<")[2].partition(">")[0].strip() for other in others)
    return Signed(commit, author, committer, tuple(name for name in named if name))


def _records(fields: Sequence[str]) -> Iterator[tuple[tuple[str, str], str, str, _Lines]]:
    """Modes, path, path before and numbers of lines: git prints all modes, then all numbers, in the same order."""
    modes: list[tuple[str, str]] = []
    waiting = iter(fields)
    rest: list[str] = []
    for record in waiting:
        if not record.startswith(":"):
            rest = [record, *waiting]
            break
        was, now, _, _, status = record.removeprefix(":").split(" ")
        modes.append((was, now))
        next(waiting)
        if status[0] in "RC":
            next(waiting)
    for mode, (path, before, added, deleted) in zip(modes, _numbers(rest), strict=True):
        yield mode, path, before, (added, deleted)


def _numbers(fields: Sequence[str]) -> Iterator[tuple[str, str, int | None, int | None]]:
    """Records `ADDED TAB DELETED TAB PATH`, or with an empty path and then two fields for a rename."""
    waiting = iter(fields)
    for record in waiting:
        if not record:
            continue
        added, deleted, path = record.split("\t", 2)
        before, now = (path, path) if path else (next(waiting), next(waiting))
        yield now, before, _number(added), _number(deleted)


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)
