"""`inv land-queue`: lands what waits, as a process of its own.

One turn looks at the remote, decides one thing and does it; the next turn looks again. What is at the remote counts,
and whatever this process remembers only saves time: after `kill -9` at any moment the next runner goes on, and two
runners on two hosts land each change once, because every act is a compare-and-swap of all that it depends on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol

from xptasks.config import document
from xptasks.errors import CannotRunError, ConfigError, ExitCode, HumanNeededError, XpError
from xptasks.history.events import Intervention
from xptasks.landing import breaker
from xptasks.landing.breaker import Trip
from xptasks.landing.ledger import Entry
from xptasks.landing.marks import Queued
from xptasks.landing.merging import Merger
from xptasks.landing.queue import Batch, Hold, Land, Leave, Ran, Reject, Rest, Try, decide
from xptasks.landing.remote import View
from xptasks.loop.landing import notes
from xptasks.loop.landing.acts import ACTOR
from xptasks.loop.landing.gate import Interrupted
from xptasks.loop.landing.line import Candidate, Ending, LineUp, Scene
from xptasks.loop.landing.record import Seen
from xptasks.loop.landing.rules import Rules
from xptasks.loop.landing.rules import find as find_rules
from xptasks.loop.landing.shop import BUSY, IDLE, Shop, Turn, must
from xptasks.loop.landing.tester import Tester
from xptasks.loop.landing.trunk import Minder, is_known_green
from xptasks.system.commits import Objects
from xptasks.system.processes import Signalled
from xptasks.tiers.run import Door

_TRIES = 3  # in a row, of what fails, by a runner that does not wait
_FIRST_POLL = 2.0  # seconds, until the trunk's rules are known
_LONGEST_PAUSE = 900.0  # seconds between tries
_DOUBLED = 20  # times at most
_LATER = 5  # pauses are longer where trying again takes a run of the gate
_TICK = 30.0  # seconds after which a runner that waits looks whether it has to show that it lives


class Aftermath(Protocol):
    """What follows a landing."""

    def step(self, scene: Scene, /) -> Turn | None:
        """Do the next thing that has to be done before anything else lands; None when there is nothing."""
        ...

    def is_busy(self) -> bool:
        """Whether something is under way that a runner which ends has to wait for."""
        ...


@dataclass
class Queue:
    """Lands what waits.

    Args:
        shop: the queue's workshop.
        supervisor: the door to processes; it is open.
        line_up: judges and merges.
        tester: tests.
        minder: minds the trunk.
        aftermath: what follows a landing.
    """

    shop: Shop
    supervisor: Door
    line_up: LineUp
    tester: Tester
    minder: Minder
    aftermath: Aftermath
    _refused: dict[str, tuple[int, float]] = field(default_factory=dict)
    _careful: bool = False
    _rules: dict[tuple[str, ...], Rules] = field(default_factory=dict)
    _poll: float = _FIRST_POLL
    _scene: Scene | None = None
    _last: Turn = BUSY
    _rests: bool = False
    _stuck: str = ""
    _tried_anew: int = 0
    _next_try: float = 0.0

    def run(self, *, once: bool) -> ExitCode:
        """Work until a signal, or until nothing is left that could land.

        Raises:
            HumanNeededError: the breaker is open.
            XpError: with `once`, what did not work three times in a row.
        """
        failures = 0
        while True:
            try:
                turn = self.turn()
                failures = 0
            except HumanNeededError:
                raise
            except (XpError, OSError) as error:
                failures += 1
                if once and failures >= _TRIES:
                    raise
                self.shop.say(f"{error}\n  it is tried again", kind="trouble")
                self._rest(self._pause(failures))
                continue
            if once and turn.came != "busy" and not (turn.came == "idle" and self._has_to_wait()):
                return self._last_word(turn)
            self._mind(turn)
            self._rest(0.0 if turn.came == "busy" else self._poll)

    def _has_to_wait(self) -> bool:
        """Whether a runner that ends when the queue is empty has to wait for something first."""
        return self.aftermath.is_busy() or any(count < _TRIES for count, _ in self._refused.values())

    def _last_word(self, turn: Turn) -> ExitCode:
        if self._refused and turn.came == "idle":
            turn = Turn("stuck", "the remote refuses what is green", ExitCode.CANNOT_RUN)
        if turn.why:
            self.shop.say(turn.why, kind="ended")
        return turn.code

    def _mind(self, turn: Turn) -> None:
        """Whoever is stuck says so once, looks for news as always, and now and then tries again what did not work."""
        if turn.came == "idle":
            self._stuck, self._tried_anew = "", 0
            if not self._rests:
                self.shop.say(turn.why or "nothing waits", kind="idle")
        self._rests = turn.came == "idle"
        if turn.came != "stuck":
            return
        now = self.shop.now()
        if turn.why != self._stuck:
            self._stuck, self._next_try = turn.why, now + self._pause(self._tried_anew + _LATER)
            self.shop.say(f"{turn.why}; it is tried again in {self._next_try - now:.0f} s", kind="stuck")
        elif now >= self._next_try:
            self._stuck = ""
            self._tried_anew += 1
            self.shop.memory.said.clear()

    def _rest(self, seconds: float) -> None:
        """Wait; a signal ends the queue, and nothing of it is left behind.

        Raises:
            Interrupted: it does.
        """
        until = time.monotonic() + seconds
        while True:
            self.shop.alive()
            left = until - time.monotonic()
            for happening in self.supervisor.wait(max(0.0, min(left, _TICK))):
                if isinstance(happening, Signalled):
                    raise Interrupted(happening.signum)
            if time.monotonic() >= until:
                return

    def _pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return min(_LONGEST_PAUSE, self._poll * 2.0 ** min(failures - 1, _DOUBLED))

    # -- one turn ----------------------------------------------------------------------------------------------------

    def turn(self) -> Turn:
        """Look, decide one thing, do it.

        Raises:
            HumanNeededError: the breaker is open.
            XpError: something is away, full or broken; nothing was done by halves.
        """
        shop = self.shop
        view = shop.remote.look()
        if not view.trunk:
            raise CannotRunError(f"the remote {shop.remote.address} has no branch {shop.remote.trunk!r}")
        shop.clean_up(view)
        if self._nothing_is_new(view) and self._scene:
            return self.aftermath.step(self._scene) or self._last
        self._scene, self._last = None, BUSY  # what goes wrong from here on is looked at again
        shop.place.fetch(view)
        shop.place.ready(view.trunk)
        entries = shop.remote.entries(view)
        shop.catch_up(view, entries)
        trip = breaker.opened(entries)
        if trip:
            raise stopped(trip)
        self._last = self._turn(view, entries)
        return self._last

    def _nothing_is_new(self, view: View) -> bool:
        """Whether the remote is as it was when there was nothing to do."""
        scene = self._scene
        return scene is not None and scene.view == view and self._last.came == "idle" and not self._refused

    def _turn(self, view: View, entries: Sequence[Entry]) -> Turn:
        queue = self.shop.remote.queue(view)
        try:
            rules = self._rules_of(view, queue)
        except ConfigError as error:
            return Turn("stuck", str(error), ExitCode.USAGE) if queue else IDLE
        self._poll = rules.running.poll
        trip = breaker.tripped(entries, rules.running.breaker, self.shop.now())
        if trip:
            must(self.shop.acts.open_breaker(view, trip))
            return BUSY
        scene = self._scene = Scene(view, entries, rules, self.shop.setting(rules), queue)
        waiting = {each.value for each in queue}
        self._refused = {value: found for value, found in self._refused.items() if value in waiting}
        notes.take(self.shop, scene)
        return self.minder.step(scene) or self.aftermath.step(scene) or self._work(scene)

    def _rules_of(self, view: View, queue: Sequence[Queued]) -> Rules:
        """The trunk's, or those of the first change that brings some where the trunk has none."""
        objects = Objects(self.shop.place.git.folder, self.shop.place.origin.prefix)
        first = None
        if objects.blob(view.trunk, document.NAME) is None:
            first = next((each for each in queue if each.head and objects.blob(each.head, document.NAME)), None)
        key = (view.trunk, first.head if first else "", first.change if first else "")
        if key not in self._rules:
            change = (first.change, first.head) if first else ("", "")
            self._rules.clear()
            self._rules[key] = find_rules(
                objects, view.trunk, self.shop.operator, self.shop.place.home / "rules", change
            )
            if self._rules[key].adopts:
                self.shop.say(f"first adoption: the trunk has no rules, those of {change[0]} count", kind="adoption")
        return self._rules[key]

    def _work(self, scene: Scene) -> Turn:
        merger = Merger(self.shop.remote.git, scene.rules.landing.method, self.shop.acts.by, ACTOR)
        line = self.line_up.line(scene, merger, self._skipped())
        if line.endings:
            return self._end(scene, line.endings[0])
        batch = line.batch[:1] if self._careful else together(line.batch)
        if batch:
            return self._batch(scene, batch)
        self.shop.announce((), "")
        if line.waiting:
            return Turn("idle", f"{line.waiting} wait for a human; `inv land-status` says why", ExitCode.HUMAN_NEEDED)
        return IDLE

    def _skipped(self) -> set[str]:
        now = self.shop.now()
        return {value for value, (_, until) in self._refused.items() if now < until}

    def _batch(self, scene: Scene, batch: Sequence[Candidate]) -> Turn:
        """One step of what `xptasks.landing.queue` decides."""
        step = decide(self._seen(scene, batch))
        if isinstance(step, Try):
            return self._try(scene, batch[: step.prefix])
        if isinstance(step, Land):
            return self._land(scene, batch[: step.prefix])
        if isinstance(step, Reject):
            return self._end_first(
                scene, batch[0], Ending(batch[0].queued, "rejected", self.tester.why(scene, batch[0]))
            )
        if isinstance(step, Hold):
            why = self.tester.why_held(scene, batch[0])
            return self._end_first(scene, batch[0], Ending(batch[0].queued, "held", why, "gate"))
        if isinstance(step, Rest):
            return self._gate_is_away()
        return self._mend(scene, batch)

    def _end_first(self, scene: Scene, first: Candidate, ending: Ending) -> Turn:
        """What the gate said counts for this time: whoever queues the same again has it tested again."""
        self.shop.memory.forget(first.merged.commit)
        return self._end(scene, ending)

    def _seen(self, scene: Scene, batch: Sequence[Candidate]) -> Batch:
        memory, tip = self.shop.memory, scene.rules.tip
        commits = {0: tip} | {number + 1: each.merged.commit for number, each in enumerate(batch)}
        seen = {length: runs for length, commit in commits.items() if (runs := memory.runs(commit))}
        if self.minder.is_red(scene):  # another runner may have seen that
            seen[0] = (Ran("red"), Ran("red"))
        return Batch(len(batch), seen, is_known_green(scene, self.shop.remote.trunk))

    def _try(self, scene: Scene, batch: Sequence[Candidate]) -> Turn:
        if not batch:
            self.tester.trunk(scene)
            return BUSY
        if len(batch) > 1:
            fitting = self.tester.fitting(scene, batch)
            if isinstance(fitting, Ending):
                return self._unfit(scene, batch, fitting)
            if fitting < len(batch):
                return self._batch(scene, batch[: max(1, fitting)])
        self.tester.prefix(scene, batch)
        return BUSY

    def _unfit(self, scene: Scene, batch: Sequence[Candidate], ending: Ending) -> Turn:
        """A change that is bad by itself is rejected, unless it is the trunk that is."""
        (first,) = (each for each in batch if each.queued is ending.queued)
        ground = {0: runs} if (runs := self._seen(scene, ()).seen.get(0)) else {}
        red = (Ran("red", frozenset({"alone"})),) * 2
        step = decide(Batch(1, {**ground, 1: red}, is_known_green(scene, self.shop.remote.trunk)))
        if isinstance(step, Reject):
            self.tester.forget_alone(scene, first)
            return self._end(scene, ending)
        if isinstance(step, Try):
            self.tester.trunk(scene)
            return BUSY
        return self._gate_is_away() if isinstance(step, Rest) else self._mend(scene, batch)

    def _gate_is_away(self) -> Turn:
        return Turn("stuck", "the gate cannot run, not even on the trunk alone", ExitCode.CANNOT_RUN)

    def _mend(self, scene: Scene, batch: Sequence[Candidate]) -> Turn:
        """The trunk is red: each change is tried alone, once, because it may be the one that mends it."""
        merger = Merger(self.shop.remote.git, scene.rules.landing.method, self.shop.acts.by, ACTOR)
        for candidate in batch:
            others = {each.queued.value for each in batch if each is not candidate}
            alone = self.line_up.line(scene, merger, others | self._skipped()).batch[:1]
            if alone and not isinstance(decide(self._seen(scene, alone)), Leave):
                return self._batch(scene, alone)
        return Turn(
            "stuck", f"{self.shop.remote.trunk} is red, and nothing in the queue mends it", ExitCode.HUMAN_NEEDED
        )

    # -- what is done ------------------------------------------------------------------------------------------------

    def _land(self, scene: Scene, batch: Sequence[Candidate]) -> Turn:
        done = self.shop.acts.land(scene, batch)
        if done.outcome == "refused":
            return self._put_off(batch, done.why)
        if done.outcome == "lost":
            self.shop.say("somebody was faster; what has not landed is looked at again", kind="lost", why=done.why)
            return BUSY
        self._careful = False
        for candidate in batch:
            self._refused.pop(candidate.queued.value, None)
            commit = candidate.merged.commit
            text = f"landed {candidate.queued.change} as {commit[:12]}"
            self.shop.say(text, kind="landed", change=candidate.queued.change, commit=commit)
        return BUSY

    def _put_off(self, batch: Sequence[Candidate], why: str) -> Turn:
        """The remote does not want what is green: others may land meanwhile, one at a time, and it is tried again."""
        self.shop.say(f"the remote refuses what is green: {why}", kind="refused")
        if len(batch) > 1:
            self._careful = True
            return BUSY
        value = batch[0].queued.value
        count = self._refused.get(value, (0, 0.0))[0] + 1
        self._refused[value] = (count, self.shop.now() + self._pause(count))
        return BUSY

    def _end(self, scene: Scene, ending: Ending) -> Turn:
        change = ending.queued.change
        if must(self.shop.acts.end(scene, ending, logs=self._logs(ending))):
            self.shop.say(f"{ending.how} {change}: {ending.why.text}", kind=ending.how, change=change)
            if ending.needs in {"approval", "word"}:
                seen = Seen(ending.queued, self.shop.name, ending.queued.actor)
                self.shop.record(seen.stepped_in(Intervention.REVIEW, "", f"it has to wait: {ending.why.rule}"))
        return BUSY

    def _logs(self, ending: Ending) -> str:
        return next((line.partition(" ")[2] for line in ending.why.text.splitlines() if line.startswith("logs: ")), "")


def together(batch: Sequence[Candidate]) -> Sequence[Candidate]:
    """The first changes that are compared with the same commit: what takes something back is tested alone."""
    return list(takewhile(lambda each: not each.onto, batch)) or batch[:1]


def stopped(trip: Trip) -> HumanNeededError:
    """The breaker is open."""
    hint = f"{trip.decide}. Then `inv land-resume` lets the queue go on"
    return HumanNeededError(f"the queue has stopped itself ({trip.rule}): {trip.why}", hint=hint)
