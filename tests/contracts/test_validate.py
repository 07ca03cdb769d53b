"""The command: what it prints, how it exits, and what it says when its child dies."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from xptasks.contracts import validate
from xptasks.contracts.validate import Bounds, Report, as_text, check, main
from xptasks.errors import CannotRunError, ExitCode
from xptasks.results import Finding, Position
from xptasks.system.limits import Ending

GOOD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n"
BAD = GOOD.replace("title: t, ", "") + "x: 1\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "tools"))
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


TEXT = """\
bad.yaml:2:1: the key 'title' is missing [openapi-structure]
bad.yaml:4:1: the key 'x' is not known here [openapi-structure]
2 mistakes in 2 contracts
"""


def test_the_command_line(project: Path) -> None:
    argv = [sys.executable, "-m", "xptasks.contracts.validate", "bad.yaml", "good.yaml"]
    text = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (text.returncode, text.stdout, text.stderr) == (ExitCode.GATE_FAILED, TEXT, "")


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bad.yaml", "good.yaml", "--json"]) == ExitCode.GATE_FAILED
    report = json.loads(capsys.readouterr().out)
    assert (report["checked"], report["deferred"]) == (["bad.yaml", "good.yaml"], [])
    assert report["findings"][0] == {
        "message": "the key 'title' is missing",
        "rule": "openapi-structure",
        "severity": "error",
        "file": "bad.yaml",
        "line": 2,
        "column": 1,
        "hint": "",
    }
    assert (project / ".xp/cache/contracts").is_dir()
    assert main(["good.yaml"]) == ExitCode.OK
    assert capsys.readouterr().out == "1 contract valid\n"


def test_an_unknown_option_is_a_mistake_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--nonsense"])
    assert caught.value.code == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (Bounds(seconds=0.001), "checking it takes longer than 0.001 s"),
        (Bounds(memory=96 * 2**20), "checking it needs more than 96 MiB of memory"),
    ],
)
def test_a_contract_that_costs_too_much_does_not_stop_the_next(project: Path, bounds: Bounds, message: str) -> None:
    (project / "large.yaml").write_text(f"{GOOD}x-large: {'x' * 30_000_000}\n")
    report = check(["large.yaml", "large.yaml"], bounds=bounds)
    assert [(finding.message, finding.rule) for finding in report.findings] == [(message, "contract-too-costly")] * 2
    assert report.exit_code == ExitCode.GATE_FAILED


@pytest.mark.parametrize(("code", "message"), [(-11, "checking it ended with SIGSEGV"), (-99, "ended with signal 99")])
def test_a_child_that_crashes_is_a_finding(monkeypatch: pytest.MonkeyPatch, code: int, message: str) -> None:
    monkeypatch.setattr(validate, "run_limited", lambda argv, seconds, take: Ending(code, "", timed_out=False))
    report = check(["a.yaml"])
    assert message in report.findings[0].message


def test_a_mistake_of_ours_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = "Traceback (most recent call last):\n  File ...\nKeyError: 'x'\n"
    monkeypatch.setattr(validate, "run_limited", lambda argv, seconds, take: Ending(1, errors, timed_out=False))
    with pytest.raises(CannotRunError):
        check(["a.yaml"])
    assert main(["a.yaml"]) == ExitCode.CANNOT_RUN
    assert capsys.readouterr().err == "the check of a.yaml broke\n  This is a mistake in xptasks: KeyError: 'x'\n"


def test_text_names_warnings_hints_and_what_was_left_out() -> None:
    finding = Finding("odd", "rule", "warning", Position("a.yaml", 1, 2), "Do this.")
    report = Report((finding,), ("a.yaml",), ("later",))
    assert (
        as_text(report)
        == "a.yaml:1:2: warning: odd [rule]\n  Do this.\nnot checked: later\n1 contract valid, partly checked\n"
    )
    assert report.exit_code == ExitCode.OK
