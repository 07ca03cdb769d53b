from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.conftest import (
    CACHED,
    DEFERRED,
    GREEN,
    LATE,
    MISSING,
    RED,
    SILENT,
    STOPPED,
    events,
    heartbeat,
    output,
    results,
    run_of,
)
from xptasks.markup import clean
from xptasks.report.live import live
from xptasks.report.run import Run, step_result, tally
from xptasks.report.terminal import lines, plain
from xptasks.report.text import clip, duration
from xptasks.results import Event, Finding, Reading, Status, StepResult


def shown(told: list[Event]) -> str:
    written: list[str] = []
    sink, run = plain(written.append), Run()
    for event in told:
        run.add(event)
        sink(event, run)
    return "\n".join(written)


def test_green_run() -> None:
    assert (
        shown(events(CACHED, GREEN, status=Status.PASSED, exit_code=0))
        == """\
fast: 2 steps, budget 1 min 0 s
cached      lint               0.3 s  no findings
passed      types              2.0 s  no issues in 40 files
fast: passed in 6.5 s: 2 passed (1 cached)"""
    )


def test_red_run_shows_findings_with_their_place_errors_first() -> None:
    told = events(CACHED, RED)
    assert (
        shown([*told[:1], output("unit", "noise"), *told[1:]])
        == """\
fast: 2 steps, budget 1 min 0 s
cached      lint               0.3 s  no findings
FAILED      unit               4.2 s  1 failed, 311 passed in 4.10s
  tests/test_a.py:12:5: assert 1 == 2 [test_one]
    where 1 = one()
    Be one
  warning: left a process behind [left-processes]
  log: .xp/run/1/unit.log
  again: nox -s fast -- unit
fast: FAILED (exit code 1) in 6.5 s: 1 passed (1 cached), 1 failed"""
    )


def test_without_findings_the_end_of_the_output_is_shown() -> None:
    told = events(SILENT, status=Status.ERROR, exit_code=3)
    noise = [output("layers", *(f"line {number}" for number in range(start, start + 15))) for start in (0, 15)]
    text = shown([*told[:1], *noise, output("other", "unrelated"), *told[1:]])
    assert "ERROR       layers             0.2 s  exit code 70\n  | line 10\n  | line 11\n" in text
    assert "  | line 29\n  again: nox -s fast -- layers\nfast: ERROR (exit code 3)" in text
    assert "unrelated" not in text


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (DEFERRED, "PARTIAL     unit              55.0 s  12 of 15 run, 3 deferred: 12 passed"),
        (LATE, "TIMED OUT   unit           1 min 0 s  stopped after 60.0 s"),
        (MISSING, "UNAVAILABLE types              0.0 s  'mypy' is not installed"),
        (STOPPED, "CANCELLED   lint               0.0 s  not started: the run was interrupted"),
        (StepResult("unit", Reading(Status.SKIPPED)), "SKIPPED     unit               0.0 s"),
        (
            StepResult("unit", Reading(Status.PARTIAL, "12 passed", deferred=("a",))),
            "PARTIAL     unit               0.0 s  12 passed, 1 deferred",
        ),
    ],
)
def test_what_is_not_green_never_looks_green(result: StepResult, line: str) -> None:
    text = shown(events(result))
    assert line in text.splitlines()
    assert "passed" not in text.replace("12 passed", "")


def test_heartbeat_and_notice() -> None:
    notice = Event("notice", 1.0, data={"message": "ended 2 orphans\nof an earlier run"})
    assert shown([heartbeat(30.2), notice]) == (
        "... 30.2 s: 2 of 3 done, running unit 30.2 s\nnote: ended 2 orphans of an earlier run"
    )


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    hostile = StepResult("unit", Reading(Status.FAILED, "a\x1b[2Jb", (Finding("\x1b]0;title\x07x\r\x9by", "r\x00"),)))
    text = shown([output("unit", "\x1b[31mred"), *events(hostile)])
    assert "unit               0.0 s  ab\n  xy [r]" in text


def test_many_findings_are_counted() -> None:
    many = StepResult("lint", Reading(Status.FAILED, "", tuple(Finding(f"m{n}") for n in range(53))))
    text = shown(events(many))
    assert "  m49\n  and 3 more\n" in text
    assert "m50" not in text


@settings(deadline=None)
@given(st.lists(results, max_size=3), st.sampled_from(Status))
def test_any_run_can_be_shown(some: list[StepResult], status: Status) -> None:
    text = shown(events(*some, status=status))
    assert text.encode()
    assert "\x1b" not in text


@settings(deadline=None)
@given(results)
def test_a_result_survives_its_way_through_an_event(result: StepResult) -> None:
    assert run_of(events(result)).results == [result]


def test_json_gives_lists_for_tuples() -> None:
    data = {"step": "s", "reading": {"status": "partial", "summary": "", "findings": [], "measurements": []}}
    data["reading"]["deferred"] = ["a"]  # type: ignore[index]
    assert step_result(data) == StepResult("s", Reading(Status.PARTIAL, deferred=("a",)))


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_live_keeps_a_line_for_all_that_ended_and_takes_no_text_for_markup() -> None:
    bracket = StepResult("unit", Reading(Status.FAILED, "[bold]x[/bold] [/oops]"), 1.0)
    stream, run = Terminal(), Run()
    sink = live(stream, {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"})
    for event in [*events(GREEN, bracket)[:3], heartbeat(30), *events(GREEN, bracket)[3:]]:
        run.add(event)
        sink(event, run)
    text = clean(stream.getvalue())
    assert "passed      types              2.0 s  no issues in 40 files" in text
    assert "FAILED      unit               1.0 s  [bold]x[/bold] [/oops]" in text
    assert "fast: FAILED (exit code 1)" in text
    assert "\x1b[3" not in stream.getvalue()


def test_tally_of_nothing() -> None:
    assert tally(Run()) == "no steps"
    assert list(lines(Event("step-started", 0.0, "unit"), Run())) == []


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "…"), ("äöü", 6, "äöü"), ("äöüß", 7, "äö…"), ("abc", 2, ""), ("", 0, "")],
)
def test_clip(text: str, size: int, expected: str) -> None:
    assert clip(text, size) == expected


@settings(deadline=None)
@given(st.text(), st.integers(0, 50))
def test_clip_keeps_its_promise(text: str, size: int) -> None:
    assert len(clip(text, size).encode()) <= size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (125.4, "2 min 5 s"), (119.7, "2 min 0 s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
