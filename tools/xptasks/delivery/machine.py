"""The state machine of a deployment: (plan, journal, world, readings, now) -> one decision. It does nothing itself.

The journal holds what was decided and cannot be seen in the world: that a stage began, that the deployment is to be
rolled back, what people asked for. Everything else is read from the world again before each decision, and every act
sets something to a value. So it makes no difference whether an act that was begun before a crash happened or not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from xptasks.delivery.analysis import Verdict
from xptasks.delivery.plan import Plan, World

Verb = Literal["start", "split", "drain", "stop"]
Outcome = Literal["promoted", "rolled back", "failed"]
Asked = Literal["promote", "abort", "pause", "resume"]
Trigger = Literal[
    "start",  # it was not ready in time
    "crash",  # its process ended by itself
    "driver",  # what had to be done could not be done
    "health",  # it failed its health check
    "memory",  # it held more than it may
    "analysis",  # it answers worse than the one before
    "probe",  # a probe failed
    "inconclusive",  # too little was measured
    "supervisor",  # whoever drove the deployment died
    "operator",  # somebody asked for it
]
"""Why a release is given up."""

PLAN = "machine:plan"
"""Who asks when the plan says what follows from too little evidence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Attributes:
        at: seconds since the epoch.
        kind: what happened; see `State.after`.
        data: by kind.
    """

    at: float
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """Make the driver do something; journalled before and after."""

    verb: Verb
    release: str = ""
    split: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        shares = ", ".join(f"{release} {share} %" for release, share in self.split.items()) or "nobody"
        return f"split {shares}" if self.verb == "split" else f"{self.verb} {self.release}"


@dataclass(frozen=True, slots=True)
class Record:
    """Write an entry into the journal; from then on it holds."""

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again, after this many seconds at the latest."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing is left to do."""

    outcome: Outcome
    why: str


Decision = Act | Record | Wait | Finished


@dataclass(frozen=True, slots=True)
class State:
    """What the journal of one deployment adds up to.

    Attributes:
        opened: when it began.
        stage: the stage that is being held; -1 before the first.
        since: when that stage began.
        paused: since when it is paused; None when it is not.
        lost: seconds of this stage that were paused.
        promote: somebody asked not to wait for this stage.
        observed: since when this stage has passed and waits to be confirmed; None while it does not.
        confirmed: somebody asked for the next stage after that.
        taking_back: who goes back to an earlier release by this very deployment, and why; empty for any other.
        back: why it is rolled back; empty while it is not.
        failures: of the act that failed last, in a row.
        failed: that act.
        problem: why it failed, in one line.
        begun: releases whose start was begun, and which were not stopped since: there may be a process of theirs that
            nobody else knows of.
        outcome: how it ended; empty while it has not.
        why: the reason for the outcome.
    """

    opened: float = 0.0
    stage: int = -1
    since: float = 0.0
    paused: float | None = None
    lost: float = 0.0
    promote: bool = False
    observed: float | None = None
    confirmed: bool = False
    taking_back: str = ""
    back: str = ""
    failures: int = 0
    failed: str = ""
    problem: str = ""
    begun: frozenset[str] = frozenset()
    outcome: Outcome | Literal[""] = ""
    why: str = ""

    def after(self, entry: Entry) -> "State":
        """The state with one more entry. Kinds that say nothing about the state change nothing."""
        change = _CHANGES.get(entry.kind)
        return change(self, entry.data, entry.at) if change else self

    def held(self, now: float) -> float:
        """Seconds that the stage was held without a pause; a clock that went back counts as no time."""
        until = self.paused if self.paused is not None else now
        return max(0.0, until - self.since - self.lost)


def why_taken_back(opened: Mapping[str, Any]) -> str:
    """Why a deployment that is a rollback was begun: who did it, and what was said; empty for any other.

    Args:
        opened: what was noted when it began.
    """
    if not opened.get("rollback"):
        return ""
    because = f": {opened['why']}" if opened.get("why") else ""
    return f"{opened.get('actor') or 'somebody'} rolled back{because}"


def _failed(state: State, data: Mapping[str, Any], _at: float) -> State:
    failures = state.failures + 1 if state.failed == data["act"] else 1
    problem = data["why"].partition("\n")[0]
    return replace(state, failures=failures, failed=data["act"], problem=problem)


def _begin_act(state: State, data: Mapping[str, Any], _at: float) -> State:
    verb, _, release = data["act"].partition(" ")
    return replace(state, begun=state.begun | {release}) if verb == "start" else state


def _done(state: State, data: Mapping[str, Any], _at: float) -> State:
    verb, _, release = data["act"].partition(" ")
    left = state.begun - {release} if verb == "stop" else state.begun
    return replace(state, failures=0, failed="", problem="", begun=left)


