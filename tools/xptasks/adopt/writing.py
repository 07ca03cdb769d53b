"""Writes what was planned, merges it later, takes it back: the edge of adoption that touches files.

The record goes before the files and again behind them. Every file is written whole and renamed into place.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.adopt import blocks, manifest
from xptasks.adopt.manifest import Entry, Manifest, digest
from xptasks.adopt.plan import Edit, Place
from xptasks.errors import CannotRunError
from xptasks.system.commands import run
from xptasks.system.files import atomic_write

_LARGEST = 4 << 20
_KEPT = 64 << 10  # bytes of a file up to which its text is recorded, and not only its hash
_PATIENCE = 30.0


def read(folder: Path) -> Manifest | None:
    """The record of an adoption; None where there was none.

    Raises:
        ConfigError: it is damaged.
    """
    path = folder / manifest.NAME
    try:
        return manifest.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotRunError(f"{manifest.NAME} cannot be read: {problem}") from None


def place(folder: Path, path: str) -> Place:
    """What is at a path: nothing, a file of ours to edit, or something that must not be written to."""
    target = folder / path
    try:
        if problem := _problem(folder, target):
            return Place(problem=problem)
        return Place(target.read_bytes() if target.exists() else None)
    except OSError as problem:
        return Place(problem=problem.strerror or str(problem))


def _problem(folder: Path, target: Path) -> str:
    if target.is_symlink():
        return f"it is a link to {target.readlink()}"
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        return "its folder is a link out of the repository"
    if target.exists() and not target.is_file():
        return "it is no file"
    return "it is too large" if target.exists() and target.stat().st_size > _LARGEST else ""


def is_ours(folder: Path, path: str, known: Manifest) -> bool:
    """Whether a file holds what we wrote last, or held before a write that was cut short."""
    entry = known.files.get(path)
    return entry is not None and digest(place(folder, path).content) in {entry.digest, entry.was}


def original(folder: Path, path: str, known: Manifest | None) -> Place:
    """What is at a path but for what we wrote there."""
    found = place(folder, path)
    entry = known.files.get(path) if known else None
    if entry is None or found.problem or found.content is None:
        return Place() if entry is not None and not found.problem and entry.before is None else found
    if digest(found.content) in {entry.digest, entry.was} or entry.kind == "machine":
        return Place(entry.before)
    return Place(None if entry.kind == "created" else blocks.without(found.content))


def write(folder: Path, edits: Sequence[Edit], known: Manifest, stage: manifest.Stage) -> Manifest:
    """Write files and record them.

    Args:
        folder: the repository.
        edits: what to write.
        known: what is recorded so far.
        stage: how far it is when all is written.

    Raises:
        CannotRunError: something cannot be written; what was written is recorded, and `uninstall` takes it back.
    """
    files = dict(known.files)
    folders = [*known.folders]
    for edit in edits:
        folders += [name for name in _parents(folder, edit.path) if name not in folders]
        old = files.get(edit.path)
        before = old.before if old else edit.before
        ours = edit.after if edit.ours is None else edit.ours
        kept = b"" if edit.kind == "machine" or len(ours) > _KEPT else ours
        now = place(folder, edit.path).content
        files[edit.path] = Entry(edit.kind, kept, digest(ours), before, digest(now) if edit.ours is None else "")
    written = replace(known, files=files, folders=tuple(folders))
    try:
        _record(folder, written.at("writing"))
        for edit in edits:
            _put(folder / edit.path, edit.after)
        _record(folder, written.at(stage))
    except OSError as problem:
        hint = "make room or get leave, and call it again; `xptasks uninstall` takes back what was written"
        raise CannotRunError(
            f"cannot be written: {problem.strerror or problem}", where=str(folder), hint=hint
        ) from problem
    return written.at(stage)


def _parents(folder: Path, path: str) -> Iterator[str]:
    """The folders above a path that are not there yet, the innermost first."""
    for parent in Path(path).parents:
        if parent.parts and not (folder / parent).exists():
            yield parent.as_posix()


def _record(folder: Path, known: Manifest) -> None:
    if problem := place(folder, manifest.NAME).problem:
        raise OSError(0, problem, manifest.NAME)
    atomic_write(folder / manifest.NAME, manifest.render(known))


def _put(path: Path, content: bytes) -> None:
    atomic_write(path, content.decode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update does: what is written, what is left, each with why, and what we would have changed there."""

    edits: tuple[Edit, ...]
    left: Mapping[str, str]
    conflicts: tuple[Edit, ...] = ()


