"""What runs of one commit say together: tests that are flaky, and red runs that a person ran again. Pure.

Only runs of the same commit are compared, with nothing in the working tree besides, in environments alike and asked
for the same: where anything differs, another outcome is no evidence.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from xptasks.history import runs
from xptasks.history.events import Actor, HistoryEvent, Kind, event

KINDS = (Kind.RUN_FINISHED, Kind.STEP_FINISHED)
"""The events that are evidence."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one run said of a step."""

    run: HistoryEvent
    step: HistoryEvent

    @property
    def status(self) -> str:
        return str(self.step.data["status"])

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that failed; one empty name where it was not a test."""
        found = self.step.data.get("fingerprints", {}).values()
        return tuple(sorted({name for name in found if runs.is_test(name)})) or ("",)


def of_commit(events: Iterable[HistoryEvent]) -> list[HistoryEvent]:
    """What follows from the runs of one commit of a project. More events never take back what followed from fewer.

    Args:
        events: all `KINDS` of the commit, in their order.
    """
    of_tier: dict[str, list[HistoryEvent]] = defaultdict(list)
    steps: dict[str, list[HistoryEvent]] = defaultdict(list)
    for each in events:
        if each.kind is Kind.RUN_FINISHED:
            of_tier[each.data["tier"]].append(each)
        else:
            steps[each.data["run"]].append(each)
    return [found for each in of_tier.values() for found in (*_reruns(each), *_flakes(each, steps))]


def _reruns(of_tier: Sequence[HistoryEvent]) -> Iterator[HistoryEvent]:
    for before, run in pairwise(of_tier):
        if runs.is_red(before.data["status"]) and Actor.parse(run.actor).kind == "human":
            yield runs.rerun(run, before)


def _flakes(of_tier: Sequence[HistoryEvent], steps: Mapping[str, Sequence[HistoryEvent]]) -> Iterator[HistoryEvent]:
    alike: dict[str, list[_Outcome]] = defaultdict(list)
    for run in of_tier:
        asked = repr([run.data.get(name) for name in ("environment", "words", "profile", "overrides")])
        comparable = run.data.get("environment") and not run.data.get("edited")
        for step in steps[run.data["run"]] if comparable else ():
            if not step.data["cached"] and step.data["status"] in {"passed", "failed"}:
                alike[f"{step.data['step']} {asked}"].append(_Outcome(run, step))
    for outcomes in alike.values():
        yield from _contradictions(outcomes)


def _contradictions(outcomes: Sequence[_Outcome]) -> Iterator[HistoryEvent]:
    """Each test once: the first failure beside the nearest run in which everything passed."""
    passed = [outcome for outcome in outcomes if outcome.status == "passed"]
    seen: set[str] = set()
    for failure in outcomes if passed else ():
        if failure.status == "failed":
            other = min(passed, key=lambda each: (abs(each.run.at - failure.run.at), each.run.id))
            yield from (_flake(test, failure, other) for test in failure.tests if test not in seen)
            seen.update(failure.tests)


def _flake(test: str, failure: _Outcome, other: _Outcome) -> HistoryEvent:
    step = failure.step
    told = {name: step.data[name] for name in ("tier", "step")}
    both = {each.run.data["run"]: each.status for each in (failure, other)}
    at, key = max(failure.run.at, other.run.at), (step.commit, told["tier"], told["step"], test)
    return event(Kind.FLAKE, at, step.project, *key, commit=step.commit, test=test, runs=both, **told)
