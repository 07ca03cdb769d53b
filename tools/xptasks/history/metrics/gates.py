"""Gates: how long they take, and which of their failures say nothing about the change. Pure.

A failure is a flake when the same step passed on the same commit, or when somebody judged it one. An outcome from the
cache is none: it repeats an older one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics.facts import Facts, acting, number, word
from xptasks.results import Status

_GOOD = {Status.PASSED, Status.PARTIAL}
_BAD = {Status.FAILED, Status.ERROR, Status.TIMED_OUT}
_JUDGED = _GOOD | _BAD


@dataclass(frozen=True, slots=True)
class Flakes:
    """How much of what was run failed for nothing.

    Attributes:
        step_runs: runs of steps that said yes or no.
        flaky_step_runs: how many of those that said no are flakes.
        runs: runs that said yes or no.
        flaky_runs: how many of those that said no have a flake among their steps.
        names: flakes of each step or test, most first.
    """

    step_runs: int
    flaky_step_runs: int
    runs: int
    flaky_runs: int
    names: Mapping[str, float]


def flakes(facts: Facts) -> Flakes:
    """The flakes of the window; evidence from outside it is not looked at."""
    ran = [event for event in facts.inside(Kind.STEP_FINISHED) if _ran(event)]
    runs = {word(event.data, "run"): event for event in facts.inside(Kind.RUN_FINISHED) if _status(event) in _JUDGED}
    found = {(word(event.data, "run"), word(event.data, "step")) for event in _contradicted(ran)}
    judged = set(_judged(facts))
    bad = {name for name, event in runs.items() if _status(event) in _BAD}
    failed = {(word(event.data, "run"), word(event.data, "step")) for event in ran if _status(event) in _BAD}
    flaky = found | {(run, step) for run, step, _ in judged if (run, step) in failed}
    hit = {run for run, _ in flaky} | {run for run, _, _ in judged}
    return Flakes(len(ran), len(flaky), len(runs), len(hit & bad), _names(flaky, judged))


def _ran(event: HistoryEvent) -> bool:
    return _status(event) in _JUDGED and event.data.get("cached") is not True


def _status(event: HistoryEvent) -> str:
    return word(event.data, "status")


def _contradicted(ran: Iterable[HistoryEvent]) -> list[HistoryEvent]:
    """The failures of a step that passed on the same commit."""
    same: dict[tuple[str, str, str], list[HistoryEvent]] = defaultdict(list)
    for event in ran:
        if event.commit:
            same[event.commit, word(event.data, "tier"), word(event.data, "step")].append(event)
    mixed = (events for events in same.values() if any(_status(event) in _GOOD for event in events))
    return [event for events in mixed for event in events if _status(event) in _BAD]


def _judged(facts: Facts) -> Iterable[tuple[str, str, str]]:
    """Run, step and test of each failure that was judged a flake."""
    for event in facts.inside(Kind.FLAKE):
        runs = event.data.get("runs")
        for run, status in runs.items() if isinstance(runs, Mapping) else ():
            if status in _BAD:
                yield str(run), word(event.data, "step"), word(event.data, "test")


def _names(flaky: Iterable[tuple[str, str]], judged: Iterable[tuple[str, str, str]]) -> dict[str, float]:
    """A judged test stands for itself, a step for all that is not judged."""
    tested = [(run, step, test) for run, step, test in judged if test]
    covered = {(run, step) for run, step, _ in tested}
    counts: dict[str, float] = defaultdict(float)
    for name in [test for _, _, test in tested] + [step for run, step in flaky if (run, step) not in covered]:
        counts[name] += 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def seconds_of_gates(facts: Facts) -> list[tuple[str, float]]:
    """Tier and seconds of each run by a machine in the window: what a change waits for."""
    runs = (event for event in facts.inside(Kind.RUN_FINISHED) if acting(event) == "machine")
    timed = ((word(event.data, "tier") or "unknown", number(event.data, "seconds")) for event in runs)
    return [(tier, seconds) for tier, seconds in timed if seconds is not None and seconds >= 0]
