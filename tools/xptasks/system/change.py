"""The change at hand: everything between the commit where it left the trunk and the files as they lie there now."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xptasks.errors import CannotRunError
from xptasks.system import git

_TRUNKS = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
# Whatever a user has configured, the output has one form.
_DIFF = (
    "git",
    "--no-optional-locks",
    "-c",
    "core.quotePath=false",
    "diff",
    "--no-ext-diff",
    "--no-color",
    "--relative",
    "--find-renames",
)
_UNTRACKED = ("git", "ls-files", "-z", "--others", "--exclude-standard")
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of the change; paths are relative to the project.

    Attributes:
        path: where it is now, or where it was if it is gone.
        before: where it was, if it is not new.
        exists: whether it is there now.
        added, deleted: numbers of lines, None of a binary file.
    """

    path: str
    before: str | None
    exists: bool
    added: int | None
    deleted: int | None


def merge_base(folder: Path) -> str | None:
    """Where this branch left the trunk; None without git or without a trunk."""
    for trunk in _TRUNKS:
        (found,) = git.capture((("git", "merge-base", "HEAD", trunk),), str(folder))
        if found:
            return found.decode().strip()
    return None


def head(folder: Path) -> str:
    """The id of the commit that is checked out; empty without one."""
    (found,) = git.capture((("git", "rev-parse", "--verify", "--quiet", "HEAD"),), str(folder))
    return found.decode().strip() if found else ""


def made(folder: Path, commit: str) -> float | None:
    """When a commit was made, in seconds since the epoch; None of a commit that is not there."""
    (found,) = git.capture((("git", "show", "--no-patch", "--format=%ct", commit),), str(folder))
    return float(found) if found else None


def last_commit(folder: Path, *, but: str) -> str:
    """The id of the last commit that changed more than one file, which is relative to the folder."""
    (found,) = git.capture((("git", "log", "-1", "--format=%H", "--", ":/", f":(exclude){but}"),), str(folder))
    return found.decode().strip() if found else ""


def commits_of(folder: Path, path: str, most: int = 20) -> list[tuple[str, str]]:
    """The day and the id of the last commits that changed a file, newest first; the path is relative to the folder."""
    words = ("git", "log", f"--max-count={most}", "--format=%cs %H", "--", path)
    (found,) = git.capture((words,), str(folder))
    lines = (line.split(" ") for line in (found or b"").decode().splitlines())
    return [(day, commit) for day, commit in lines]


def on_trunk(folder: Path) -> bool:
    """Whether what is checked out is the trunk: the branch of that name, or on no branch a commit that has landed."""
    (branch,) = git.capture((("git", "symbolic-ref", "--quiet", "--short", "HEAD"),), str(folder))
    names = {name.rpartition("/")[2] for name in _TRUNKS}
    return branch.decode().strip() in names if branch else merge_base(folder) == head(folder)


def is_clean(folder: Path, *, but: str = "") -> bool:
    """Whether the working tree holds exactly the commit; `but` is a file that may differ."""
    return uncommitted(folder, but=but) == ()


def uncommitted(folder: Path, *, but: str = "") -> tuple[str, ...] | None:
    """Where the working tree differs from the commit, as `git status --porcelain` says it: `?? new.txt`, ` M old.py`.

    Paths are those of the whole repository; a folder of which git knows nothing is one line. None when git does not
    answer, so that nobody takes that for a clean tree.

    Args:
        folder: the project.
        but: a file that may differ.
    """
    exclude = ("--", ":/", f":(exclude){but}") if but else ()
    words = ("git", "--no-optional-locks", "status", "--porcelain", "-z", "--untracked-files=normal", *exclude)
    (found,) = git.capture((words,), str(folder))
    if found is None:
        return None
    records = iter(_text(found).split("\0")[:-1])
    lines = []
    for record in records:
        lines.append(record)
        if {"R", "C"} & set(record[:2]):
            next(records)  # where it was
    return tuple(lines)


def file_at(folder: Path, revision: str, path: str) -> bytes | None:
    """A file as a revision has it; the path is relative to a folder. None when there is none."""
    return git.capture((("git", "show", f"{revision}:./{path}"),), str(folder))[0]