def _asked(state: State, data: Mapping[str, Any], at: float) -> State:
    what: Asked = data["what"]
    if what == "pause":
        return replace(state, paused=state.paused if state.paused is not None else at)
    if what == "abort":
        because = f": {data['why']}" if data.get("why") else ""
        return replace(state, back=state.back or f"{data['actor']} asked for it{because}", paused=None)
    lost = state.lost + (max(0.0, at - state.paused) if state.paused is not None else 0.0)
    promote = what == "promote"
    confirmed = state.confirmed or (promote and state.observed is not None)
    return replace(state, paused=None, lost=lost, promote=state.promote or promote, confirmed=confirmed)


_CHANGES: Mapping[str, Callable[[State, Mapping[str, Any], float], State]] = {
    "opened": lambda state, data, at: replace(state, opened=at, since=at, taking_back=why_taken_back(data)),
    "stage": lambda state, data, at: replace(
        state, stage=data["stage"], since=at, paused=None, lost=0.0, promote=False, observed=None, confirmed=False
    ),
    "observed": lambda state, _data, at: replace(state, observed=at),
    "resumed": lambda state, _data, at: replace(
        state,
        opened=at,
        since=at,
        paused=None if state.paused is None else at,
        lost=0.0,
        observed=None,
        confirmed=False,
    ),
    "back": lambda state, data, _at: replace(state, back=data["why"], paused=None),
    "asked": _asked,
    "begin": _begin_act,
    "done": _done,
    "failed": _failed,
    "closed": lambda state, data, _at: replace(state, outcome=data["outcome"], why=data["why"]),
}


def replay(entries: Iterable[Entry]) -> State:
    """The state after all entries."""
    state = State()
    for entry in entries:
        state = state.after(entry)
    return state


@dataclass(frozen=True, slots=True)
class Readings:
    """What was measured since the stage began.

    Attributes:
        verdict: the analysis; None before its first reading.
        probes: why the probes want the new release gone; empty when they do not.
        memory: bytes that the new release holds; 0 when not measured.
        unhealthy: seconds for which the new release has failed its health check.
    """

    verdict: Verdict | None = None
    probes: str = ""
    unhealthy: float = 0.0
    memory: int = 0


def decide(plan: Plan, state: State, world: World, readings: Readings, now: float) -> Decision:
    """What to do next. The same arguments give the same decision.

    Args:
        plan: what was intended when the deployment began.
        state: what its journal adds up to.
        world: what the driver sees now.
        readings: what analysis and probes say of the current stage.
        now: seconds since the epoch.
    """
    if state.outcome:
        return Finished(state.outcome, state.why)
    if state.back:
        return _back(plan, state, world)
    reason = _reason_to_go_back(plan, state, world, readings, now)
    if reason:
        return _go_back(*reason)
    return _begin(plan, world) if state.stage < 0 else _go_on(plan, state, world, readings, now)


def _go_back(trigger: Trigger, why: str) -> Record:
    return Record("back", {"trigger": trigger, "why": why})


_Reason = tuple[Trigger, str] | None


def _reason_to_go_back(plan: Plan, state: State, world: World, readings: Readings, now: float) -> _Reason:
    """Why the new release must not serve (any longer); None while nothing speaks against it."""
    condition = world.condition(plan.new)
    if condition == "dead":
        return "crash", f"the process of {plan.new} ended by itself"
    if state.failures >= plan.attempts:
        return "driver", f"`{state.failed}` failed {state.failures} times: {state.problem}"
    if state.stage < 0:
        late = now - state.opened >= plan.start_timeout and condition != "ready"
        return ("start", f"{plan.new} was not ready after {plan.start_timeout:g} s") if late else None
    if condition == "absent":
        return "crash", f"{plan.new} has no process"
    return _measured(plan, readings)


def _measured(plan: Plan, readings: Readings) -> _Reason:
    if readings.unhealthy >= plan.unhealthy_after:
        return "health", f"{plan.new} failed its health check for {readings.unhealthy:.0f} s"
    if 0 < plan.max_memory < readings.memory:
        holds, most = (size / 2**20 for size in (readings.memory, plan.max_memory))
        return "memory", f"{plan.new} holds {holds:.0f} MiB, allowed are {most:.0f}"
    if readings.verdict is not None and readings.verdict.answer == "fail":
        return "analysis", readings.verdict.why
    return ("probe", readings.probes) if readings.probes else None


def _begin(plan: Plan, world: World) -> Decision:
    match world.condition(plan.new):
        case "absent":
            return Act("start", plan.new)
        case "ready":
            return Record("stage", {"stage": 0})
    return Wait(0.2, f"{plan.new} starts")


