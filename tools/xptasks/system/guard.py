"""A child that lives as long as a block of ours: a small process, the guard, supervises it in our place.

    with guarded(order) as child:
        ...

A `Supervisor` must be waited on in a main thread; here the caller has other things to do. The guard ends the child, and
all that the child started, when our end of its standard input closes: at the end of the block, and when we are killed.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import xptasks
from xptasks.system.orphans import sweep
from xptasks.system.processes import Ended, Exit, Spec, Supervisor

_PATIENCE = 5.0
"""Seconds beyond the grace that the guard gets to end everything; then it is killed, and a sweep does its work."""
_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Order:
    """A child to guard.

    Attributes:
        name: part of the record's name, of letters, digits and `-_.`.
        argv: the command.
        cwd: its working folder.
        env: its complete environment.
        log: the file that gets its output.
        runs: the folder of the records that let the next start end what a killed guard left.
        grace: seconds between SIGTERM and SIGKILL.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    runs: Path
    grace: float


@dataclass(frozen=True, slots=True)
class End:
    """How the child ended: its exit code (negative for a signal), or why it could not start."""

    code: int | None
    error: str = ""


class Guarded:
    """A child under guard; `ended` tells whether and how it ended."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._end: End | None = None
        self._guard = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONPATH": _search_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._guard.stdin is not None  # noqa: S101 - we asked for a pipe
        self._guard.stdin.write(json.dumps(asdict(order), default=str).encode() + b"\n")
        self._guard.stdin.flush()

    def ended(self) -> End | None:
        """How the child ended; None while it runs."""
        if self._end is None and self._guard.poll() is not None:
            self.stop()
        return self._end

    def stop(self) -> End:
        """End the child and all that it started; what it was like if that has happened before."""
        if self._end is None:
            self._end = self._collect()
        return self._end

    def _collect(self) -> End:
        try:
            said, complaint = self._guard.communicate(timeout=self._order.grace + _PATIENCE)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            said, complaint = self._guard.communicate()
        if self._guard.returncode == 0:
            return End(**json.loads(said))
        sweep(self._order.runs)
        words = complaint.decode(errors="replace").strip().splitlines()
        return End(None, words[-1] if words else f"its guard ended with {self._guard.returncode}")


@contextmanager
def guarded(order: Order) -> Iterator[Guarded]:
    """Start a child; it ends with the block."""
    child = Guarded(order)
    try:
        yield child
    finally:
        child.stop()


def _search_path() -> str:
    """The guard runs this very code, wherever we were imported from."""
    own = str(Path(xptasks.__file__).parent.parent)
    return os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))


def main() -> None:
    """The guard: one line of JSON is the order, the end of the input is the request to end, the answer is an `End`."""
    given = sys.stdin.readline()
    order = json.loads(given)
    spec = Spec(order["name"], tuple(order["argv"]), Path(order["cwd"]), order["env"], log=Path(order["log"]))
    with Supervisor(f"{order['name']}-{os.getpid()}", Path(order["runs"]), grace=order["grace"]) as supervisor:
        supervisor.start(spec)
        threading.Thread(target=_end_with_input, daemon=True).start()
        ended = _wait(supervisor)
    error = "" if ended.ended is not Ended.NOT_STARTED else ended.error
    sys.stdout.write(json.dumps(asdict(End(ended.code, error))))


def _wait(supervisor: Supervisor) -> Exit:
    while True:
        for happening in supervisor.wait(_WAIT):
            if isinstance(happening, Exit):
                return happening


def _end_with_input() -> None:
    """Without Python's buffer, whose lock would disturb the end of the interpreter."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
