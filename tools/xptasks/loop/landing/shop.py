"""What every part of the queue works with: where it works, the remote, what it remembers, whom it tells."""

import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xptasks.errors import CannotRunError, ExitCode
from xptasks.history.events import Kind, event
from xptasks.landing import marks
from xptasks.landing.ledger import REF as LEDGER
from xptasks.landing.ledger import Entry
from xptasks.landing.rejection import Setting
from xptasks.landing.remote import Pushed, Remote, Update, View
from xptasks.loop.landing.acts import Acts
from xptasks.loop.landing.memory import Memory
from xptasks.loop.landing.place import Place
from xptasks.loop.landing.record import of_entry
from xptasks.loop.landing.rules import Operator, Rules
from xptasks.loop.recording import Recorder

EVERY = 60.0
"""Seconds between two signs of life in the history."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of a turn.

    Attributes:
        came: `busy` when something was done, `idle` when there was nothing to do, `stuck` when only waiting helps.
        why: in words.
        code: the exit code of a runner that does not wait.
    """

    came: Literal["busy", "idle", "stuck"]
    why: str = ""
    code: ExitCode = ExitCode.OK


BUSY, IDLE = Turn("busy"), Turn("idle")


@dataclass
class Shop:
    """The queue's workshop.

    Attributes:
        name: the project's name.
        operator: who started the queue, and how.
        place: where it works.
        remote: where changes wait, as its own repository sees it.
        memory: what it remembers.
        acts: what it can do at the remote.
        say: gets what happens, in words and as data.
        record: takes events of the history.
        now: seconds since the epoch.
        remote_name: what developers call the remote.
    """

    name: str
    operator: Operator
    place: Place
    remote: Remote
    memory: Memory
    acts: Acts
    say: Callable[..., object]
    record: Recorder
    now: Callable[[], float]
    remote_name: str = "origin"
    process: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}")
    _next_sign: float = 0.0
    _announced: str = ""

    def setting(self, rules: Rules) -> Setting:
        """Where things happen, for what is said about them."""
        tier = rules.landing.tier
        return Setting(self.remote_name, self.remote.trunk, rules.tip, tier, socket.gethostname())

    def catch_up(self, view: View, entries: Sequence[Entry]) -> None:
        """Record what the ledger says and the history does not know yet; telling it again does no harm."""
        tip = view.refs.get(LEDGER, "")
        if tip == self.memory.recorded:
            return
        events = [each for entry in entries for each in of_entry(entry, self.name)]
        if self.record(*events):
            self.memory.recorded = tip
            self.memory.save()

    def begin(self) -> None:
        """The runner begins."""
        self._sign(Kind.QUEUE_STARTED)

    def alive(self) -> None:
        """A sign of life, now and then."""
        if self.now() >= self._next_sign:
            self._sign(Kind.QUEUE_ALIVE)

    def _sign(self, kind: Kind) -> None:
        at = self.now()
        self._next_sign = at + EVERY
        self.record(event(kind, at, self.name, self.process, at, process=self.process, every=EVERY))

    def end(self, why: str) -> None:
        """The runner ends."""
        at = self.now()
        self.record(event(Kind.QUEUE_ENDED, at, self.name, self.process, process=self.process, why=why))

    def announce(self, changes: Sequence[str], what: str) -> None:
        """Let everybody see what is tested here; that nobody can see it costs nothing."""
        told = json.dumps({"runner": socket.gethostname(), "changes": list(changes), "what": what}) if changes else ""
        if told == self._announced:
            return
        self._announced = told
        try:
            if changes:
                said: dict[str, Any] = {**json.loads(told), "since": self.now()}
                self.remote.push([Update(self.runner, self.remote.git.write("blob", json.dumps(said)))])
            else:
                self.remote.push([Update(self.runner, "")])
        except CannotRunError:
            return

    def clean_up(self, view: View) -> None:
        """A runner of this place that died may still say what it tests."""
        if self.runner in view.refs and not self._announced:
            self.remote.push([Update(self.runner, "")])

    @property
    def runner(self) -> str:
        """The ref at which this runner says what it does."""
        host = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname()).strip("-") or "host"
        key = hashlib.sha256(str(self.place.home).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return f"{marks.RUNNER}{host}-{key}"


def must(pushed: Pushed) -> bool:
    """Whether a push has happened; False when somebody was faster.

    Raises:
        CannotRunError: the remote refuses.
    """
    if pushed.outcome == "refused":
        raise CannotRunError(f"the remote refuses: {pushed.why}", hint="see its hooks and who may push there")
    return pushed.outcome == "done"
