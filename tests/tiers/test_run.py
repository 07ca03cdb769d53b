import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.supervisor import FakeSupervisor, log_of
from xptasks.errors import ExitCode
from xptasks.results import Circumstances, Command, Event, Finding, Outcome, Reading, Status, StepResult
from xptasks.system.processes import Ended, Exit
from xptasks.tiers.run import Finished, Planned, Terms, exit_code, overall, run

PASSED, PARTIAL, FAILED, ERROR = Status.PASSED, Status.PARTIAL, Status.FAILED, Status.ERROR
TIMED_OUT, UNAVAILABLE = Status.TIMED_OUT, Status.UNAVAILABLE
SKIPPED, CANCELLED = Status.SKIPPED, Status.CANCELLED


def green(outcome: Outcome) -> Reading:
    return Reading(PASSED if outcome.exit_code == 0 else FAILED, outcome.stdout)


def step(
    project: Path,
    name: str,
    command: Command | None = None,
    read: Callable[[Outcome], Reading] = green,
    cached: StepResult | None = None,
) -> Planned:
    return Planned(
        name, command or Command(("tool",)), read, {}, log_of(project, name), f"nox -s fast -- {name}", cached
    )


def play(
    supervisor: FakeSupervisor, *planned: Planned, project: Path, jobs: int = 8, budget: float | None = None
) -> tuple[Finished, list[Event]]:
    events: list[Event] = []
    finished = run(
        planned,
        Terms(project, jobs, budget, tier="fast", run_id="r1"),
        supervisor,
        events.append,
        clock=supervisor.clock,
    )
    for event in events:
        json.dumps(event.data)
    return finished, events


