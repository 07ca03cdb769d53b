"""Gates: how long they take, and which of their failures say nothing about the change. Pure.

A failure is a flake when it was judged one: the same step passed on the same commit, in circumstances alike. All that
the step said no to on that commit is one then. An outcome from the cache is none: it repeats an older one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics.facts import Facts, acting, number, word
from xptasks.history.metrics.spans import Span
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
        names: how often each test, or step, was judged flaky, most first.
    """

    step_runs: int
    flaky_step_runs: int
    runs: int
    flaky_runs: int
    names: Mapping[str, float]


def flakes(facts: Facts) -> Flakes:
    """The flakes of the window."""
    ran = [event for event in facts.inside(Kind.STEP_FINISHED) if _ran(event)]
    runs = {word(event.data, "run"): event for event in facts.inside(Kind.RUN_FINISHED) if _status(event) in _JUDGED}
    judged = list(_judged(facts))
    commits = {(each.commit, each.tier, each.step) for each in judged if each.commit}
    named = {(run, each.step) for each in judged for run in each.runs}
    flaky = [event for event in ran if _status(event) in _BAD and (_place(event) in commits or _run(event) in named)]
    hit = {word(event.data, "run") for event in flaky} | {run for run, _ in named}
    red = {name for name, event in runs.items() if _status(event) in _BAD}
    return Flakes(len(ran), len(flaky), len(runs), len(hit & red), _names(judged, facts.window))


def _place(event: HistoryEvent) -> tuple[str, str, str]:
    return event.commit, word(event.data, "tier"), word(event.data, "step")


def _run(event: HistoryEvent) -> tuple[str, str]:
    return word(event.data, "run"), word(event.data, "step")


def _ran(event: HistoryEvent) -> bool:
    return _status(event) in _JUDGED and event.data.get("cached") is not True


def _status(event: HistoryEvent) -> str:
    return word(event.data, "status")


@dataclass(frozen=True, slots=True)
class _Judged:
    """A flake, as somebody judged it: where it was, and the runs that failed."""

    at: float
    commit: str
    tier: str
    step: str
    test: str
    runs: tuple[str, ...]


def _judged(facts: Facts) -> Iterator[_Judged]:
    for event in facts.of(Kind.FLAKE):
        told = event.data.get("runs")
        runs = told.items() if isinstance(told, Mapping) else ()
        commit, tier, step = _place(event)
        failed = tuple(str(run) for run, status in runs if status in _BAD)
        yield _Judged(event.at, commit, tier, step, word(event.data, "test"), failed)


def _names(judged: Iterable[_Judged], window: Span) -> dict[str, float]:
    """How often each test, or step, was judged flaky in the window, most first."""
    counts = Counter(each.test or each.step or "unknown" for each in judged if window.has(each.at))
    return {name: float(count) for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))}


def seconds_of_gates(facts: Facts) -> list[tuple[str, float]]:
    """Tier and seconds of each run by a machine in the window: what a change waits for."""
    runs = (event for event in facts.inside(Kind.RUN_FINISHED) if acting(event) == "machine")
    timed = ((word(event.data, "tier") or "unknown", number(event.data, "seconds")) for event in runs)
    return [(tier, seconds) for tier, seconds in timed if seconds is not None and seconds >= 0]
