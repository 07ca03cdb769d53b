"""Drives one deployment to its end: observe, read, decide, journal, act. The only thing here that waits."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from xptasks.delivery.analysis import allotted, judge
from xptasks.delivery.driver import Capability, Counters, Driver
from xptasks.delivery.gauge import SIGNALS, Gauge
from xptasks.delivery.journal import Deployment, Journal
from xptasks.delivery.machine import Act, Decision, Entry, Finished, Readings, Record, State, Wait, decide, recover
from xptasks.delivery.plan import Plan, World
from xptasks.errors import CannotRunError, XpError

_LISTEN = 0.2  # seconds after which the journal is looked at again while nothing else is to be done
_WEIGH_EVERY = 1.0  # seconds
_HEARTBEAT = 30.0  # seconds of silence after which a wait says what it is for


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class WallClock:
    """The machine's clock as it was at first, and what has passed since: whoever sets the clock moves no stage."""

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._ahead + time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


Probe = Callable[[Plan, float], str]
"""Why the probes want the new release gone, at this time; empty when they do not."""


def _no_probe(_plan: Plan, _now: float) -> str:
    return ""


def _silent(_now: float, _text: str) -> None:
    return


@dataclass
class Supervisor:
    """Holds the lock for as long as it lives; whoever gets the lock after it goes on where the journal ends.

    Args:
        journal: the target's journal.
        driver: the target's driver.
        false_abort: how likely a canary that is no worse may be aborted.
        probe: asked for each decision while the new release has a share.
        clock: time.
        tell: gets what happens, in words, with its time.
        counters: what releases are compared by, in place of what the driver counts.
        sticky: whether callers stay with the release that answered first.
    """

    journal: Journal
    driver: Driver
    false_abort: float = 0.001
    probe: Probe = _no_probe
    clock: Clock = field(default_factory=WallClock)
    tell: Callable[[float, str], None] = _silent
    sticky: bool = False
    counters: Callable[[Iterable[str]], Mapping[str, Counters]] | None = None
    _gauge: Gauge = field(default_factory=Gauge)
    _stage: int = -1
    _next_word: float = 0.0
    _well: float = 0.0
    _weighed: float = 0.0
    _memory: int = 0

    def take_over(self, deployment: Deployment) -> Finished:
        """End a deployment whose supervisor died: back, or on, as its plan says."""
        first = recover(deployment.plan, deployment.state)
        if first is not None:
            self._record(deployment, first)
        return self.run(deployment.number)

    def run(self, number: int) -> Finished:
        """Go on until the deployment has ended.

        Raises:
            CannotRunError: the journal cannot be written, so nothing more is done.
        """
        while True:
            deployment = self.journal.deployment(number)
            decision = self._decide(deployment)
            if isinstance(decision, Finished):
                return decision
            self._follow(deployment, decision)

    def _decide(self, deployment: Deployment) -> Decision:
        plan, state = deployment.plan, deployment.state
        world = self.driver.observe()
        if world.split is None:
            self._repair()
        readings = self._readings(plan, state, world)
        return decide(plan, state, world, readings, self.clock.now())

    def _repair(self) -> None:
        """Nobody is served without a proxy, so nobody waits for the watcher, which may be dead."""
        try:
            for what in self.driver.repair(releases=False):
                self._say(f"{what} had died and was started again")
        except XpError as error:
            self._say(str(error))

    def _readings(self, plan: Plan, state: State, world: World) -> Readings:
        now = self.clock.now()
        if state.stage != self._stage:
            self._gauge, self._stage, self._well = Gauge(), state.stage, now
        if state.outcome or state.back or state.stage < 0 or not (world.split or {}).get(plan.new):
            return Readings()
        if world.condition(plan.new) != "unhealthy":
            self._well = now
        self._look(plan, state, world)
        verdict = judge(self._gauge.evidence, allotted(self.false_abort, SIGNALS), plan.min_requests)
        return Readings(verdict, self.probe(plan, now), now - self._well, self._weigh(plan, now))

    def _weigh(self, plan: Plan, now: float) -> int:
        """The new release's memory; it is asked for now and then, because that takes a look at every process."""
        if plan.max_memory and now - self._weighed >= _WEIGH_EVERY:
            self._memory, self._weighed = self.driver.memory(plan.new), now
        return self._memory

    def _look(self, plan: Plan, state: State, world: World) -> None:
        """One more look at the counters; only while the proxy splits as the stage says, so that the share is known."""
        split = plan.split(state.stage)
        if plan.old is None or world.split != split:
            return
        try:
            counters = self._count((plan.new, plan.old))
        except CannotRunError:  # the proxy died just now; the next look finds that
            return
        if plan.new in counters and plan.old in counters:
            self._gauge = self._gauge.after(counters[plan.new], counters[plan.old], split[plan.new] / 100)

    def _count(self, releases: Iterable[str]) -> Mapping[str, Counters]:
        if self.counters is not None:
            return self.counters(releases)
        return self.driver.counters() if Capability.COUNTERS in self.driver.capabilities else {}

    def _follow(self, deployment: Deployment, decision: Act | Record | Wait) -> None:
        if isinstance(decision, Record):
            self._record(deployment, decision)
        elif isinstance(decision, Act):
            self._act(deployment, decision)
        else:
            self._wait(decision)

    def _record(self, deployment: Deployment, record: Record) -> None:
        self._write(deployment, record.kind, record.data)
        self._say(_in_words(deployment.plan, record))

    def _act(self, deployment: Deployment, act: Act) -> None:
        """Journal, act, journal. A crash between any two of these is the successor's to mend."""
        self._write(deployment, "begin", {"act": str(act)})
        try:
            self._do(act)
        except XpError as error:
            self._write(deployment, "failed", {"act": str(act), "why": str(error)})
            self._say(f"{act}: {error}")
            self.clock.sleep(_LISTEN)
            return
        self._write(deployment, "done", {"act": str(act)})
        self._say(str(act))

    def _do(self, act: Act) -> None:
        if act.verb == "split":
            self.driver.split(act.split, sticky=self.sticky and len(act.split) > 1)
        else:
            {"start": self.driver.start, "drain": self.driver.drain, "stop": self.driver.stop}[act.verb](act.release)

    def _write(self, deployment: Deployment, kind: str, data: Mapping[str, object]) -> None:
        self.journal.add(deployment.number, Entry(self.clock.now(), kind, data))

    def _wait(self, wait: Wait) -> None:
        """Sleep a little, and say now and then what for."""
        if self.clock.now() >= self._next_word:
            self._say(wait.why)
        self.clock.sleep(min(wait.seconds, _LISTEN))

    def _say(self, text: str) -> None:
        self._next_word = self.clock.now() + _HEARTBEAT
        self.tell(self.clock.now(), text)


def _in_words(plan: Plan, record: Record) -> str:
    match record.kind:
        case "stage":
            stage = plan.stages[record.data["stage"]]
            return f"stage {record.data['stage'] + 1} of {len(plan.stages)}: {stage.weight} % for {stage.hold:g} s"
        case "back":
            return f"rolling back: {record.data['why']}"
        case "closed":
            return f"{record.data['outcome']}: {record.data['why']}"
    return f"{record.kind}: {record.data}"
