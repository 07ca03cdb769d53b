"""Runs as their events tell them."""

from collections.abc import Iterable
from dataclasses import asdict

from hypothesis import strategies as st

from xptasks.report.run import Run
from xptasks.results import Event, Finding, Position, Reading, Severity, Status, StepResult

GREEN = StepResult("types", Reading(Status.PASSED, "no issues in 40 files"), 2.04, 2.0, rerun="nox -s fast -- types")
CACHED = StepResult("lint", Reading(Status.PASSED, "no findings"), 0.31, 0.3, cached=True, rerun="nox -s fast -- lint")
RED = StepResult(
    "unit",
    Reading(
        Status.FAILED,
        "1 failed, 311 passed in 4.10s",
        (
            Finding("left a process behind", "left-processes", "warning"),
            Finding(
                "assert 1 == 2\nwhere 1 = one()", "test_one", position=Position("tests/test_a.py", 12, 5), hint="Be one"
            ),
        ),
    ),
    4.2,
    3.9,
    log=".xp/run/1/unit.log",
    rerun="nox -s fast -- unit",
)
SILENT = StepResult("layers", Reading(Status.ERROR, "exit code 70"), 0.2, rerun="nox -s fast -- layers")
DEFERRED = StepResult(
    "unit", Reading(Status.PARTIAL, "12 of 15 run, 3 deferred: 12 passed", deferred=("a", "b", "c")), 55.0
)
LATE = StepResult("unit", Reading(Status.TIMED_OUT, "stopped after 60.0 s"), 60.0, log=".xp/run/1/unit.log")
MISSING = StepResult(
    "types",
    Reading(Status.UNAVAILABLE, "'mypy' is not installed", (Finding("'mypy' is not installed", hint="uv add"),)),
)
STOPPED = StepResult("lint", Reading(Status.CANCELLED, "not started: the run was interrupted"))


def events(
    *results: StepResult, status: Status = Status.FAILED, exit_code: int = 1, seconds: float = 6.5, **started: object
) -> list[Event]:
    """The events of a run that ended with these results."""
    head = {"tier": "fast", "run_id": "r1", "budget": 60.0, "steps": [result.step for result in results]}
    told = [Event("run-started", 0.0, data=head | started)]
    for result in results:
        told += [Event("step-started", 0.0, result.step, {"argv": ["x"], "log": result.log})]
        told += [Event("step-finished", 1.0, result.step, {"result": asdict(result)})]
    ended = {"status": str(status), "exit_code": exit_code, "seconds": seconds, "signal": None}
    return [*told, Event("run-finished", seconds, data=ended)]


def output(step: str, *lines: str) -> Event:
    return Event("step-output", 0.5, step, {"stream": "stdout", "lines": list(lines)})


def heartbeat(at: float) -> Event:
    return Event("heartbeat", at, data={"running": {"unit": at}, "done": 2, "total": 3})


def run_of(told: Iterable[Event]) -> Run:
    run = Run()
    for event in told:
        run.add(event)
    return run


# Everything that a tool can print and a file can be called, half characters and control characters too.
anything = st.text(st.characters(), max_size=400)
severities: st.SearchStrategy[Severity] = st.sampled_from(["error", "warning", "info"])
positions = st.none() | st.builds(
    Position, anything, st.none() | st.integers(1, 10**9), st.none() | st.integers(1, 10**9)
)
findings = st.builds(Finding, anything, anything, severities, positions, anything)
readings = st.builds(
    Reading, st.sampled_from(Status), anything, st.lists(findings, max_size=4).map(tuple), deferred=st.just(())
)
results = st.builds(
    StepResult, anything, readings, st.floats(0, 1e5), cached=st.booleans(), log=anything, rerun=anything
)
