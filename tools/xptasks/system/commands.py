"""A command of the user's or a tool's that is run to its end, with a limit, and whose output is kept."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KEPT = 1 << 20  # bytes of each stream
_TAIL = 2000  # characters of an explanation


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended.

    Attributes:
        code: its exit code, negative for a signal; None when it could not start or was ended after its time.
        out: the beginning of its standard output.
        error: the end of what it printed on standard error, or why it has no exit code.
    """

    code: int | None
    out: str
    error: str


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str], seconds: float) -> Done:
    """Run a command without input, in a process group of its own that is killed when its time is up.

    The output goes through files: a daemon that the command leaves behind may keep them open for as long as it likes.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        try:
            child = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=error, process_group=0
            )
        except (OSError, ValueError) as problem:
            return Done(None, "", f"{argv[0]} cannot be started: {getattr(problem, 'strerror', None) or problem}")
        try:
            code: int | None = child.wait(seconds)
            ended = ""
        except subprocess.TimeoutExpired:
            code, ended = None, f"{argv[0]} did not end within {seconds:g} s"
        finally:
            _end(child)
        said = _read(error, max(0, error.seek(0, os.SEEK_END) - _KEPT)).strip()[-_TAIL:]
        return Done(code, _read(out, 0), "\n".join(filter(None, (said, ended))))


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the whole group of a child that still runs; what a finished one left behind was meant to stay."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _read(file: IO[bytes], start: int) -> str:
    file.seek(start)
    return file.read(_KEPT).decode("utf-8", "replace")