def files(folder: Path, base: str, exclude: Sequence[str] = ()) -> list[ChangedFile]:
    """The files that differ from the base, new ones that git does not know yet included.

    Args:
        folder: the project.
        base: a commit.
        exclude: globs of files that do not count.

    Raises:
        CannotRunError: git does not answer.
    """
    only = ("--", ".", *(f":(exclude,glob){glob}" for glob in exclude))
    words = (("--numstat", "-z", base), ("--diff-filter=A", "--name-only", "-z", base))
    numbers, added, untracked = git.capture(
        (*((*_DIFF, *each, *only) for each in words), (*_UNTRACKED, *only)), str(folder)
    )
    if numbers is None or added is None or untracked is None:
        raise _cannot_compare(base)
    found = _numstat(_text(numbers).split("\0"), folder, set(_text(added).split("\0")))
    names = [name for name in _text(untracked).split("\0") if name]
    return sorted([*found, *(_new(folder, name) for name in names)], key=lambda file: file.path)


def _cannot_compare(base: str) -> CannotRunError:
    return CannotRunError(f"git cannot compare with {base}", hint="`git fetch` may help: the history may be cut off")


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def _numstat(fields: list[str], folder: Path, new: set[str]) -> Iterator[ChangedFile]:
    """Records `ADDED TAB DELETED TAB PATH`, or with an empty path and then two fields for a rename."""
    waiting = iter(fields)
    for record in waiting:
        if not record:
            continue
        added, deleted, path = record.split("\t", 2)
        before, now = (path, path) if path else (next(waiting), next(waiting))
        exists = os.path.lexists(folder / now)
        yield ChangedFile(now, None if now in new else before, exists, _number(added), _number(deleted))


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def _new(folder: Path, name: str) -> ChangedFile:
    """An untracked file; as git does, a NUL byte in the beginning tells a binary one."""
    path = folder / name
    content = b"" if path.is_symlink() or not path.is_file() else path.read_bytes()
    lines = None if b"\0" in content[:8000] else len(content.splitlines())
    return ChangedFile(name, None, exists=True, added=lines, deleted=None if lines is None else 0)


def changed_lines(folder: Path, base: str) -> dict[str, set[int]]:
    """The numbers of the lines of Python files that are new or changed since the base, by file.

    Raises:
        CannotRunError: git does not answer.
    """
    words = (*_DIFF, "--unified=0", "--src-prefix=a/", "--dst-prefix=b/", base, "--", "*.py")
    (diff,) = git.capture((words,), str(folder))
    if diff is None:
        raise _cannot_compare(base)
    found = _hunks(_text(diff).splitlines())
    for file in files(folder, base):
        if file.before is None and file.path.endswith(".py") and file.added and file.path not in found:
            found[file.path] = set(range(1, file.added + 1))
    return found


def _hunks(lines: list[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    here: set[int] = set()
    for line in lines:
        if line.startswith("+++ "):
            here = found.setdefault(line.removeprefix("+++ b/").rstrip("\t"), set())
        elif match := _HUNK.match(line):
            start, count = int(match[1]), int(match[2] or 1)
            here.update(range(start, start + count))
    return found


def trailers(folder: Path, base: str, key: str) -> list[str]:
    """The values of a trailer in the messages of the change's commits, oldest first."""
    form = f"--format=%(trailers:key={key},valueonly,unfold)"
    (found,) = git.capture((("git", "log", "--reverse", form, f"{base}..HEAD"),), str(folder))
    return [line.strip() for line in _text(found or b"").splitlines() if line.strip()]


def export(folder: Path, revision: str, target: Path) -> Path:
    """Write all files of a revision below a new folder, as a checkout would; nothing in the repository changes.

    Returns:
        Where the project of `folder` is inside it.

    Raises:
        CannotRunError: git or the disk refuses.
    """
    (top, prefix) = git.capture(
        (("git", "rev-parse", "--show-toplevel"), ("git", "rev-parse", "--show-prefix")), str(folder)
    )
    if top is None or prefix is None:
        raise CannotRunError("there is no git repository here")
    target.mkdir(parents=True)
    index = target.parent / f"{target.name}.index"
    root = Path(_text(top).strip())
    _with_index(index, root, "read-tree", revision)
    _with_index(index, root, "checkout-index", "--all", "--force", f"--prefix={target}/")
    index.unlink()
    return target / _text(prefix).strip()


def _with_index(index: Path, folder: Path, *words: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**environ, "GIT_INDEX_FILE": str(index)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise CannotRunError(f"git {words[0]} failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
