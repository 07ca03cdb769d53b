"""The queue as a process: one a host and remote, ended by a signal, started again by whoever likes."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.config import find_project, load
from xptasks.errors import CannotRunError, UsageError
from xptasks.landing.remote import Remote
from xptasks.loop import judging
from xptasks.loop.landing.acts import Acts
from xptasks.loop.landing.gate import Argv, Gate, Interrupted, nox
from xptasks.loop.landing.line import Judge, LineUp
from xptasks.loop.landing.memory import Memory
from xptasks.loop.landing.place import Origin, Place
from xptasks.loop.landing.queue import Aftermath, Queue
from xptasks.loop.landing.rules import Operator
from xptasks.loop.landing.shop import Shop
from xptasks.loop.landing.tester import After, Tester
from xptasks.loop.landing.trunk import Minder
from xptasks.loop.landing.turn import Turning
from xptasks.loop.recording import Recorder
from xptasks.markup import clean
from xptasks.system import detached
from xptasks.system.detached import Order
from xptasks.system.orphans import sweep
from xptasks.system.processes import Supervisor

_GRACE = 15.0  # seconds that a runner may take to end: a push is not broken off
_BEGINS = 20.0  # seconds that a detached runner may take to begin
_QUIET = frozenset({"testing", "green", "red", "broken", "alive", "idle"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line.

    Attributes:
        once: end when nothing is left that could land.
        profile: a profile of the trunk's `xpconfig.toml`, for how the queue is run and what follows a landing.
        json: print what happens as JSON, a line each.
        quiet: say only what comes of it.
    """

    once: bool = False
    profile: str = ""
    json: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Tools:
    """What a runner works with; a test may put others in their place.

    Attributes:
        argv: the gate's command.
        judge: the trunk's rules before anything runs; by default those of `loop.judging`.
        after: the same once the gate has run.
        aftermath: makes what follows a landing.
        now: seconds since the epoch.
    """

    argv: Argv = nox
    judge: Callable[[Path], Judge] = field(
        default=lambda project: (
            lambda trunk, head, told, approvals: judging.before_gate(project, trunk, head, told, approvals)
        )
    )
    after: Callable[[Path], After] = field(
        default=lambda project: lambda trunk, candidate, run: judging.after_gate(project, trunk, candidate, run)
    )
    aftermath: Callable[[Shop], Aftermath] = Turning
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Setup:
    """Where the queue of the current project works."""

    project: Path
    name: str
    remote: str
    origin: Origin

    @classmethod
    def here(cls, environ: Mapping[str, str]) -> "Setup":
        """Of the project that the current folder is in; that folder becomes the current one.

        Raises:
            XpError: there is no project, or no such remote.
        """
        project = find_project(Path.cwd())
        os.chdir(project)
        config = load(project, environ=environ).config
        if config.landing.forge != "local":
            hint = 'set [landing] forge = "local"; with `github` its own merge queue lands changes'
            raise UsageError(f"[landing] forge is {config.landing.forge!r}, which has no queue of ours", hint=hint)
        origin = Origin.of(project, config.landing.remote, config.landing.trunk)
        return cls(project, config.project.name, config.landing.remote, origin)

    def place(self, environ: Mapping[str, str]) -> Place:
        """Where the queue works on this host."""
        return Place(self.name, self.origin, environ)


class Speaker:
    """Says what happens: lines on stderr, and with `json` an object a line on stdout."""

    def __init__(self, asked: Asked, now: Callable[[], float]) -> None:
        self._asked = asked
        self._now = now

    def __call__(self, text: str, kind: str = "", **data: Any) -> None:  # noqa: ANN401 - whatever turns into JSON
        """One thing that happened. A pipe whose reader left, or a log on a full disk, ends nothing."""
        at, text = self._now(), _safe(text)
        with suppress(OSError):
            if self._asked.json:
                sys.stdout.write(json.dumps({"at": at, "kind": kind, "text": text, **data}) + "\n")
                sys.stdout.flush()
            if not (self._asked.quiet and kind in _QUIET):
                sys.stderr.write(f"{time.strftime('%H:%M:%S', time.localtime(at))}  {text}\n")
                sys.stderr.flush()


