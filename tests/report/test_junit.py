from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.conftest import CACHED, DEFERRED, LATE, MISSING, RED, SILENT, STOPPED, events, output, results, run_of
from xptasks.report.junit import NAME, junit, text
from xptasks.results import Finding, Reading, Status, StepResult


def test_document() -> None:
    told = events(CACHED, RED)
    assert (
        text(run_of([*told[:1], output("unit", "noise"), *told[1:]]))
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="xptasks" time="6.500" tests="2" failures="1" errors="0" skipped="0">
  <testsuite name="fast" time="6.500" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="fast" name="lint" time="0.310">
      <system-out>cached: no findings</system-out>
    </testcase>
    <testcase classname="fast" name="unit" time="4.200">
      <failure type="test_one" message="assert 1 == 2&#10;where 1 = one()">\
tests/test_a.py:12:5: assert 1 == 2 [test_one]
  where 1 = one()
  Be one</failure>
      <system-out>failed: 1 failed, 311 passed in 4.10s</system-out>
    </testcase>
  </testsuite>
</testsuites>
"""
    )


@pytest.mark.parametrize(
    ("result", "kind", "message"),
    [
        (SILENT, "error", "error: exit code 70"),
        (LATE, "error", "timed out: stopped after 60.0 s"),
        (DEFERRED, "skipped", "partial: 12 of 15 run, 3 deferred: 12 passed"),
        (MISSING, "skipped", "unavailable: 'mypy' is not installed"),
        (STOPPED, "skipped", "cancelled: not started: the run was interrupted"),
    ],
)
def test_what_is_not_green_is_not_a_passed_case(result: StepResult, kind: str, message: str) -> None:
    suite = ET.fromstring(text(run_of(events(result))))  # noqa: S314 - we wrote it
    element = suite.find(f".//testcase/{kind}")
    assert element is not None
    assert element.get("message") == message
    counts = {name: suite.get(name) for name in ("failures", "errors", "skipped")}
    assert [name for name, count in counts.items() if count == "1"] == [
        kind.removesuffix("s") + "s" * (kind != "skipped")
    ]


@settings(deadline=None)
@given(st.lists(results, max_size=3))
def test_every_run_is_well_formed(some: list[StepResult]) -> None:
    suite = ET.fromstring(text(run_of(events(*some))))  # noqa: S314 - we wrote it
    assert len(suite.findall(".//testcase")) == len(some)


def test_hostile_text_stays_text() -> None:
    evil = "]]></failure><x y='\"&\x00\x0b\x1f\ufffe\ud800"
    result = StepResult(evil, Reading(Status.FAILED, evil, (Finding(evil, evil),)))
    suite = ET.fromstring(text(run_of(events(result))))  # noqa: S314 - we wrote it
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "]]></failure><x y='\"&"
    assert suite.find(".//x") is None


def test_file_is_written_at_the_end_only(tmp_path: Path) -> None:
    sink, told = junit(tmp_path), events(RED)
    (tmp_path / ".xp").mkdir()
    (tmp_path / NAME).write_text("old")
    sink(told[0], run_of(told[:1]))
    assert not (tmp_path / NAME).exists()
    sink(told[-1], run_of(told))
    assert (tmp_path / NAME).read_text(encoding="utf-8").startswith("<?xml")
