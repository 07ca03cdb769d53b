"""Laws that hold for any events: about order, about what lies outside the window, about windows that are split."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.history.metrics.storybook import PROJECT, read, stories
from xptasks.history.events import HistoryEvent, Intervention, Kind, event
from xptasks.history.metrics.report import FIGURES, Report, report
from xptasks.history.metrics.spans import Span

pytestmark = pytest.mark.pr

HOUR = 3600.0
WINDOW = Span(10 * HOUR, 34 * HOUR)
ACTORS = ["", "human:ann", "agent:coder", "machine:queue"]
STATUSES = ["passed", "failed", "timed out", "cancelled"]


FEW = st.sampled_from("abcd")
SECONDS = st.integers(0, int(40 * HOUR))
STATE = st.sampled_from(["up", "down"])
SIGN = {
    "target": st.sampled_from(["", "p@a"]),
    "process": FEW,
    "every": st.sampled_from([60, 300, 9000, -1]),
    "probes": st.dictionaries(FEW, STATE, max_size=2),
}
RUN = {"run": FEW, "tier": st.just("pr"), "status": st.sampled_from(STATUSES)}
SAYS: dict[Kind, dict[str, st.SearchStrategy[Any]]] = {
    **dict.fromkeys([Kind.QUEUE_STARTED, Kind.QUEUE_ALIVE, Kind.QUEUE_ENDED], SIGN),
    **dict.fromkeys([Kind.WATCH_STARTED, Kind.WATCH_ALIVE, Kind.WATCH_ENDED], SIGN),
    Kind.PROBE: {"target": SIGN["target"], "probe": FEW, "state": STATE},
    Kind.LANDED: {
        "automatic": st.booleans(),
        "reviewed": st.booleans(),
        "commits": st.lists(SECONDS, max_size=2),
        "reverts": st.sampled_from(["", "a"]),
    },
    Kind.REJECTED: {"rule": FEW},
    Kind.RUN_FINISHED: {**RUN, "seconds": st.integers(0, 900)},
    Kind.STEP_FINISHED: {**RUN, "step": FEW, "cached": st.booleans()},
    Kind.FLAKE: {"tier": st.just("pr"), "step": FEW, "runs": st.dictionaries(FEW, RUN["status"], max_size=2)},
    Kind.DEPLOY_STARTED: {"release": FEW, "rollback": st.booleans(), "committed": SECONDS},
    Kind.DEPLOY_CANARY: {"release": FEW, "weight": st.sampled_from([0, 10, 100])},
    Kind.DEPLOY_FULL: {"release": FEW},
    Kind.DEPLOY_FAILED: {"release": FEW},
    Kind.ROLLBACK: {"release": FEW, "detected": SECONDS, "trigger": FEW},
    Kind.INCIDENT_OPENED: {"incident": FEW, "began": SECONDS},
    Kind.INCIDENT_CLOSED: {"incident": FEW},
    Kind.INTERVENTION: {"intervention": st.sampled_from(list(Intervention))},
}


@st.composite
def happenings(draw: st.DrawFn, begin: float = 0.0, end: float = 40 * HOUR) -> HistoryEvent:
    """Any event, of a small world in which everything meets everything; some say less than they should."""
    kind = draw(st.sampled_from(list(Kind)))
    at = draw(st.integers(int(begin // 60), int(end // 60) - 1)) * 60.0
    data = draw(st.fixed_dictionaries({}, optional=SAYS.get(kind, {})))
    name, key = draw(FEW), draw(st.integers(0, 10**6))
    columns = {"change": name, "commit": draw(FEW), "deployment": f"p@a/{name}"}
    return event(kind, at, PROJECT, key, at, actor=draw(st.sampled_from(ACTORS)), **columns, **data)


WORLDS = st.lists(happenings(), max_size=20)


def measured(events: Sequence[HistoryEvent], window: Span = WINDOW) -> dict[str, Any]:
    return asdict(report(events, PROJECT, window))


def valid(found: Report) -> None:
    for figure in found.figures:
        if figure.unit == "ratio" and figure.value is not None:
            assert 0 <= figure.value <= 1
        if None not in {figure.lower, figure.value}:
            assert figure.lower <= figure.value, figure  # type: ignore[operator]
        if None not in {figure.upper, figure.value}:
            assert figure.value <= figure.upper, figure  # type: ignore[operator]
        if figure.unit == "ratio":
            assert figure.numerator <= figure.denominator + 0.001, figure
        assert figure.numerator >= 0
        if not figure.denominator and figure.name != "time_between_interventions":
            assert figure.value is None, figure  # 0/0 is never 0 % or 100 %


@given(WORLDS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(events: list[HistoryEvent], chance: Any) -> None:  # noqa: ANN401
    again = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(again)
    assert measured(again) == measured(events)


@given(WORLDS)
def test_every_number_is_possible(events: list[HistoryEvent]) -> None:
    valid(report(events, PROJECT, WINDOW))


@given(WORLDS, st.lists(happenings(begin=WINDOW.end, end=60 * HOUR), max_size=8))
def test_what_happens_after_the_window_changes_nothing(events: list[HistoryEvent], later: list[HistoryEvent]) -> None:
    inside = [each for each in events if each.at < WINDOW.end]
    assert measured([*inside, *later]) == measured(inside)


@given(WORLDS, WORLDS)
def test_another_project_changes_nothing(events: list[HistoryEvent], others: list[HistoryEvent]) -> None:
    theirs = [replace(each, project="another", id=each.id[::-1]) for each in others]
    assert measured([*events, *theirs]) == measured(events)


LOCAL = ("auto_merge", "rejected", "gate_time", "gate_time_per_change", "flaky_runs", "flaky_steps")
OLDER = (Kind.LANDED, Kind.REJECTED, Kind.RUN_FINISHED, Kind.STEP_FINISHED, Kind.RATCHET)


@given(WORLDS, st.lists(happenings(end=WINDOW.begin), max_size=8))
def test_what_happened_before_the_window_changes_only_what_it_cuts(
    events: list[HistoryEvent], earlier: list[HistoryEvent]
) -> None:
    """Landings, rejections and runs of an earlier time are nobody's in this window."""
    inside = [each for each in events if each.at >= WINDOW.begin and each.kind is not Kind.INTERVENTION]
    earlier = [each for each in earlier if each.kind in OLDER]
    alone, after = measured(inside), measured([*inside, *earlier])
    for before, now in zip(alone["figures"], after["figures"], strict=True):
        if before["name"] in LOCAL:
            assert before == now