def merged(folder: Path, edits: Sequence[Edit], known: Manifest) -> Updated:
    """A three-way merge of each file: what we wrote last, what is there now, what we would write today."""
    wanted = {edit.path: edit for edit in edits}
    made: list[Edit] = []
    left: dict[str, str] = {}
    conflicts: list[Edit] = []
    for path, edit in wanted.items():
        entry, now = known.files.get(path), place(folder, path)
        if now.problem:
            left[path] = now.problem
        elif entry is None:
            made.append(replace(edit, before=now.content))
        elif now.content is None:
            left[path] = "it was deleted"
        elif (theirs := _today(entry, edit)) != entry.after:
            after = _merge(now.content, entry.after, theirs)
            if after is None:
                left[path] = "your changes and ours are in the same lines"
                conflicts.append(replace(edit, before=entry.after, after=theirs))
            elif after != now.content:
                made.append(replace(edit, before=now.content, after=after, ours=theirs))
    return Updated(tuple(made), left, tuple(conflicts))


def _today(entry: Entry, edit: Edit) -> bytes:
    """What we would write today, to what was there when we wrote: of a block only the block."""
    renewed = blocks.renewed(entry.after, edit.after) if entry.kind == "block" else None
    return edit.after if renewed is None else renewed


def _merge(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """The merge by git; None when there is a conflict."""
    if ours == base:
        return theirs
    with tempfile.TemporaryDirectory() as folder:
        names = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for name, content in zip(names, (ours, base, theirs), strict=True):
            name.write_bytes(content)
        done = run(["git", "merge-file", "--quiet", *map(str, names)], Path(folder), {}, _PATIENCE)
        return names[0].read_bytes() if done.code == 0 else None


@dataclass(frozen=True, slots=True)
class Removal:
    """What leaving does: files that get back what they held, files that go, and what stays, each with why."""

    restored: Mapping[str, bytes]
    removed: tuple[str, ...]
    left: Mapping[str, str]


def removal(folder: Path, known: Manifest) -> Removal:
    """How to take everything back; a file that somebody edited since stays, at most without our block."""
    restored: dict[str, bytes] = {}
    removed: list[str] = []
    left: dict[str, str] = {}
    for path, entry in known.files.items():
        now = place(folder, path)
        if now.problem:
            left[path] = now.problem
        elif now.content is None or now.content == entry.before:
            continue
        elif entry.before is None and (entry.kind == "machine" or digest(now.content) in {entry.digest, entry.was}):
            removed.append(path)
        elif entry.before is not None and digest(now.content) in {entry.digest, entry.was}:
            restored[path] = entry.before
        elif blocks.span(now.content) and blocks.span(now.content) != (0, len(now.content)):
            restored[path] = blocks.without(now.content)
            left[path] = "it was edited since: only our block was taken out"
        else:
            left[path] = "it was edited since"
    return Removal(restored, tuple(removed), left)


def take_back(folder: Path, what: Removal, known: Manifest, runs: Sequence[Path]) -> None:
    """Do it; the record goes last, so that whoever is killed may begin anew.

    Args:
        folder: the repository.
        what: what to do.
        known: the record.
        runs: folders of run state that go, too.

    Raises:
        CannotRunError: something cannot be written.
    """
    try:
        for path, content in what.restored.items():
            _put(folder / path, content)
        for path in what.removed:
            (folder / path).unlink(missing_ok=True)
        for run_state in runs:
            shutil.rmtree(run_state, ignore_errors=True)
        (folder / manifest.NAME).unlink(missing_ok=True)
    except OSError as problem:
        hint = "get leave, and call it again"
        raise CannotRunError(f"cannot be taken back: {problem}", where=str(folder), hint=hint) from problem
    for name in (*known.folders, str(Path(manifest.NAME).parent)):
        with suppress(OSError):  # not empty: something of the user's is in it
            (folder / name).rmdir()