def _safe(text: str) -> str:
    """Text of the queue's, in which names of changes and words of the gate may hold anything."""
    kept = (letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in clean(text))
    return "".join(kept)


def run(asked: Asked, environ: Mapping[str, str], tools: Tools | None = None) -> int:
    """Run the queue until a signal; with `once` until nothing is left that could land.

    Exit codes: 0 the queue is empty, 3 the gate or the remote cannot be used, 4 another runner is at it, 6 a human is
    needed (the breaker is open, or what is left waits for one), 130 and 143 for a signal.
    """
    tools = tools or Tools()
    setup = Setup.here(environ)
    say = Speaker(asked, tools.now)
    place = setup.place(environ)
    with place.held():
        place.open()
        swept = sweep(place.runs)
        if swept.killed:
            say(f"ended {len(swept.killed)} processes that a killed runner had left behind", kind="swept")
        with (
            Supervisor(f"queue-{os.getpid()}", place.runs) as supervisor,
            _opened(setup, place, Operator(environ, asked.profile), say, tools) as shop,
        ):
            return _work(shop, supervisor, asked, tools)


@contextmanager
def _opened(setup: Setup, place: Place, operator: Operator, say: Speaker, tools: Tools) -> Iterator[Shop]:
    remote = Remote(place.git, setup.origin.address, setup.origin.trunk)
    acts = Acts(remote, place.git.identity(), tools.now)
    memory = Memory.load(place.home / "memory.json")
    record = Recorder(setup.project, say)
    shop = Shop(setup.name, operator, place, remote, memory, acts, say, record, tools.now, setup.remote)
    shop.begin()
    why = "it failed"
    try:
        yield shop
        why = "it was done, or told to end"
    finally:
        shop.announce((), "")
        shop.end(why)


def _work(shop: Shop, supervisor: Supervisor, asked: Asked, tools: Tools) -> int:
    shop.say(f"the queue of {shop.name} lands on {shop.remote.trunk} of {shop.remote.address}", kind="started")
    gate = Gate(shop.place, supervisor, shop.operator.environ, tools.argv, _heard(shop))
    tester = Tester(shop, gate, tools.after(shop.place.project))
    line_up = LineUp(shop.remote, tools.judge(shop.place.project))
    queue = Queue(shop, supervisor, line_up, tester, Minder(shop, tester), tools.aftermath(shop))
    try:
        return queue.run(once=asked.once)
    except Interrupted as signal:
        shop.say("told to end; whatever was under way is looked at again by the next runner", kind="ended")
        return 128 + signal.signum


def _heard(shop: Shop) -> Callable[[str], object]:
    def heard(text: str) -> None:
        shop.alive()
        shop.say(text, kind="alive")

    return heard


# -- from the outside ------------------------------------------------------------------------------------------------


def start(asked: Asked, environ: Mapping[str, str]) -> str:
    """Start a runner that outlives this command, unless one runs; says where its log is.

    Raises:
        CannotRunError: it ended at once.
    """
    setup = Setup.here(environ)
    place = setup.place(environ)
    log, record = place.home / "queue.log", place.home / "queue.json"
    if place.holder():
        return f"a queue runs already: {place.holder()}; its log: {log}"
    words = [
        "land-queue",
        *(["--profile", asked.profile] if asked.profile else []),
        *(["--once"] if asked.once else []),
    ]
    detached.start(Order((sys.executable, "-m", "xptasks", *words), setup.project, environ, log, record))
    until = time.monotonic() + _BEGINS
    while not place.holder():
        if not detached.is_alive(record):
            if asked.once:
                break
            raise CannotRunError("the queue ended at once", where=str(log), hint="its log says why")
        if time.monotonic() > until:
            raise CannotRunError("the queue does not begin", where=str(log), hint="its log says why")
        time.sleep(0.05)
    return f"a queue was started; its log: {log}"


def stop(environ: Mapping[str, str]) -> str:
    """End the runner that `start` started."""
    record = Setup.here(environ).place(environ).home / "queue.json"
    if not detached.is_alive(record):
        return "no queue that was started with --detach runs here"
    detached.stop(record, _GRACE)
    return "the queue has ended"
