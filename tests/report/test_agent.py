import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.report.conftest import (
    CACHED,
    DEFERRED,
    GREEN,
    MISSING,
    RED,
    SILENT,
    events,
    heartbeat,
    output,
    results,
)
from xptasks.report.agent import agent
from xptasks.report.run import Run
from xptasks.results import Event, Finding, Position, Reading, Status, StepResult


def shown(told: list[Event]) -> str:
    written: list[str] = []
    sink, run = agent(written.append), Run()
    for event in told:
        run.add(event)
        sink(event, run)
    return "".join(f"{line}\n" for line in written)


def test_pass() -> None:
    assert shown(events(CACHED, GREEN, status=Status.PASSED, exit_code=0)) == (
        "fast passed in 6.5 s: 2 passed (1 cached)\n"
    )


def test_failure_says_what_where_why_and_what_next() -> None:
    assert shown(events(CACHED, RED)) == (
        "fast failed in 6.5 s: 1 passed (1 cached), 1 failed\n"
        "unit failed: 1 failed, 311 passed in 4.10s\n"
        "tests/test_a.py:12:5: assert 1 == 2 [test_one] where 1 = one() Be one\n"
        "next: nox -s fast -- unit\n"
    )


def test_without_findings_the_end_of_the_output_is_shown() -> None:
    told = events(SILENT, status=Status.ERROR, exit_code=3)
    assert shown([output("layers", "Traceback", "  boom", "", "exit code 70"), *told]) == (
        "fast error in 6.5 s: 1 error\nlayers error: exit code 70\n| Traceback\n| boom\nnext: nox -s fast -- layers\n"
    )


def test_partial_is_no_pass() -> None:
    assert shown(events(MISSING, DEFERRED, status=Status.PARTIAL, exit_code=0)) == (
        "fast partial in 6.5 s: 1 partial, 1 unavailable\n"
        "types unavailable: 'mypy' is not installed\n"
        "'mypy' is not installed uv add\n"
        "unit partial: 12 of 15 run, 3 deferred: 12 passed\n"
    )


def test_every_failing_step_gets_its_share() -> None:
    def failing(name: str, count: int) -> StepResult:
        found = tuple(Finding("x" * 150, position=Position("a.py", n + 1)) for n in range(count))
        return StepResult(name, Reading(Status.FAILED, f"{count} findings", found), rerun=f"nox -s fast -- {name}")

    text = shown(events(failing("lint", 40), failing("types", 1), failing("unit", 40)))
    assert len(text.encode()) <= 2000
    for words in ("lint failed: 40 findings", "types failed: 1 findings", "unit failed: 40 findings", " more\n"):
        assert words in text
    assert text.endswith("next: nox -s fast -- lint\n")


def test_signs_of_life_are_few_and_count() -> None:
    beats = [heartbeat(30.0 * number) for number in range(1, 240)]
    told = events(GREEN, status=Status.PASSED, exit_code=0)
    text = shown([*told[:1], *beats, *told[1:]])
    assert text.startswith("30s 2/3\n60s 2/3\n120s 2/3\n240s 2/3\n")
    assert len(text.encode()) <= 200


HUGE = Reading(
    Status.FAILED, "s" * 10_000, (Finding("🍎" * 5000, "r" * 5000, "error", Position("f" * 5000, 1, 1)),) * 9
)


@settings(deadline=None)
@given(st.lists(results, max_size=6), st.sampled_from(Status), st.integers(0, 300), st.lists(st.text(), max_size=30))
@example([StepResult("n" * 5000, HUGE, rerun="c" * 5000)] * 30, Status.FAILED, 300, [])
@example([StepResult("n" * 5000, Reading(Status.ERROR), rerun="\ud800" * 5000)], Status.ERROR, 0, ["🍎" * 5000] * 20)
def test_bytes_are_counted_whatever_happens(some: list[StepResult], status: Status, beats: int, log: list[str]) -> None:
    exit_code = 0 if status is Status.PASSED else 1
    told = events(*some, status=status, exit_code=exit_code)
    outputs = [output(result.step, *log) for result in some]
    text = shown([*told[:1], *outputs, *(heartbeat(30.0 * n) for n in range(beats)), *told[1:]])
    assert len(text.encode()) <= (200 if status is Status.PASSED else 2000)
    assert f" {status} in " in text


@pytest.mark.parametrize("name", ["n" * 5000, "🍎" * 5000])
def test_a_long_tier_name_does_not_break_the_promise(name: str) -> None:
    assert len(shown(events(GREEN, status=Status.PASSED, exit_code=0, tier=name)).encode()) <= 200
