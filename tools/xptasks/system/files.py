"""Files written so that a reader sees the old content or the new one, never half of it."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def atomic_write(path: Path, text: str) -> None:
    """Write text beside `path`, flush it to the disk and rename it into place; parent folders are made.

    Raises:
        OSError: the old file is untouched then, and no temporary file is left.
    """
    atomic_write_all({path: text})


def atomic_write_all(texts: Mapping[Path, str]) -> None:
    """Write several files: all of them are on the disk before the first is renamed into place, in the given order.

    Raises:
        OSError: as a rule the disk is full; the old files are untouched then, and no temporary file is left.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            staged[path] = _stage(path, text)
        for path, temporary in staged.items():
            temporary.replace(path)
    except BaseException:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
        raise


def _stage(path: Path, text: str) -> Path:
    """The temporary file beside `path` that holds the text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(path))
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)


def _mode(path: Path) -> int:
    """The mode of the file that is replaced, or what the umask would give a new one (mkstemp makes it private)."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
