"""Folders that are written once: made aside, renamed into place, sealed, removed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_WRITE = 0o222


def seal(folder: Path) -> None:
    """Take away everybody's right to write, in the folder and below; links and what they lead to stay as they are."""
    for path in _all(folder):
        path.chmod(path.stat().st_mode & ~_WRITE)


def remove(folder: Path) -> None:
    """Remove a folder, also a sealed one; nothing when there is none."""
    if folder.exists():
        for path in _all(folder):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(folder)


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in _all(folder) if path.is_file())


def _all(folder: Path) -> Iterator[Path]:
    """The folder and all below it but links, from the top, so that a folder may be opened up before it is read."""
    yield folder
    for parent, folders, files in os.walk(folder):
        yield from (path for name in (*folders, *files) if not (path := Path(parent, name)).is_symlink())
