"""Whether a run of the gate is one to land on."""

from dataclasses import asdict
from typing import Any

import pytest

from xptasks.landing import ran
from xptasks.landing.ran import Wanted
from xptasks.results import Finding, Position, Reading, Status, StepResult

COMMIT = "c0ffee" * 6 + "abcd"
STEPS = ("lint", "unit", "size", "test_first")
WANTED = Wanted(COMMIT, "pr", STEPS)


def run(results: dict[str, Reading] | None = None, *, without: str = "", **changes: object) -> dict[str, Any]:
    readings = {name: Reading(Status.PASSED, "fine") for name in STEPS if name != without} | (results or {})
    steps = [asdict(StepResult(name, reading, rerun=f"nox -s pr -- {name}")) for name, reading in readings.items()]
    head = {"schema": 1, "tier": "pr", "commit": COMMIT, "status": "passed", "exit_code": 0}
    return {**head, "steps": steps, **changes}


def said(run: dict[str, Any], wanted: Wanted = WANTED) -> list[tuple[str, str]]:
    return [(reason.rule, reason.outcome) for reason in ran.judge(run, wanted)]


def test_a_whole_green_run() -> None:
    assert said(run()) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"schema": 2}, "run-schema"),
        ({"tier": "fast"}, "run-tier"),
        ({"commit": ""}, "run-commit"),
        ({"commit": COMMIT[:12]}, "run-commit"),
        ({"exit_code": 1, "status": "failed"}, "run-failed"),
        ({"exit_code": 5, "status": "partial"}, "run-failed"),
        ({"exit_code": None}, "run-failed"),
        ({"steps": None}, "run-unreadable"),
        ({"steps": [{}]}, "run-unreadable"),
    ],
)
def test_what_is_no_such_run(changes: dict[str, Any], rule: str) -> None:
    assert (rule, "rejected") in said(run(**changes))


@pytest.mark.parametrize(
    ("dirty", "message", "hint"),
    [
        (["?? a.egg-info/"], "a.egg-info/ not in it", "ignore them in .gitignore: a.egg-info/;"),
        (
            [*(f"?? {name}" for name in "abcde")],
            "a, b, c and 2 more not in it",
            "ignore them in .gitignore: a, b, c and 2 more;",
        ),
        ([" M uv.lock"], "uv.lock changed", "commit what the tools make of uv.lock, or keep them from writing it;"),
        (
            ["?? a", " M b"],
            "a not in it; b changed",
            "ignore them in .gitignore: a; commit what the tools make of b, or keep them from writing it;",
        ),
    ],
)
def test_files_that_are_in_no_commit_are_named(dirty: list[str], message: str, hint: str) -> None:
    (reason,) = ran.judge(run(commit="", dirty=dirty), WANTED)
    assert reason.rule == "run-commit"
    assert reason.message == f"the run looked at more than {COMMIT[:12]}, which is to land: {message}"
    assert reason.hint == f"{hint} `git status` shows them where the tier has just run"


def test_nothing_at_all() -> None:
    assert said({}) == [("run-unreadable", "rejected")]


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.PASSED])
def test_a_step_that_is_not_green(status: Status) -> None:
    assert said(run({"unit": Reading(status)})) == [(f"step-{status.replace(' ', '-')}", "rejected")]


def test_deferred_tests_are_not_green_whatever_the_step_says() -> None:
    assert said(run({"unit": Reading(Status.PASSED, deferred=("tests/a.py::test_b",))}))


def test_a_failure_says_where_and_what_to_do() -> None:
    finding = Finding("too long", "E501", "error", Position("app/a.py", 3), "make it shorter")
    mild = Finding("hm", "W1", "warning")
    (reason,) = ran.judge(run({"lint": Reading(Status.FAILED, "1 error", (mild, finding))}), WANTED)
    assert str(reason) == "app/a.py:3: lint failed: too long [step-failed]\n  make it shorter"
    (reason,) = ran.judge(run({"lint": Reading(Status.FAILED, "1 error")}), WANTED)
    assert reason.hint == "`nox -s pr -- lint` shows it"


def test_a_step_of_the_trunk_that_did_not_run() -> None:
    assert said(run(without="lint")) == [("step-missing", "rejected")]


def test_a_check_that_the_trunk_asks_for() -> None:
    wanted = Wanted(COMMIT, "pr", STEPS, checks=("smoke",))
    assert said(run(), wanted) == [("step-missing", "rejected")]
    assert said(run({"smoke": Reading(Status.SKIPPED)}), wanted) == [("step-skipped", "rejected")]
    assert said(run({"smoke": Reading(Status.PASSED)}), wanted) == []


@pytest.mark.parametrize("name", ["size", "test_first"])
def test_only_without_a_change_there_is_nothing_to_judge(name: str) -> None:
    skipped = run({name: Reading(Status.SKIPPED, "no change to judge")})
    assert said(skipped) == [("step-skipped", "rejected")]
    assert said(skipped, Wanted(COMMIT, "pr", STEPS, empty=True)) == [("step-skipped", "may land")]


def test_ratchets() -> None:
    wanted = Wanted(COMMIT, "pr", STEPS, ratchets=True)
    assert said(run(), wanted) == [("step-missing", "rejected")]
    assert said(run({"ratchets": Reading(Status.PASSED)}), wanted) == []
    assert said(run({"ratchets": Reading(Status.SKIPPED)}), wanted) == [("step-skipped", "may land")]
    assert said(run({"ratchets": Reading(Status.FAILED)}), wanted) == [("step-failed", "rejected")]


def test_a_waiver_that_was_used_is_told() -> None:
    waived = Reading(Status.PASSED, "", (Finding("let pass, because", "size-waived", "warning"),))
    assert said(run({"size": waived})) == [("size-waived", "may land")]
