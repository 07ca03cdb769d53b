"""Keeps what a child prints: both streams apart in memory, together in its log, line by line for whoever watches."""

import codecs
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

Stream = Literal["stdout", "stderr"]
Watch = Callable[[Stream, tuple[str, ...]], None]

LIMIT = 64 * 1024 * 1024
"""Bytes of each stream that are kept, and of the log; a child that prints without end fills neither memory nor disk."""
_LONGEST_LINE = 64 * 1024
_TAIL_LINES = 10


class _Lines:
    """Cuts decoded text into lines; what has no end of line yet waits."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes, *, final: bool = False) -> tuple[str, ...]:
        *lines, rest = (self._rest + self._decoder.decode(data, final)).split("\n")
        if rest and (final or len(rest) > _LONGEST_LINE):
            lines.append(rest)
            rest = ""
        self._rest = rest
        return tuple(line.removesuffix("\r") for line in lines)


class Capture:
    """The output of one child.

    Args:
        log: the file that gets both streams as they come; its folder is made.
        watch: called with whole lines, without their ends.

    Raises:
        OSError: when the log cannot be opened.
    """

    def __init__(self, log: Path | None, watch: Watch) -> None:
        self._watch = watch
        self._kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._lines: dict[Stream, _Lines] = {"stdout": _Lines(), "stderr": _Lines()}
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._logged = 0
        self._log = _open_log(log)
        self.problem = ""
        """Why the log is not complete, empty when it is."""

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of both streams together."""
        return tuple(self._tail)

    def feed(self, stream: Stream, data: bytes) -> None:
        """Take in what the child wrote."""
        kept = self._kept[stream]
        kept += data[: LIMIT - len(kept)]
        self._write(data)
        self._announce(stream, self._lines[stream].feed(data))

    def close(self) -> None:
        """No more output comes."""
        for stream, lines in self._lines.items():
            self._announce(stream, lines.feed(b"", final=True))
        if self._log:
            self._log.close()

    def text(self, stream: Stream) -> str:
        """What was kept of a stream, decoded as UTF-8; bytes that are none become U+FFFD."""
        return self._kept[stream].decode("utf-8", "replace")

    def _announce(self, stream: Stream, lines: tuple[str, ...]) -> None:
        if lines:
            self._tail.extend(lines)
            self._watch(stream, lines)

    def _write(self, data: bytes) -> None:
        if not self._log or self.problem:
            return
        try:
            self._log.write(data[: LIMIT - self._logged])
        except OSError as error:
            self.problem = f"the log is cut short: {error.strerror}"
        self._logged += len(data)
        if self._logged > LIMIT:
            self.problem = f"the log is cut short after {LIMIT} bytes"


def _open_log(path: Path | None) -> BinaryIO | None:
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb", buffering=0)
