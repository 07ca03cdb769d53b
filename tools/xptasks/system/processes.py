"""Runs many children at once in one thread, and leaves nothing of them behind.

Whatever ends a child (it exits, a limit, a signal), everything that it started ends with it: background jobs, other
sessions, daemons, what ignores SIGTERM. The request comes first (SIGTERM, or SIGINT after Ctrl-C), then a short grace,
then SIGKILL until nothing is left. The next start ends what a killed supervisor leaves (`system.orphans`).
"""

import errno
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from pathlib import Path
from typing import IO, Self

from xptasks.system import endings, parentage, process_table
from xptasks.system.capture import Capture, Stream
from xptasks.system.orphans import Register
from xptasks.system.ownership import Owners
from xptasks.system.process_table import MARK, RELEASED, Identity, Row, Table

GRACE = 1.0
"""Seconds between the request to end and SIGKILL."""

_LOOK_EVERY = 0.5  # seconds between looks at the process table, for the record of the run; more often after a start
_TICK = 0.01  # seconds between looks while a child is ending
_KILL_PATIENCE = (
    0.8  # seconds after which we give up on what SIGKILL does not end (another user's, or stuck in the kernel)
)
_CHUNK = 64 * 1024
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class Ended(StrEnum):
    """Why a child ended."""

    EXITED = "exited"
    TIMED_OUT = "timed out"
    IDLE = "idle"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class Spec:
    """A child to run.

    Attributes:
        key: its name, unique among those that run.
        argv: the command.
        cwd: its working folder.
        env: its complete environment, but for the mark of the run.
        timeout: seconds that it may take.
        idle_timeout: seconds that it may be silent.
        log: the file that gets its output.
    """

    key: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float | None = None
    idle_timeout: float | None = None
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """A child that ended, with all that it started.

    Attributes:
        code: its exit code, negative for a signal; None when it never started.
        seconds: from its start to its own end.
        cpu_seconds: user and system time of its process tree, as far as somebody waited for the processes.
        killed: how many processes, without its own, still ran and had to be ended.
        left: pids that could not be ended.
        error: why it could not start, or why its log is not complete.
        missing: True when its command does not exist.
        tail: the last lines of both streams together.
    """

    key: str
    ended: Ended
    code: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    killed: int = 0
    left: tuple[int, ...] = ()
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    missing: bool = False
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """Whole lines that a child printed."""

    key: str
    stream: Stream
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signalled:
    """Somebody asked the run to end; the children are being ended already."""

    signum: int


Happening = Exit | Output | Signalled


class _Phase(Enum):
    RUNS = auto()
    ASKED = auto()  # its tree was asked to end, until `until`
    KILLED = auto()  # its tree is being killed, until `until`


@dataclass(slots=True, eq=False)
class _Child:
    spec: Spec
    number: int
    process: subprocess.Popen[bytes]
    capture: Capture
    started: float
    heard: float
    ended: Ended = Ended.EXITED
    phase: _Phase = _Phase.RUNS
    request: int = signal.SIGTERM
    until: float = 0.0
    exited: float | None = None
    cpu_seconds: float = 0.0
    asked: set[Identity] = field(default_factory=set)

    @property
    def deadline(self) -> float:
        """When something is due for this child, whatever it does."""
        if self.phase is not _Phase.RUNS:
            return 0.0
        limits = ((self.spec.timeout, self.started), (self.spec.idle_timeout, self.heard))
        return min((since + limit for limit, since in limits if limit is not None), default=float("inf"))

    @property
    def expired(self) -> Ended:
        """Which limit ran out, given that one did."""
        timeout = self.spec.timeout
        if timeout is not None and self.started + timeout <= self.deadline:
            return Ended.TIMED_OUT
        return Ended.IDLE