SUMS = {
    "auto_merge": ("numerator", "denominator"),
    "rejected": ("numerator", "denominator"),
    "queue_time": ("numerator", "denominator"),
    "gate_time": ("numerator", "denominator"),
    "gate_time_per_change": ("numerator", "denominator"),
    "dora_deployment_frequency": ("numerator",),
    "flaky_runs": ("denominator",),
    "flaky_steps": ("denominator",),
    "commit_to_canary": ("denominator",),
    "dora_change_lead_time": ("denominator",),
}


@given(WORLDS, st.integers(int(WINDOW.begin) + 1, int(WINDOW.end) - 1))
def test_a_window_that_is_split_adds_up(events: list[HistoryEvent], cut: int) -> None:
    whole, early, late = (
        {figure["name"]: figure for figure in measured(events, window)["figures"]}
        for window in (WINDOW, Span(WINDOW.begin, cut), Span(cut, WINDOW.end))
    )
    for name, parts in SUMS.items():
        for part in parts:
            together = early[name][part] + late[name][part]
            assert abs(whole[name][part] - together) < 0.01, (name, part, whole[name], early[name], late[name])


@given(WORLDS, st.integers(int(WINDOW.begin) + 1, int(WINDOW.end) - 1))
def test_observed_time_adds_up_but_for_a_gap_at_the_cut(events: list[HistoryEvent], cut: int) -> None:
    """Whether the loop lived at the cut is told by the next sign of life, which lies in the later part."""
    whole, early, late = (
        measured(events, window)["observed"] for window in (WINDOW, Span(WINDOW.begin, cut), Span(cut, WINDOW.end))
    )
    assert 0 <= whole - early - late <= 900


def test_every_story_is_possible() -> None:
    for path in stories():
        story = read(path)
        valid(report(story.events, PROJECT, story.window))


def test_names_are_for_programs() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)