def told(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


def test_results_come_in_the_order_of_the_plan(tmp_path: Path) -> None:
    fake = FakeSupervisor(takes={"a": 3, "b": 1, "c": 2})
    finished, events = play(fake, *(step(tmp_path, name) for name in "abc"), project=tmp_path)
    assert [result.step for result in finished.results] == ["a", "b", "c"]
    assert [event.step for event in told(events, "step-finished")] == ["b", "c", "a"]
    assert [result.seconds for result in finished.results] == [3, 1, 2]
    assert finished.status is PASSED


def test_steps_start_in_order_and_no_more_than_the_jobs(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(7)]
    fake = FakeSupervisor(takes=dict.fromkeys(names, 1.0))
    play(fake, *(step(tmp_path, name) for name in names), project=tmp_path, jobs=3)
    assert [spec.key for spec in fake.started] == names
    assert fake.busiest == 3


def test_the_stream_of_a_run(tmp_path: Path) -> None:
    fake = FakeSupervisor(takes={"a": 2}, prints={"a": ("one", "two")})
    finished, events = play(fake, step(tmp_path, "a"), project=tmp_path, budget=60)
    assert [(event.kind, event.at, event.step) for event in events] == [
        ("run-started", 0, ""),
        ("step-started", 0, "a"),
        ("step-output", 0, "a"),
        ("step-finished", 2, "a"),
        ("run-finished", 2, ""),
    ]
    assert [dict(event.data) for event in events if event.kind != "step-finished"] == [
        {
            "tier": "fast",
            "run_id": "r1",
            "commit": "",
            "dirty": [],
            "steps": ["a"],
            "jobs": 8,
            "budget": 60,
            "circumstances": asdict(Circumstances()),
        },
        {"argv": ["tool"], "log": ".xp/logs/a.log"},
        {"stream": "stdout", "lines": ["one", "two"]},
        {"status": "passed", "exit_code": 0, "seconds": 2, "signal": None},
    ]
    result = told(events, "step-finished")[0].data["result"]
    assert (result["step"], result["reading"]["status"], result["log"]) == ("a", "passed", ".xp/logs/a.log")
    assert result["rerun"] == finished.results[0].rerun == "nox -s fast -- a"


def test_a_cached_step_does_not_run(tmp_path: Path) -> None:
    earlier = StepResult("a", Reading(PASSED, "12 passed"), seconds=4, cached=True)
    fake = FakeSupervisor()
    finished, events = play(fake, step(tmp_path, "a", cached=earlier), project=tmp_path)
    assert finished.results == (earlier,)
    assert (fake.entered, fake.started) == (0, [])
    assert [event.kind for event in events] == ["run-started", "step-finished", "run-finished"]


def test_signs_of_life(tmp_path: Path) -> None:
    fake = FakeSupervisor(takes={"a": 70, "b": 10})
    _, events = play(fake, step(tmp_path, "a"), step(tmp_path, "b"), project=tmp_path)
    beats = [(event.at, dict(event.data)) for event in told(events, "heartbeat")]
    assert beats == [
        (30, {"running": {"a": 30.0}, "done": 1, "total": 2}),
        (60, {"running": {"a": 60.0}, "done": 1, "total": 2}),
    ]


def test_the_end_of_the_budget(tmp_path: Path) -> None:
    fake = FakeSupervisor(takes={"a": 2, "b": 50})
    finished, _ = play(fake, *(step(tmp_path, name) for name in "abc"), project=tmp_path, jobs=1, budget=10)
    assert [(result.step, result.status, result.seconds) for result in finished.results] == [
        ("a", PASSED, 2),
        ("b", TIMED_OUT, 8),
        ("c", CANCELLED, 0),
    ]
    assert finished.results[1].reading.summary == "stopped after 8.0 s: the tier's budget of 10 s is used up"
    assert finished.results[2].reading.summary == "not started: the tier's budget of 10 s is used up"
    assert exit_code(finished) == ExitCode.OVER_BUDGET


@pytest.mark.parametrize(
    ("signum", "summary", "code"), [(2, "interrupted after 3.0 s", 130), (15, "terminated after 3.0 s", 143)]
)
def test_a_signal_keeps_what_is_done(tmp_path: Path, signum: int, summary: str, code: int) -> None:
    fake = FakeSupervisor(takes={"a": 1, "b": 4, "c": 4}, signals={104.0: signum})
    finished, events = play(fake, *(step(tmp_path, name) for name in "abc"), project=tmp_path, jobs=1)
    assert [result.status for result in finished.results] == [PASSED, CANCELLED, CANCELLED]
    assert finished.results[1].reading.summary == summary
    assert finished.results[2].reading.summary == "not started: the run was interrupted"
    assert (exit_code(finished), events[-1].data["exit_code"], events[-1].data["signal"]) == (code, code, signum)


def concluded(project: Path, end: Exit, command: Command, seconds: float = 0.0) -> Reading:
    fake = FakeSupervisor(takes={"a": seconds}, ends={"a": end})
    finished, _ = play(fake, step(project, "a", command), project=project, budget=600)
    return finished.results[0].reading


def test_the_time_limit(tmp_path: Path) -> None:
    end = Exit("a", Ended.TIMED_OUT, code=-15, tail=("collecting", "test_one"))
    reading = concluded(tmp_path, end, Command(("tool",), timeout=90), seconds=90.2)
    why = "stopped after 90.2 s: its time limit is 90 s"
    hint = "its last output was:\n  collecting\n  test_one"
    assert reading == Reading(TIMED_OUT, why, (Finding(why, rule="timed-out", hint=hint),))


def test_the_idle_limit(tmp_path: Path) -> None:
    end = Exit("a", Ended.IDLE, code=-15)
    reading = concluded(tmp_path, end, Command(("tool",), timeout=90, idle_timeout=20), seconds=31.0)
    why = "stopped after 31.0 s: silent for 20 s, its idle limit"
    assert reading == Reading(TIMED_OUT, why, (Finding(why, rule="timed-out", hint="it printed nothing"),))


@pytest.mark.parametrize(
    ("distributions", "hint"),
    [
        (("ruff", "mypy"), "install ruff mypy where the tier finds it: in its requirements, or on PATH"),
        ((), "install tool where the tier finds it: in its requirements, or on PATH"),
    ],
)
def test_a_missing_program(tmp_path: Path, distributions: tuple[str, ...], hint: str) -> None:
    end = Exit("a", Ended.NOT_STARTED, error="No such file or directory: 'tool'", missing=True)
    reading = concluded(tmp_path, end, Command(("tool",), distributions=distributions))
    assert reading.status is UNAVAILABLE
    assert reading.findings == (Finding("the program 'tool' is not installed", rule="missing-program", hint=hint),)


def test_a_program_that_cannot_start(tmp_path: Path) -> None:
    reading = concluded(tmp_path, Exit("a", Ended.NOT_STARTED, error="Permission denied: 'tool'"), Command(("tool",)))
    assert (reading.status, reading.summary) == (ERROR, "a cannot start: Permission denied: 'tool'")


def test_processes_left_behind_are_told_but_do_not_turn_a_step_red(tmp_path: Path) -> None:
    end = Exit("a", Ended.EXITED, code=0, killed=2, left=(7, 8), error="the log is cut short: disk full")
    reading = concluded(tmp_path, end, Command(("tool",)))
    assert reading.status is PASSED
    assert [(finding.severity, finding.message) for finding in reading.findings] == [
        ("warning", "left 2 running processes behind; they were ended"),
        ("warning", "left processes behind that cannot be ended: 7, 8"),
        ("warning", "the log is cut short: disk full"),
    ]


def test_an_output_that_cannot_be_read_is_an_error_with_its_traceback_in_the_log(tmp_path: Path) -> None:
    def broken(_: Outcome) -> Reading:
        raise KeyError("findings")

    finished, _ = play(FakeSupervisor(), step(tmp_path, "a", read=broken), step(tmp_path, "b"), project=tmp_path)
    assert [result.status for result in finished.results] == [ERROR, PASSED]
    (finding,) = finished.results[0].reading.findings
    assert finding.message == "the output of a cannot be read: KeyError: 'findings'"
    assert finding.hint == "the traceback is at the end of .xp/logs/a.log"
    assert "in broken\n" in log_of(tmp_path, "a").read_text()


def test_old_artifacts_are_removed_before_a_step_starts(tmp_path: Path) -> None:
    (tmp_path / "report.json").touch()
    (tmp_path / "html" / "deep").mkdir(parents=True)
    artifacts = (Path("report.json"), Path("html"), Path("never-made"))
    play(FakeSupervisor(), step(tmp_path, "a", Command(("tool",), artifacts=artifacts)), project=tmp_path)
    assert not (tmp_path / "report.json").exists()
    assert not (tmp_path / "html").exists()


def test_an_artifact_that_cannot_be_removed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocked = step(tmp_path, "a", Command(("tool",), artifacts=(Path("file/report.json"),)))
    fake = FakeSupervisor()
    finished, _ = play(fake, blocked, step(tmp_path, "b"), project=tmp_path)
    assert [result.status for result in finished.results] == [ERROR, PASSED]
    assert [spec.key for spec in fake.started] == ["b"]


@pytest.mark.parametrize(
    ("statuses", "status", "strict", "lenient"),
    [
        ([PASSED], PASSED, 0, 0),
        ([PASSED, FAILED], FAILED, 1, 1),
        ([FAILED, ERROR, TIMED_OUT, CANCELLED, UNAVAILABLE], FAILED, 1, 1),
        ([PASSED, ERROR], ERROR, 3, 3),
        ([ERROR, TIMED_OUT, CANCELLED], ERROR, 3, 3),
        ([PASSED, TIMED_OUT], TIMED_OUT, 5, 5),
        ([TIMED_OUT, CANCELLED, PARTIAL], TIMED_OUT, 5, 5),
        ([PASSED, CANCELLED], CANCELLED, 5, 5),
        ([PASSED, PARTIAL], PARTIAL, 5, 0),
        ([PASSED, UNAVAILABLE], PARTIAL, 3, 0),
        ([PASSED, UNAVAILABLE, PARTIAL], PARTIAL, 3, 0),
        ([PASSED, SKIPPED], PARTIAL, 0, 0),
        ([UNAVAILABLE], UNAVAILABLE, 3, 3),
        ([UNAVAILABLE, SKIPPED], UNAVAILABLE, 3, 3),
        ([SKIPPED], SKIPPED, 3, 3),
        ([], SKIPPED, 3, 3),
    ],
)
def test_exit_codes(statuses: list[Status], status: Status, strict: int, lenient: int) -> None:
    finished = Finished(tuple(StepResult(str(number), Reading(one)) for number, one in enumerate(statuses)))
    assert finished.status is status
    assert (exit_code(finished), exit_code(finished, partial_allowed=True)) == (strict, lenient)


@given(st.lists(st.sampled_from(Status)))
def test_only_green_steps_make_a_green_run(statuses: list[Status]) -> None:
    assert (overall(statuses) is PASSED) == (set(statuses) == {PASSED})


@given(st.lists(st.sampled_from(Status)), st.booleans())
def test_what_has_no_verdict_never_exits_with_zero(statuses: list[Status], allowed: bool) -> None:  # noqa: FBT001 - Hypothesis
    finished = Finished(tuple(StepResult(str(number), Reading(one)) for number, one in enumerate(statuses)))
    if set(statuses) & {FAILED, ERROR, TIMED_OUT, CANCELLED} or not set(statuses) & {PASSED, PARTIAL}:
        assert exit_code(finished, partial_allowed=allowed) != 0
