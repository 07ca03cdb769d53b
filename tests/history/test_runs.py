"""What a run says to the history."""

from dataclasses import asdict, replace

import pytest

from tests.report.conftest import CACHED, GREEN, RED, events, run_of
from xptasks.history import runs
from xptasks.history.events import HistoryEvent, Kind
from xptasks.report.result_json import LastRun, last_run
from xptasks.results import Circumstances, Finding, Measurement, Position, Reading, Status, StepResult

UNDER = Circumstances("small", 1000.0, "human:ann", environment="e")


def told(run: LastRun) -> list[HistoryEvent]:
    return runs.events(asdict(run))


def finished(*results: StepResult, **changes: object) -> LastRun:
    under = Circumstances(**{**asdict(UNDER), **changes})
    return replace(last_run(run_of(events(*results, commit="c1"))), circumstances=under)


def only(kind: Kind, found: list[HistoryEvent]) -> list[HistoryEvent]:
    return [each for each in found if each.kind is kind]


def test_a_run_and_each_of_its_steps_is_an_event() -> None:
    found = told(finished(CACHED, RED))
    run, lint, unit = found
    assert {(each.at, each.project, each.commit, each.actor) for each in found} == {
        (1006.5, "small", "c1", "human:ann")
    }
    assert run.data == {
        "run": "r1",
        "tier": "fast",
        "status": "failed",
        "exit_code": 1,
        "seconds": 6.5,
        "attempt": 1,
        "environment": "e",
    }
    assert lint.data == {
        "run": "r1",
        "tier": "fast",
        "step": "lint",
        "status": "passed",
        "seconds": 0.31,
        "cached": True,
    }
    assert list(unit.data["fingerprints"].values()) == ["test_one"]
    assert [each.kind for each in found] == [Kind.RUN_FINISHED, Kind.STEP_FINISHED, Kind.STEP_FINISHED]


def test_a_run_of_the_queue_names_the_changes_that_it_was_about() -> None:
    run, *steps = told(finished(GREEN, changes=("fix-prices", "drop-owner")))
    assert run.data["changes"] == ["fix-prices", "drop-owner"]
    assert run.change == ""  # it is nobody's alone
    assert all("changes" not in step.data for step in steps)


def test_whoever_tells_it_comes_to_the_same_ids() -> None:
    assert [each.id for each in told(finished(GREEN, RED))] == [each.id for each in told(finished(GREEN, RED))]
    assert len({each.id for each in told(finished(GREEN, RED, CACHED))}) == 4


def test_measurements_by_name_without_what_is_no_number() -> None:
    measured = (Measurement("coverage", 86.5, "percent"), Measurement("odd", float("nan")))
    step = StepResult("coverage", Reading(Status.PASSED, measurements=measured))
    assert told(finished(step))[1].data["measurements"] == {"coverage": 86.5}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("F401", "a.py", "`os` is unused"), ("F401", "a.py", "`os` is unused"), True),
        (("F401", "a.py", "`os` is unused"), ("F401", "b.py", "`os` is unused"), False),
        (("F401", "a.py", "`os` is unused"), ("F811", "a.py", "`os` is unused"), False),
        (("F401", "a.py", "`os` is unused"), ("F401", "a.py", "`re` is unused"), False),
        (("E501", "a.py", "line too long (121 > 120)"), ("E501", "a.py", "line too long (140 > 120)"), True),
        (("", "", "ratchet is 74.2"), ("", "", "ratchet is 73"), True),
        (("", "", "<object at 0x7f00ab>"), ("", "", "<object at 0x7f11cd>"), True),
        (("t.py::test_a", "t.py", "assert 1"), ("t.py::test_a", "t.py", "TimeoutError"), True),
        (("t.py::test_a[1]", "t.py", ""), ("t.py::test_a[2]", "t.py", ""), False),
        (("a", "b\0c", ""), ("a\0b", "c", ""), True),  # no rule of ours has a NUL in its name
        (("a", "\udc80", ""), ("a", "\udc81", ""), False),
    ],
)
def test_what_makes_a_finding_the_same(one: tuple[str, ...], other: tuple[str, ...], same: bool) -> None:  # noqa: FBT001
    assert (runs.fingerprint(*one) == runs.fingerprint(*other)) is same


def test_only_errors_are_told_and_not_thousands_of_them() -> None:
    many = tuple(Finding(f"word {'x' * number}", "R1", position=Position("a.py", number)) for number in range(5000))
    warned = Finding("no reason to fail", "W1", "warning")
    step = StepResult("lint", Reading(Status.FAILED, findings=(warned, *many)))
    assert len(told(finished(step))[1].data["fingerprints"]) == 100


def test_a_person_who_overrides_steps_in() -> None:
    (found,) = only(Kind.INTERVENTION, told(finished(GREEN, overrides=("profile", "tiers.fast.budget"))))
    assert (found.actor, found.data["intervention"]) == ("human:ann", "override")
    assert found.data["why"] == "fast ran with profile, tiers.fast.budget overridden"


@pytest.mark.parametrize("actor", ["agent:coder", "machine:ci"])
def test_a_machine_that_overrides_does_not(actor: str) -> None:
    assert only(Kind.INTERVENTION, told(finished(GREEN, overrides=("profile",), actor=actor))) == []


@pytest.mark.parametrize(
    ("attempt", "again", "count"), [(2, "human:ann", 1), (1, "human:ann", 0), (3, "machine:renovate[bot]", 0)]
)
def test_another_attempt_in_ci_that_a_person_asked_for(attempt: int, again: str, count: int) -> None:
    run = finished(GREEN, actor="machine:ci", attempt=attempt, again=again)
    found = only(Kind.INTERVENTION, told(run))
    assert [(each.actor, each.data["intervention"]) for each in found] == [(again, "rerun")] * count


@pytest.mark.parametrize(
    "run",
    [
        replace(finished(GREEN), run_id=""),
        replace(finished(GREEN), circumstances=Circumstances()),
        replace(finished(GREEN), circumstances=Circumstances("small")),
    ],
)
def test_what_says_too_little_is_refused(run: LastRun) -> None:
    with pytest.raises(ValueError, match=r"nothing happened|older version"):
        told(run)


def test_a_text_that_is_no_text_has_a_fingerprint() -> None:
    assert runs.fingerprint("E501", "\ud800.py", "\udcff") != runs.fingerprint("E501", "a.py", "")
