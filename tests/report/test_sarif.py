import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import sarif_schema
from tests.report.conftest import CACHED, LATE, MISSING, RED, SILENT, events, results, run_of
from xptasks.report.sarif import NAME, sarif, text
from xptasks.results import Finding, Position, Reading, Severity, Status, StepResult

PROJECT = Path("/projects/one")


def log(*found: StepResult, project: Path = PROJECT) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text(run_of(events(*found)), project))
    return made


def with_finding(*findings: Finding, step: str = "unit") -> StepResult:
    return StepResult(step, Reading(Status.FAILED, "", findings))


def prints(made: dict[str, Any]) -> list[str]:
    return [result["partialFingerprints"]["stepRuleAndPlace/v1"] for result in made["runs"][0]["results"]]


def test_a_finding_is_a_result_with_rule_level_and_place() -> None:
    (run,) = log(CACHED, RED)["runs"]
    first, second = run["results"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unit/left-processes", "unit/test_one"]
    assert (first["level"], second["level"]) == ("warning", "error")
    assert second["message"]["text"] == "assert 1 == 2\nwhere 1 = one()\nBe one"
    assert second["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "tests/test_a.py"},
                "region": {"startLine": 12, "startColumn": 5},
            }
        }
    ]
    assert run["automationDetails"] == {"id": "xptasks/fast/"}
    assert run["invocations"] == [{"executionSuccessful": True}]


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("info", "note")])
def test_levels(severity: Severity, level: str) -> None:
    (result,) = log(with_finding(Finding("x", "r", severity)))["runs"][0]["results"]
    assert result["level"] == level


@pytest.mark.parametrize("result", [SILENT, LATE], ids=["broke", "late"])
def test_a_step_that_could_not_finish_is_said(result: StepResult) -> None:
    (run,) = log(result)["runs"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert result.step in note["message"]["text"]
    assert note["level"] == "error"


def test_what_is_missing_is_said_and_no_alert_is_closed_by_it_silently() -> None:
    (run,) = log(MISSING)["runs"]
    assert "unavailable" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_a_fingerprint_stays_when_the_finding_moves() -> None:
    def at(line: int, said: str) -> StepResult:
        return with_finding(Finding(said, "E1", position=Position("a.py", line, line)))

    assert prints(log(at(3, "12 of them"))) == prints(log(at(99, "13 of them")))
    assert prints(log(at(3, "one"))) != prints(log(at(3, "two")))


def test_findings_that_are_alike_have_fingerprints_of_their_own() -> None:
    alike = Finding("same", "E1", position=Position("a.py", 1))
    found = prints(log(with_finding(alike, alike)))
    assert len(set(found)) == 2
    assert found[0] == prints(log(with_finding(alike)))[0]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a/b.py", "a/b.py"),
        ("a b/ü#?.py", "a%20b/%C3%BC%23%3F.py"),
        ("a\\b.py", "a/b.py"),
        (f"{PROJECT}/a.py", "a.py"),
        ("/etc/passwd", ""),
        ("../secret.py", ""),
        ("", ""),
    ],
)
def test_paths_are_relative_and_no_other_machine_is_named(file: str, uri: str) -> None:
    (result,) = log(with_finding(Finding("x", "r", position=Position(file, 1))))["runs"][0]["results"]
    named = [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["locations"]]
    assert named == ([uri] if uri else [])


def test_failing_tests_are_one_rule() -> None:
    tests = (Finding("no", "tests/test_a.py::test_one"), Finding("no", "tests/test_a.py::test_two"))
    rules = log(with_finding(*tests))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["unit/finding"]


def test_the_file_is_written_at_the_end_and_removed_at_the_start(tmp_path: Path) -> None:
    sink, told = sarif(tmp_path), events(RED)
    sink(told[-1], run_of(told))
    assert json.loads((tmp_path / NAME).read_text(encoding="utf-8"))["version"] == "2.1.0"
    sink(told[0], run_of(told[:1]))
    assert not (tmp_path / NAME).exists()


@sarif_schema.needed
@settings(deadline=None)
@given(st.lists(results, max_size=3))
def test_every_log_is_valid_by_the_official_schema(some: list[StepResult]) -> None:
    sarif_schema.validate(log(*some))


@settings(deadline=None)
@given(st.lists(results, max_size=3))
def test_every_result_names_a_rule_that_is_there(some: list[StepResult]) -> None:
    (run,) = log(*some)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