def _go_on(plan: Plan, state: State, world: World, readings: Readings, now: float) -> Decision:
    if world.split is None:
        return Wait(0.2, "the proxy does not answer")
    wanted = plan.split(state.stage)
    if dict(world.split) != wanted:
        return Act("split", split=wanted)
    return _hold(plan, state, readings, now)


def _hold(plan: Plan, state: State, readings: Readings, now: float) -> Decision:
    if state.paused is not None:
        return Wait(5.0, "paused")
    left = plan.stages[state.stage].hold - state.held(now)
    if left > 0 and not state.promote:
        return Wait(min(left, 1.0), f"{plan.stages[state.stage].weight} % for {left:.0f} s more")
    if not (state.promote or _may_pass(plan, readings)):
        return _inconclusive(plan, state, readings, -left)
    if plan.confirm and not state.confirmed and state.stage + 2 == len(plan.stages):
        return _unconfirmed(plan, state, now)
    if state.stage + 1 < len(plan.stages):
        return Record("stage", {"stage": state.stage + 1})
    return Record("closed", {"outcome": "promoted", "why": _why_promoted(plan, state)})


def _unconfirmed(plan: Plan, state: State, now: float) -> Decision:
    """The last stage before all traffic has passed; whoever asked for it says when the traffic follows."""
    if state.observed is None:
        return Record("observed", {})
    left = plan.patience - max(0.0, now - state.observed)
    if left > 0:
        return Wait(min(left, 1.0), f"observed; waits {left:.0f} s more to be promoted")
    return _go_back("inconclusive", f"nobody promoted it within {plan.patience:g} s after it was observed")


def _why_promoted(plan: Plan, state: State) -> str:
    if state.taking_back:
        return state.taking_back  # nothing is watched for: whoever goes back has seen enough
    if state.promote:
        return "not waited for: somebody asked, or the plan says so"
    return f"nothing spoke against {plan.new} in {sum(stage.hold for stage in plan.stages):g} s"


def _may_pass(plan: Plan, readings: Readings) -> bool:
    """Without an old release, or at blue-green's 100 percent, there is nothing to compare with: the probes decide."""
    compared = plan.old is not None and plan.strategy == "canary"
    return not compared or (readings.verdict is not None and readings.verdict.answer == "pass")


def _inconclusive(plan: Plan, state: State, readings: Readings, over: float) -> Decision:
    """The stage is over and nothing is proven."""
    why = readings.verdict.why if readings.verdict else "nothing was measured"
    if plan.on_inconclusive == "pause":
        return Record("asked", {"what": "pause", "actor": PLAN, "why": why})
    promote = plan.on_inconclusive == "promote" or plan.stages[state.stage].weight == 100  # noqa: PLR2004 - percent
    if promote:
        return Record("asked", {"what": "promote", "actor": PLAN, "why": why})
    if plan.on_inconclusive == "probe" and over < plan.patience:
        return Wait(1.0, f"inconclusive: {why}; probing for {plan.patience - over:.0f} s more")
    return _go_back("inconclusive", f"inconclusive: {why}")


def _back(plan: Plan, state: State, world: World) -> Decision:
    """Give the old release everything, then end the new one. The first is never put off for the second."""
    if plan.old is not None and world.condition(plan.old) in {"absent", "dead"}:
        return _restart(plan.old, plan, state)
    if world.split is None:
        return Wait(0.2, "the proxy does not answer")
    if dict(world.split) != plan.before:
        return Act("split", split=plan.before)
    return _end_new(plan, state, world)


def _restart(old: str, plan: Plan, state: State) -> Decision:
    if state.failed == f"start {old}" and state.failures >= plan.attempts:
        why = f"{state.back}; and {old} cannot be started ({state.problem}), so the traffic stays where it is"
        return Record("closed", {"outcome": "failed", "why": why})
    return Act("start", old)


def _end_new(plan: Plan, state: State, world: World) -> Decision:
    condition = world.condition(plan.new)
    if condition == "absent" and plan.new not in state.begun:
        return Record("closed", {"outcome": "rolled back" if plan.old else "failed", "why": state.back})
    if condition not in {"absent", "dead"} and plan.new not in world.drained:
        return Act("drain", plan.new)
    return Act("stop", plan.new)


def recover(plan: Plan, state: State) -> Record | None:
    """What the successor of a supervisor that died writes first; None when it simply goes on.

    What was measured died with the supervisor, and nobody looked since, so a stage that is resumed begins again.
    """
    if state.outcome or state.back:
        return None
    if plan.on_crash == "resume":
        return Record("resumed", {})
    return _go_back("supervisor", "the supervisor of this deployment died")
