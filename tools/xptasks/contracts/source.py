"""Bytes of a contract's files: only regular files below one folder, only UTF-8, only up to a size.

This is the only module of the loader that opens files.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OTHER_ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a contract may cost before it is refused.

    Attributes:
        file_bytes, total_bytes: size of one file, of all files together.
        files: how many files.
        depth: how deep collections may nest in one file.
        nodes: how many values all files hold together, aliases expanded.
        alias_nodes: how many of a file's values may come from expanding YAML aliases.
    """

    file_bytes: int = 32 * 2**20
    total_bytes: int = 64 * 2**20
    files: int = 2_000
    depth: int = 200
    nodes: int = 1_000_000
    alias_nodes: int = 100_000


class Fault(Exception):  # noqa: N818 - not an error of ours: the text of a contract has it
    """What is wrong with one text, before it is known which file it came from.

    Args:
        message: one sentence without a full stop.
        rule: the stable name of the rule that is broken.
        line, column: where, counted from 1 in characters; None when the whole file is meant.
        hint: what to do about it; a function where it takes long to find out.
    """

    def __init__(
        self,
        message: str,
        rule: str,
        line: int | None = None,
        column: int | None = None,
        *,
        hint: str | Callable[[], str] = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.line = line
        self.column = column
        self._hint = hint

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self._hint() if callable(self._hint) else self._hint


def read_bytes(path: Path, root: Path, limit: int) -> bytes:
    """The content of a regular file that really lies below `root` (an absolute path without symlinks).

    Raises:
        Fault: it is missing, unreadable, no regular file, too large, or a symlink leads out of `root`.
    """
    real = _real_path(path, root)
    try:
        descriptor = os.open(real, _FLAGS)  # non-blocking: opening a pipe nobody writes to must not hang
    except OSError as error:
        raise Fault(f"cannot be read: {_reason(error)}", "contract-unreadable") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Fault("is not a regular file", "contract-unreadable", hint="A contract is made of plain files.")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        hint = "Split the contract with $ref."
        raise Fault(f"is larger than {limit:,} bytes", "contract-too-large", hint=hint)
    return content


def real_folder(folder: Path) -> Path:
    """The folder as an absolute path without symlinks.

    Raises:
        Fault: there is no such folder.
    """
    try:
        return folder.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise Fault(f"cannot be read: {_reason(error)}", "contract-unreadable") from None


def _real_path(path: Path, root: Path) -> Path:
    try:
        real = path.resolve(strict=True)
    except FileNotFoundError:
        raise Fault("does not exist", "contract-missing", hint="Check the spelling of the path.") from None
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: Python 3.11 and 3.12 on a symlink loop
        raise Fault(f"cannot be read: {_reason(error)}", "contract-unreadable") from None
    if not real.is_relative_to(root):
        raise Fault(
            "is a link that leads out of the contract's folder", "ref-outside", hint="Copy the file into the folder."
        )
    return real


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def decode(content: bytes) -> str:
    """The text of UTF-8 bytes, without a byte order mark.

    Raises:
        Fault: the bytes are not UTF-8.
    """
    for mark, name in _OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise Fault(f"is {name}", "contract-encoding", 1, 1, hint="Save the file as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(content, error.start)
        message = f"is not UTF-8: byte 0x{content[error.start]:02x} has no meaning here"
        raise Fault(message, "contract-encoding", line, column, hint="Save the file as UTF-8.") from None


def _place(content: bytes, offset: int) -> tuple[int, int]:
    start = content.rfind(b"\n", 0, offset) + 1
    before = content[start:offset].decode("utf-8-sig" if start == 0 else "utf-8", errors="replace")
    return content.count(b"\n", 0, offset) + 1, len(before) + 1


def containers(value: object) -> Iterator[object]:
    """The values inside a mapping or a list; nothing for a scalar."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
