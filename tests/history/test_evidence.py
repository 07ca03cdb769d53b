"""What follows from several runs of one commit: tables of stories, and the same through the store."""

import itertools
from typing import Any

import pytest

from xptasks.history import evidence
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.store import Added, Query, Store

ALIKE = {"environment": "e", "tier": "fast", "attempt": 1}


def run(number: int, outcome: str, *failing: str, **changes: object) -> list[HistoryEvent]:
    """A run with one step, `unit`; `failing` are the rules of its findings."""
    name, cached = f"r{number}", changes.pop("cached", False)
    columns: dict[str, Any] = {"actor": "agent:coder", "commit": "c1", "run": name}
    columns |= {each: changes.pop(each) for each in ("actor", "commit") if each in changes}
    said: dict[str, Any] = {**ALIKE, **changes}
    head = event(Kind.RUN_FINISHED, float(number), "projects", name, status=outcome, **columns, **said)
    found = {str(index): rule for index, rule in enumerate(failing)}
    told = {"step": "unit", "status": outcome, "cached": cached, "tier": head.data["tier"], "fingerprints": found}
    return [head, event(Kind.STEP_FINISHED, float(number), "projects", name, "unit", **columns, **told)]


def followed(*runs: list[HistoryEvent]) -> list[HistoryEvent]:
    return evidence.of_commit(each for events in runs for each in events)


RED, GREEN = run(1, "failed", "t.py::a", "t.py::b"), run(2, "passed")


def test_tests_that_failed_and_passed_on_one_commit_are_flaky() -> None:
    found = followed(RED, GREEN)
    assert [(each.kind, each.commit, each.at) for each in found] == [(Kind.FLAKE, "c1", 2.0)] * 2
    assert [each.data for each in found] == [
        {"tier": "fast", "step": "unit", "test": test, "runs": {"r1": "failed", "r2": "passed"}}
        for test in ("t.py::a", "t.py::b")
    ]
    assert [each.id for each in followed(run(1, "passed"), run(2, "failed", "t.py::a", "t.py::b"))] == [
        each.id for each in found
    ]


def test_what_failed_is_named_as_far_as_it_has_a_name() -> None:
    (found,) = followed(run(1, "failed", "F401"), GREEN)
    assert (found.data["step"], found.data["test"]) == ("unit", "")


def test_each_test_is_told_once_a_commit() -> None:
    found = followed(RED, GREEN, run(3, "failed", "t.py::a"), run(4, "passed"), run(5, "failed", "t.py::c"))
    assert [each.data["test"] for each in found] == ["t.py::a", "t.py::b", "t.py::c"]
    assert found[2].data["runs"] == {"r5": "failed", "r4": "passed"}


@pytest.mark.parametrize(
    "other",
    [
        run(2, "passed", environment="another"),
        run(2, "passed", words=["unit", "-k", "b"]),
        run(2, "passed", overrides=["steps.unit.args"]),
        run(2, "passed", profile="demo"),
        run(2, "passed", tier="pr"),
        run(2, "passed", edited="t.py"),
        run(2, "passed", cached=True),
        run(2, "partial"),
        run(2, "timed out"),
        run(2, "error"),
        run(2, "cancelled"),
        run(2, "failed", "t.py::c"),
    ],
    ids=lambda other: str(other[0].data),
)
def test_another_outcome_under_other_circumstances_is_no_evidence(other: list[HistoryEvent]) -> None:
    assert followed(RED, other) == []


def test_nor_is_it_where_nobody_knows_the_circumstances() -> None:
    assert followed(run(1, "failed", "t.py::a", environment=""), run(2, "passed", environment="")) == []


@pytest.mark.parametrize(
    ("before", "actor", "count"),
    [
        ("failed", "human:ann", 1),
        ("error", "human:ann", 1),
        ("timed out", "human:ann", 1),
        ("passed", "human:ann", 0),
        ("partial", "human:ann", 0),
        ("cancelled", "human:ann", 0),
        ("failed", "agent:coder", 0),
        ("failed", "machine:queue", 0),
    ],
)
def test_a_person_who_runs_a_red_tier_again_steps_in(before: str, actor: str, count: int) -> None:
    found = followed(run(1, before, words=["x"]), run(2, "failed", actor=actor))
    assert [(each.kind, each.actor, each.data["intervention"]) for each in found] == [
        (Kind.INTERVENTION, actor, "rerun")
    ] * count


def test_only_what_came_just_before_counts_as_red() -> None:
    mine = run(3, "failed", actor="human:ann")
    assert followed(run(1, "failed"), run(2, "passed", words=["y"]), mine) == []
    assert followed(run(1, "failed"), run(2, "failed", tier="pr", actor="human:ann")) == []


def test_the_store_adds_what_follows_whatever_comes_first(store: Store) -> None:
    runs = [RED, GREEN, run(3, "failed", "t.py::c"), run(4, "passed", commit="c2"), run(5, "passed", commit="")]
    assert store.add(runs[0] + runs[3] + runs[4]) == Added(6, 0, 0)
    assert store.add(runs[1]) == Added(2, 0, 2)
    assert store.add(runs[2]) == Added(2, 0, 1)
    assert store.add([each for events in runs for each in events]) == Added(0, 10, 0)
    assert [each.data["test"] for each in store.find(Query(kinds=(Kind.FLAKE,)))] == ["t.py::a", "t.py::b", "t.py::c"]


def test_the_order_of_arrival_makes_no_difference_to_what_is_flaky() -> None:
    runs = [RED, GREEN, run(3, "failed", "t.py::a"), run(4, "passed")]
    expected = {"t.py::a", "t.py::b"}
    for order in itertools.permutations(range(4)):
        found: dict[str, HistoryEvent] = {}
        for length in range(1, 5):
            known = sorted(order[:length])
            found |= {each.id: each for each in followed(*(runs[index] for index in known))}
        assert {each.data["test"] for each in found.values() if each.kind is Kind.FLAKE} == expected
