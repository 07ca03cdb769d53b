"""The door to what outlives the command: services, their proxy, the watcher. No run owns them, no sweep ends them.

    start(Order(argv, cwd, env, log, record))
    is_alive(record)
    stop(record, grace=5.0)

A record, written before the process begins its work, names it by pid, start time and boot: a pid that the kernel gave
to somebody else is never signalled. Everything that the process starts carries the record's path in its environment, so
that `stop` finds also what lost its parent.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xptasks.errors import CannotRunError
from xptasks.system import endings, process_table
from xptasks.system.files import atomic_write
from xptasks.system.process_table import MARK, RELEASED, Identity, Row

if TYPE_CHECKING:
    import psutil

DETACHED = "XPTASKS_DETACHED"
"""The environment variable that holds the path of the record."""

_ENDED_BY = frozenset({"RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "JENKINS_SERVER_COOKIE"})
"""Variables by which a CI server finds, and ends, what a job left behind: what is started here is to stay."""

_LARGEST_LOG = 16 * 2**20  # bytes from which on a start begins a new log; the last one is kept beside it as `.1`
_KILL_PATIENCE = 2.0  # seconds after which we give up on what SIGKILL does not end
_TICK = 0.01

# What runs between us and the process. It forks, so that the process is nobody's child (whoever inherits it waits for
# it), and goes on only when it is told that the record is written. Nothing is imported that takes time.
_BETWEEN = """
import os, signal, sys
if os.fork():
    os._exit(0)
os.setsid()
os.write(1, b"%d\\n" % os.getpid())
if os.read(0, 1) != b"!":
    os._exit(0)
report = os.dup(1)
os.dup2(2, 1)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for name in ("INT", "TERM", "HUP", "QUIT", "PIPE", "XFSZ", "CHLD"):
    signal.signal(getattr(signal, "SIG" + name), signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    os.write(report, error.strerror.encode())
os._exit(127)
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A process to start.

    Attributes:
        argv: the command.
        cwd: its working folder.
        env: its complete environment, but for our marks.
        log: the file to which its output is added.
        record: the file that says which process it is.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    record: Path


def start(order: Order) -> Identity:
    """Start a process in a session of its own, without input; it runs when this returns.

    Raises:
        CannotRunError: the command does not exist, or the record or the log cannot be written.
    """
    try:
        return _start(order)
    except OSError as error:
        raise CannotRunError(
            f"`{order.argv[0]}` cannot be started: {error.strerror or error}",
            where=str(error.filename) if error.filename else None,
            hint="see that the program and its folder exist, and that there is room on the disk",
        ) from error


def is_alive(record: Path) -> bool:
    """Whether the process of a record still runs."""
    identity = _load(record)
    row = process_table.row_of(identity.pid) if identity else None
    return row is not None and row.identity == identity and not row.zombie


def identity_of(record: Path) -> Identity | None:
    """The process of a record, whether it still runs or not; None without one that was started since the boot."""
    return _load(record)


def memory(record: Path) -> int:
    """Bytes of resident memory of the process and of all below it; 0 when it is gone."""
    import psutil  # noqa: PLC0415 - not needed to start and end

    identity = _load(record)
    if identity is None or not is_alive(record):
        return 0
    with suppress(psutil.Error):
        process = psutil.Process(identity.pid)
        return sum(_resident(each) for each in (process, *process.children(recursive=True)))
    return 0


def _resident(process: "psutil.Process") -> int:
    import psutil  # noqa: PLC0415

    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def ask_to_end(record: Path) -> None:
    """Send SIGTERM to the process and all that it started; does not wait."""
    endings.send(_members(record), signal.SIGTERM)


def stop(record: Path, grace: float) -> None:
    """End the process and all that it started: SIGTERM, and SIGKILL after `grace` seconds. Then the record goes.

    Raises:
        CannotRunError: something cannot be ended.
    """
    ask_to_end(record)
    left = _wait(record, grace)
    give_up = time.monotonic() + _KILL_PATIENCE
    while left and time.monotonic() < give_up:
        endings.kill(lambda: _members(record))
        left = _wait(record, _TICK)
    if left:
        pids = ", ".join(str(row.pid) for row in left)
        raise CannotRunError(f"these processes cannot be ended: {pids}", hint="see whose they are, and end them")
    record.unlink(missing_ok=True)


def _start(order: Order) -> Identity:
    order.log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if order.log.stat().st_size > _LARGEST_LOG:
            order.log.replace(order.log.with_name(f"{order.log.name}.1"))
    with (
        order.log.open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BETWEEN, *order.argv],
            cwd=order.cwd,
            env={**_kept(order.env), MARK: RELEASED, DETACHED: str(order.record)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as between,
    ):
        return _release(between, order)


def _kept(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _ENDED_BY}


def _release(between: subprocess.Popen[bytes], order: Order) -> Identity:
    """Write the record, then let the process go on. Without the word it ends, as it does when we are killed."""
    assert between.stdin is not None  # noqa: S101 - we asked for pipes
    assert between.stdout is not None  # noqa: S101
    pid = int(between.stdout.readline() or 0)
    identity = Identity(pid, process_table.start_of(pid) or 0.0)
    atomic_write(order.record, json.dumps({"boot": process_table.boot(), "pid": pid, "start": identity.start}))
    between.stdin.write(b"!")
    between.stdin.close()
    problem = between.stdout.read()  # ends when the command has taken the place of our code
    if problem:
        order.record.unlink(missing_ok=True)
        raise OSError(0, problem.decode(errors="replace"), order.argv[0])
    return identity


def _load(record: Path) -> Identity | None:
    """None for what is not there, half-written by hand, or of another boot."""
    try:
        content = json.loads(record.read_text(encoding="ascii"))
        same_boot = content["boot"] == process_table.boot()
        return Identity(int(content["pid"]), float(content["start"])) if same_boot else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _members(record: Path) -> list[Row]:
    """The process, all below it, and what carries its record's path; never ourselves."""
    identity = _load(record)
    table = process_table.scan()
    value = str(record)
    mine = {os.getpid(), *table.above(os.getpid())}
    first = [
        row
        for row in table.rows.values()
        if row.pid not in mine and (row.identity == identity or process_table.mark_of(row.pid, DETACHED) == value)
    ]
    found = {row.pid: row for row in (*first, *table.below(row.pid for row in first))}
    return [row for row in found.values() if row.pid not in mine and not row.zombie]


def _wait(record: Path, seconds: float) -> list[Row]:
    """What is left after at most so many seconds."""
    give_up = time.monotonic() + seconds
    while (left := _members(record)) and time.monotonic() < give_up:
        time.sleep(_TICK)
    return left