class Supervisor:
    """The door to child processes: `start` them, `wait` for what happens, `stop` them; a context manager.

    To be entered in the main thread, because it handles SIGINT, SIGTERM, SIGHUP and SIGCHLD while it is open. The first
    signal asks every child to end, another SIGINT kills them at once.

    Args:
        run: the run's id, of letters, digits and `-_.`: every process carries it in its environment.
        runs: the folder of the records that let the next start end what a killed run left.
        grace: seconds between the request to end and SIGKILL.
    """

    def __init__(self, run: str, runs: Path, *, grace: float = GRACE) -> None:
        self._mark = process_table.mark(run, process_table.myself())
        self._grace = grace
        self._register = Register(runs, run)
        self._children: dict[str, _Child] = {}
        self._happened: list[Happening] = []
        self._asked = False
        self._count = 0
        self._left = False
        self._next_look = float("inf")
        self._look_gap = _LOOK_EVERY

    def __enter__(self) -> Self:
        """Take over signals and orphans, and register the run."""
        self._selector = selectors.DefaultSelector()
        self._adopted_before = parentage.adopts_orphans()
        adopting = parentage.adopt_orphans(on=True)
        self._scan = process_table.scan_below if adopting else process_table.scan
        heir = os.getpid() if adopting else 1
        foreign = [row.identity for row in self._scan().below([os.getpid()])]
        self._owners = Owners(os.getpid(), self._mark, foreign, heir)
        self._foreign = frozenset(foreign)
        self._register.update([])
        self._take_signals()
        return self

    def __exit__(self, *error: object) -> None:
        """End what still runs, and give everything back."""
        for child in self._children.values():
            self._kill_from_now(child)
        while self._children:
            self.wait(_TICK)
        self._give_signals_back()
        parentage.adopt_orphans(on=self._adopted_before)
        self._selector.close()
        if not self._left:
            self._register.remove()

    def start(self, spec: Spec) -> None:
        """Start a child; that it could not start is told by `wait` like every other end."""
        try:
            capture, process = self._open(spec)
        except (OSError, ValueError) as problem:  # ValueError: a NUL character in a word
            self._happened.append(_not_started(spec, problem))
            return
        now = time.monotonic()
        child = _Child(spec, self._count, process, capture, started=now, heard=now)
        self._count += 1
        self._children[spec.key] = child
        self._owners.add(child.number, process.pid)
        self._look_gap = _TICK
        self._next_look = min(self._next_look, now + _TICK)
        self._listen(child, "stdout", process.stdout)
        self._listen(child, "stderr", process.stderr)

    def stop(self, key: str, ended: Ended) -> None:
        """Ask a child and all that it started to end; nothing happens when it is ending already."""
        child = self._children.get(key)
        if child and child.phase is _Phase.RUNS:
            self._ask(child, ended, signal.SIGINT if ended is Ended.INTERRUPTED else signal.SIGTERM)

    def wait(self, seconds: float) -> list[Happening]:
        """What happened, as soon as something did; an empty list when nothing did for `seconds`."""
        give_up = time.monotonic() + seconds
        while not self._happened:
            now = time.monotonic()
            for key, _ in self._selector.select(0 if self._happened else self._pause(now, give_up)):
                key.data()
            self._tend()
            if time.monotonic() >= give_up:
                break
        happened, self._happened = self._happened, []
        return happened

    # -- starting -----------------------------------------------------------------------------------------------

    def _open(self, spec: Spec) -> tuple[Capture, subprocess.Popen[bytes]]:
        capture = Capture(spec.log, lambda stream, lines: self._happened.append(Output(spec.key, stream, lines)))
        try:
            return capture, self._spawn(spec)
        except BaseException:
            capture.close()
            raise

    def _spawn(self, spec: Spec) -> subprocess.Popen[bytes]:
        """The mark is added to the one that we carry ourselves, so that a run inside a run belongs to both."""
        marks = f"{os.environ.get(MARK, '')} {self._mark}/{self._count}".strip()
        return subprocess.Popen(
            spec.argv,
            cwd=spec.cwd,
            env={**spec.env, MARK: marks},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _listen(self, child: _Child, stream: Stream, pipe: IO[bytes] | None) -> None:
        assert pipe is not None  # noqa: S101 - we asked for pipes
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, lambda: self._read(child, stream, pipe))

    def _read(self, child: _Child, stream: Stream, pipe: IO[bytes]) -> bool:
        """Take in one chunk; False when there is none now or never again."""
        try:
            data = os.read(pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
            return False
        child.heard = time.monotonic()
        child.capture.feed(stream, data)
        return True

    # -- signals ------------------------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            os.set_blocking(end.fileno(), False)
        self._selector.register(self._reader, selectors.EVENT_READ, self._read_signals)
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old_handlers = {signum: signal.signal(signum, _noted) for signum in _SIGNALS}

    def _give_signals_back(self) -> None:
        for signum, handler in self._old_handlers.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._reader.close()
        self._writer.close()

    def _read_signals(self) -> None:
        with suppress(BlockingIOError):
            for signum in self._reader.recv(_CHUNK):
                if signum != signal.SIGCHLD:
                    self._obey(signum)

    def _obey(self, signum: int) -> None:
        self._happened.append(Signalled(signum))
        ended = Ended.INTERRUPTED if signum == signal.SIGINT else Ended.TERMINATED
        for child in self._children.values():
            if self._asked and signum == signal.SIGINT:
                self._kill_from_now(child)
            elif child.phase is _Phase.RUNS:
                self._ask(child, ended, signal.SIGINT if signum == signal.SIGINT else signal.SIGTERM)
        self._asked = True

    # -- ending -------------------------------------------------------------------------------------------------

    def _pause(self, now: float, give_up: float) -> float:
        ending = any(child.phase is not _Phase.RUNS for child in self._children.values())
        due = [give_up, *(child.deadline for child in self._children.values() if child.phase is _Phase.RUNS)]
        if self._children:
            due.append(now + _TICK if ending else self._next_look)
        return max(0.0, min(due) - now)

    def _tend(self) -> None:
        """Bring every child one step further towards its end, if it is on its way there."""
        now = time.monotonic()
        for child in self._children.values():
            self._reap(child, now)
            if child.phase is _Phase.RUNS and child.exited is not None:
                self._ask(child, Ended.EXITED, signal.SIGTERM)
            elif child.phase is _Phase.RUNS and now >= child.deadline:
                self._ask(child, child.expired, signal.SIGTERM)
        ending = [child for child in self._children.values() if child.phase is not _Phase.RUNS]
        if ending or (self._children and now >= self._next_look):
            table = self._look(now)
            for child in ending:
                self._end(child, table, now)

    def _ask(self, child: _Child, ended: Ended, request: int) -> None:
        child.phase, child.ended, child.request = _Phase.ASKED, ended, request
        child.until = time.monotonic() + self._grace

    def _kill_from_now(self, child: _Child) -> None:
        child.phase, child.until = _Phase.KILLED, time.monotonic() + _KILL_PATIENCE

    def _end(self, child: _Child, table: Table, now: float) -> None:
        members = self._members(child, table)
        if not members and table.complete and child.exited is not None:
            self._finish(child)
        elif child.phase is _Phase.ASKED and now >= child.until:
            self._kill_from_now(child)
            self._kill(child)
        elif child.phase is _Phase.ASKED:
            new = [row for row in members if row.identity not in child.asked]
            child.asked.update(row.identity for row in new)
            endings.send(new, child.request)
        elif now >= child.until:
            self._finish(child, members)
        else:
            self._kill(child)

    def _kill(self, child: _Child) -> None:
        def find() -> list[Row]:
            members = self._members(child, self._look(time.monotonic()))
            child.asked.update(row.identity for row in members)
            return members

        endings.kill(find)

    def _members(self, child: _Child, table: Table) -> list[Row]:
        """What still runs of a child's tree, without what was deployed on purpose."""
        rows = [row for row in self._owners.owned(table, child.number) if not row.zombie]
        return [row for row in rows if process_table.mark_of(row.pid) != RELEASED]

    def _finish(self, child: _Child, left: list[Row] | None = None) -> None:
        self._left = self._left or bool(left)
        self._owners.end(child.number)
        del self._children[child.spec.key]
        self._drain(child)
        code, ended_at = child.process.returncode, child.exited or time.monotonic()
        child.process.returncode = code if code is not None else -signal.SIGKILL
        self._happened.append(
            Exit(
                key=child.spec.key,
                ended=child.ended,
                code=code,
                seconds=ended_at - child.started,
                cpu_seconds=child.cpu_seconds,
                killed=sum(identity.pid != child.process.pid for identity in child.asked),
                left=tuple(row.pid for row in left or ()),
                stdout=child.capture.text("stdout"),
                stderr=child.capture.text("stderr"),
                error=child.capture.problem,
                tail=child.capture.tail,
            )
        )

    def _drain(self, child: _Child) -> None:
        """Read what lies in the pipes, and close them even when somebody else holds their other end."""
        streams: tuple[tuple[Stream, IO[bytes] | None], ...] = (
            ("stdout", child.process.stdout),
            ("stderr", child.process.stderr),
        )
        for stream, pipe in streams:
            while pipe and not pipe.closed and self._read(child, stream, pipe):
                pass
            if pipe and not pipe.closed:
                self._selector.unregister(pipe)
                pipe.close()
        child.capture.close()

    # -- looking ------------------------------------------------------------------------------------------------

    def _look(self, now: float) -> Table:
        """Look at the process table: learn who belongs to whom, wait for the dead, keep the record of the run."""
        table = self._scan()
        self._owners.observe(table, process_table.mark_of)
        for row in table.rows.values():
            if row.zombie and row.parent == os.getpid() and row.identity not in self._foreign:
                self._bury(row)
        if now >= self._next_look:
            with suppress(
                OSError
            ):  # a full disk costs the next start's sweep, and must not end the watch over children
                self._register.update(self._owners.known())
            self._next_look = now + self._look_gap
            self._look_gap = min(2 * self._look_gap, _LOOK_EVERY)
        return table

    def _bury(self, row: Row) -> None:
        """Wait for an orphan that has ended; the exit codes of the children's own processes are `_reap`'s."""
        owner = self._owners.owner(row)
        child = next((child for child in self._children.values() if child.number == owner), None)
        if child and child.process.pid == row.pid:
            return
        with suppress(ChildProcessError):
            pid, _, usage = os.wait4(row.pid, os.WNOHANG)
            if pid and child:
                child.cpu_seconds += usage.ru_utime + usage.ru_stime

    def _reap(self, child: _Child, now: float) -> None:
        if child.exited is not None:
            return
        pid, status, usage = os.wait4(child.process.pid, os.WNOHANG)
        if pid:
            child.process.returncode = os.waitstatus_to_exitcode(status)
            child.exited = now
            child.cpu_seconds += usage.ru_utime + usage.ru_stime


def _noted(_signum: int, _frame: object) -> None:
    """The byte that Python wrote to the wake-up socket says it all."""


def _not_started(spec: Spec, problem: Exception) -> Exit:
    missing = isinstance(problem, OSError) and problem.errno == errno.ENOENT and problem.filename == spec.argv[0]
    return Exit(spec.key, Ended.NOT_STARTED, error=str(problem), missing=missing)
