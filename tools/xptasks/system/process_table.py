"""What the kernel knows about processes: who runs, whose child, since when, with which mark.

Linux reads `/proc` itself: one pass over a hundred processes takes 2 ms, importing psutil takes 30 ms, and start times
in clock ticks do not move when somebody sets the wall clock. Other systems go through psutil.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

MARK = "XPTASKS_RUN_ID"
"""The environment variable that every process of a run carries."""

RELEASED = ""
"""The value of the mark on what is deployed on purpose: no supervisor and no sweep ends such a process."""

_LINUX = sys.platform == "linux"
_PROC = "/proc"
_LATE_LOOKS = 3


class Identity(NamedTuple):
    """A process for good: the kernel reuses a pid, but never with the same start time."""

    pid: int
    start: float


def mark(run: str, runner: Identity) -> str:
    """What marks the processes of a run: no other run of this machine has it, whatever its id."""
    return f"{run}@{runner.pid}.{runner.start:.0f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One process. `start` counts clock ticks since boot on Linux, seconds since the epoch elsewhere."""

    pid: int
    parent: int
    group: int
    start: float
    zombie: bool = False

    @property
    def identity(self) -> Identity:
        """Its pid and start time."""
        return Identity(self.pid, self.start)


@dataclass(frozen=True, slots=True)
class Table:
    """One look at all processes.

    Attributes:
        rows: by pid.
        complete: False when processes came or went faster than we looked, so that one may be missing here.
    """

    rows: Mapping[int, Row]
    complete: bool = True

    def below(self, ancestors: Iterable[int]) -> list[Row]:
        """All descendants of `ancestors`, without them."""
        children: dict[int, list[Row]] = {}
        for row in self.rows.values():
            children.setdefault(row.parent, []).append(row)
        found: list[Row] = []
        queue = list(ancestors)
        while queue:
            new = children.pop(queue.pop(), [])
            found.extend(new)
            queue.extend(row.pid for row in new)
        return found

    def above(self, pid: int) -> list[int]:
        """The pids of the ancestors of `pid`, nearest first."""
        found: list[int] = []
        while (row := self.rows.get(pid)) and row.parent not in (0, *found):
            pid = row.parent
            found.append(pid)
        return found


def scan() -> Table:
    """Look at all processes that this user can see."""
    return _scan_proc() if _LINUX else _scan_psutil()


def scan_below() -> Table:
    """Look at our descendants only, which costs as much as there are, however busy the machine is."""
    mine = os.getpid()
    if not _tells_children():
        return scan()
    rows: dict[int, Row] = {}
    for _ in range(_LATE_LOOKS):
        late = _children_of(mine) - rows.keys()
        if not late:  # what outlives its parent becomes our child, so nothing below us can be missing now
            return Table(rows)
        _walk(late, rows)
    return Table(rows, complete=False)


def myself() -> Identity:
    """Our own process."""
    mine = os.getpid()
    return Identity(mine, start_of(mine) or 0.0)


def start_of(pid: int) -> float | None:
    """When `pid` started, None when there is no such process."""
    row = row_of(pid)
    return row.start if row else None


def row_of(pid: int) -> Row | None:
    """One process, None when there is no such."""
    return (_row_of(str(pid)) if _LINUX else _scan_psutil().rows.get(pid)) if pid > 0 else None


def mark_of(pid: int, name: str = MARK) -> str | None:
    """The variable `name` that the process was started with; None without one, or when we may not see it."""
    return _mark_in_proc(pid, name) if _LINUX else _mark_by_psutil(pid, name)


def boot() -> str:
    """Names the time since the machine started: pids and start times of another boot mean nothing."""
    if _LINUX:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    import psutil  # noqa: PLC0415 - takes 30 ms, and Linux does without

    return str(int(psutil.boot_time()))


def parse_stat(text: bytes) -> Row:
    """Read `/proc/PID/stat`. The name in parentheses may hold anything, so the fields count from the last one."""
    head, _, tail = text.rpartition(b")")
    fields = tail.split()
    return Row(
        pid=int(head.split(b" ", 1)[0]),
        parent=int(fields[1]),
        group=int(fields[2]),
        start=int(fields[19]),
        zombie=fields[0] in (b"Z", b"X"),
    )


def _scan_proc() -> Table:
    names = [name for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208 - names are enough, and there are many
    rows = {row.pid: row for row in map(_row_of, names) if row}
    return Table(rows, complete=len(rows) == len(names))


def _walk(pids: Iterable[int], rows: dict[int, Row]) -> None:
    queue = list(pids)
    while queue:
        pid = queue.pop()
        row = _row_of(str(pid))
        if row:
            rows[pid] = row
            queue.extend(_children_of(pid) - rows.keys())


def _children_of(pid: int) -> set[int]:
    found: set[int] = set()
    with suppress(OSError):  # the process has ended
        for thread in os.listdir(f"{_PROC}/{pid}/task"):  # noqa: PTH208 - a glob of a folder that goes meanwhile raises
            with suppress(OSError):  # the thread has ended
                found.update(map(int, Path(_PROC, str(pid), "task", thread, "children").read_bytes().split()))
    return found


@cache
def _tells_children() -> bool:
    """Whether this is a Linux kernel built with `CONFIG_PROC_CHILDREN`."""
    return Path(_PROC, "thread-self", "children").exists()


def _row_of(name: str) -> Row | None:
    try:
        return parse_stat(Path(_PROC, name, "stat").read_bytes())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _mark_in_proc(pid: int, name: str) -> str | None:
    try:
        environ = Path(_PROC, str(pid), "environ").read_bytes()
    except OSError:  # gone, a kernel thread, or somebody else's
        return None
    prefix = f"{name}=".encode()
    found = (item[len(prefix) :] for item in environ.split(b"\0") if item.startswith(prefix))
    value = next(found, None)
    return None if value is None else value.decode(errors="replace")


def _scan_psutil() -> Table:
    import psutil  # noqa: PLC0415 - takes 30 ms, and Linux does without

    rows: dict[int, Row] = {}
    complete = True
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                zombie = process.status() == psutil.STATUS_ZOMBIE
                row = Row(process.pid, process.ppid(), os.getpgid(process.pid), process.create_time(), zombie)
        except (psutil.Error, OSError):
            complete = complete and process.is_running()
        else:
            rows[row.pid] = row
    return Table(rows, complete)


def _mark_by_psutil(pid: int, name: str) -> str | None:
    import psutil  # noqa: PLC0415 - takes 30 ms, and Linux does without

    try:
        return psutil.Process(pid).environ().get(name)
    except (psutil.Error, OSError):
        return None
