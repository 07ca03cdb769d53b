"""Reads what CI and other machines kept: result files, outbox files, folders and zip files of them.

Whatever they hold, nothing is ever written, unpacked or run: a file is read whole, up to a limit, and what is wrong
with it is told with its place while the rest is read on.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import IO

from xptasks.history.events import HistoryEvent

_LARGEST = 64 * 2**20  # bytes of a file, of which a result file needs a thousandth
_TOGETHER = 512 * 2**20  # bytes that a zip file may unpack to
_ENTRIES = 20_000
_DEPTH = 2  # a zip file in a zip file: what a browser makes of an artifact that is one
RESULT = "last-run.json"


@dataclass(frozen=True, slots=True)
class Text:
    """The content of a file that may hold events.

    Attributes:
        where: its place, for messages: `artifacts.zip!run/last-run.json`.
        text: what it holds.
    """

    where: str
    text: str

    @property
    def is_result(self) -> bool:
        """Whether it is the result of a run; else it has an event a line."""
        return self.where.endswith(".json")


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be read, and why."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


Found = Text | Problem


def texts(path: Path) -> Iterator[Found]:
    """What a file, a folder or a zip file holds; of a folder only what is called as we call it."""
    if path.is_dir():
        for folder, folders, names in os.walk(path):  # it follows no links
            folders.sort()
            for name in sorted(names):
                if _is_ours(name):
                    yield from _file(Path(folder) / name)
    else:
        yield from _file(path)


def events(text: str) -> Iterator[tuple[int, HistoryEvent | str]]:
    """The events of a text with one a line, each with the number of its line; in place of a bad one what is wrong."""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.strip():
                yield number, HistoryEvent.from_json(line)
        except json.JSONDecodeError as error:
            yield number, f"not JSON: {error.msg}"
        except (ValueError, RecursionError) as error:
            yield number, _shown(str(error))


def _is_ours(name: str) -> bool:
    return name == RESULT or name.endswith((".jsonl", ".zip"))


def _file(path: Path) -> Iterator[Found]:
    where = _shown(str(path))
    try:
        if not S_ISREG(path.lstat().st_mode):
            yield Problem(where, "not a file: links and devices are not followed")
            return
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                yield from _zip(file, where, _DEPTH)
            else:
                file.seek(0)
                yield _text(where, file.read(_LARGEST + 1))
    except OSError as error:
        yield Problem(where, error.strerror or str(error))


def _text(where: str, content: bytes) -> Found:
    if len(content) > _LARGEST:
        return Problem(where, f"larger than {_LARGEST >> 20} MiB")
    if not where.endswith((".json", ".jsonl")):
        return Problem(where, f"neither a {RESULT}, a .jsonl file with events, nor a zip file")
    try:
        return Text(where, content.decode())
    except UnicodeDecodeError as error:
        return Problem(where, f"not UTF-8: byte {error.start}")


def _zip(file: IO[bytes], where: str, depth: int) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if _is_ours(entry.filename.rpartition("/")[2])]
            if len(entries) > _ENTRIES:
                yield Problem(where, f"more than {_ENTRIES} entries")
                return
            left = _TOGETHER
            for entry in entries:
                place = f"{where}!{_shown(entry.filename)}"
                content = _entry(archive, entry, place)
                left -= len(content) if isinstance(content, bytes) else 0
                if left < 0:
                    yield Problem(where, f"unpacks to more than {_TOGETHER >> 20} MiB; the rest is left out")
                    return
                yield from _content(content, place, depth)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        yield Problem(where, f"the zip file cannot be read: {_shown(str(error))}")


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> bytes | Problem:
    """The content, read no further than the limit whatever its header says."""
    if entry.flag_bits & 1:
        return Problem(where, "encrypted")
    try:
        with archive.open(entry) as opened:
            return opened.read(_LARGEST + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, RuntimeError, zlib.error) as error:
        return Problem(where, f"cannot be unpacked: {_shown(str(error))}")


def _content(content: bytes | Problem, where: str, depth: int) -> Iterator[Found]:
    if isinstance(content, Problem):
        yield content
    elif not where.endswith(".zip"):
        yield _text(where, content)
    elif depth <= 1:
        yield Problem(where, "zip files within zip files within zip files are not read")
    elif len(content) > _LARGEST:
        yield Problem(where, f"larger than {_LARGEST >> 20} MiB")
    else:
        yield from _zip(BytesIO(content), where, depth - 1)


def _shown(text: str) -> str:
    """A text that can do no harm in a terminal."""
    return text[:300] if text.isprintable() else ascii(text[:300])[1:-1]
