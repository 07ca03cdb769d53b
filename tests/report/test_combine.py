import json
from collections.abc import Mapping
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from tests.report.conftest import CACHED, GREEN, RED, events, output
from xptasks.errors import UsageError
from xptasks.report.combine import sinks
from xptasks.report.masks import mask_of
from xptasks.report.modes import Mode, mode_of
from xptasks.results import Event, Finding, Reading, Status, StepResult


@pytest.mark.parametrize(
    ("environ", "terminal", "mode"),
    [
        ({}, True, Mode.LIVE),
        ({}, False, Mode.PLAIN),
        ({"TERM": "dumb"}, True, Mode.PLAIN),
        ({"CLAUDECODE": "1"}, True, Mode.AGENT),
        ({"AI_AGENT": ""}, False, Mode.PLAIN),
        ({"XPTASKS_OUTPUT": "live"}, False, Mode.LIVE),
        ({"XPTASKS_OUTPUT": "plain", "CLAUDECODE": "1"}, True, Mode.PLAIN),
        ({"XPTASKS_OUTPUT": "json"}, True, Mode.JSON),
        ({"XPTASKS_OUTPUT": ""}, True, Mode.LIVE),
    ],
)
def test_mode(environ: Mapping[str, str], mode: Mode, *, terminal: bool) -> None:
    assert mode_of(None, environ, terminal=terminal) is mode


def test_what_the_command_line_asks_for_counts_first() -> None:
    assert mode_of("json", {"XPTASKS_OUTPUT": "loud", "CLAUDECODE": "1"}, terminal=True) is Mode.JSON


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (None, "XPTASKS_OUTPUT: there is no output 'loud'\n  use live, plain, agent or json"),
        ("quiet", "there is no output 'quiet'\n  use live, plain, agent or json"),
    ],
)
def test_unknown_mode(asked: str | None, message: str) -> None:
    with pytest.raises(UsageError) as error:
        mode_of(asked, {"XPTASKS_OUTPUT": "loud"}, terminal=True)
    assert str(error.value) == message


def told(
    project: Path,
    mode: Mode,
    some: list[Event],
    environ: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
) -> tuple[str, str]:
    stdout, stderr = StringIO(), StringIO()
    emit = sinks(mode, environ or {}, project, stdout, stderr, mask=mask_of(secrets))
    for event in some:
        emit(event)
    return stdout.getvalue(), stderr.getvalue()


def test_json_is_the_file_on_stdout_and_progress_on_stderr(tmp_path: Path) -> None:
    stdout, stderr = told(tmp_path, Mode.JSON, events(CACHED, RED))
    assert stdout == (tmp_path / ".xp/last-run.json").read_text(encoding="utf-8")
    assert json.loads(stdout)["status"] == "failed"
    assert stderr.startswith("fast: 2 steps")


@pytest.mark.parametrize("mode", [Mode.PLAIN, Mode.AGENT, Mode.LIVE])
def test_other_modes_leave_stdout_alone(tmp_path: Path, mode: Mode) -> None:
    stdout, stderr = told(tmp_path, mode, events(GREEN, status=Status.PASSED, exit_code=0))
    assert stdout == ""
    assert "1 passed" in stderr
    assert {path.name for path in (tmp_path / ".xp").iterdir()} == {"last-run.json", "junit.xml", "results.sarif"}


def test_github_gets_annotations_and_a_summary_only_on_github(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    _, stderr = told(tmp_path, Mode.PLAIN, [output("layers", "::error::fake"), *events(RED)], environ)
    assert "\n::error file=tests/test_a.py,line=12,col=5,title=test_one::assert" in stderr
    assert "### fast" in page.read_text(encoding="utf-8")
    page.unlink()
    _, stderr = told(tmp_path, Mode.PLAIN, events(RED), {"GITHUB_STEP_SUMMARY": str(page)})
    assert "::error" not in stderr
    assert not page.exists()


def test_a_finding_is_no_workflow_command(tmp_path: Path) -> None:
    evil = StepResult("unit", Reading(Status.FAILED, "", (Finding("::add-mask::x"),)))
    _, stderr = told(tmp_path, Mode.PLAIN, events(evil), {"GITHUB_ACTIONS": "true"})
    commands = [line for line in stderr.splitlines() if line.lstrip().startswith("::")]
    assert commands == ["::error::::add-mask::x"]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_secret_reaches_no_sink(tmp_path: Path, mode: Mode) -> None:
    secret = "s3cret<&>%,:token"
    page = tmp_path / "summary.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    leaky = StepResult(
        "unit", Reading(Status.FAILED, f"sent {secret}", (Finding(f"x {secret}", hint=secret),)), rerun=f"nox {secret}"
    )
    silent = StepResult("types", Reading(Status.ERROR, "stopped"))
    some = [output("types", f"a {secret} b"), Event("notice", 0.0, data={"message": secret}), *events(leaky, silent)]
    written = "".join(told(tmp_path, mode, some, environ, (secret, "")))
    written += "".join(path.read_text(encoding="utf-8") for path in (tmp_path / ".xp").iterdir())
    written += page.read_text(encoding="utf-8")
    assert "s3cret" not in written
    assert "***" in written


def test_each_line_of_a_secret_is_masked_and_the_longest_wins() -> None:
    mask = mask_of(["key", "BEGIN\nkeyline\nEND", "  "])
    assert [mask("a keyline b"), mask("BEGIN"), mask("key"), mask("no")] == ["a *** b", "***", "***", "no"]


def test_words_of_ours_are_not_masked(tmp_path: Path) -> None:
    told(tmp_path, Mode.PLAIN, events(GREEN, status=Status.PASSED, exit_code=0), secrets=("passed",))
    assert json.loads((tmp_path / ".xp/last-run.json").read_text(encoding="utf-8"))["status"] == "passed"


def test_a_report_that_cannot_be_written_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".xp").write_text("a file where the folder should be", encoding="utf-8")
    _, stderr = told(tmp_path, Mode.PLAIN, events(GREEN, status=Status.PASSED, exit_code=0))
    assert stderr.count("a report cannot be written: ") == 6
    assert stderr.rstrip().splitlines()[1].startswith("a report cannot be written: ")
    assert "fast: passed in 6.5 s: 1 passed" in stderr


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    stderr = TextIOWrapper(BytesIO(), encoding="ascii")
    emit = sinks("plain", {}, tmp_path, StringIO(), stderr)
    for event in events(StepResult("unit", Reading(Status.FAILED, "Äpfel \udc80"))):
        emit(event)
    stderr.seek(0)
    assert "\\xc4pfel \\udc80" in stderr.read()


def test_a_reader_that_has_gone_does_not_stop_the_run(tmp_path: Path) -> None:
    class Gone(StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    emit = sinks("plain", {}, tmp_path, StringIO(), Gone())
    for event in events(GREEN, status=Status.PASSED, exit_code=0):
        emit(event)
    assert (tmp_path / ".xp/last-run.json").exists()
