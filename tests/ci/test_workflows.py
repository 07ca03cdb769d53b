"""What `inv generate-ci` and the step `ci` do with a project's files, and what they refuse."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.conftest import HERE, HOSTED, SMALL, WHOLE, Look, Make
from tests.repository import Repository
from xptasks.ci import delivering, github, gitlab, reading, rules
from xptasks.errors import ConfigError, UsageError
from xptasks.loop import workflows
from xptasks.results import Outcome, Status
from xptasks.steps import ci as step
from xptasks.tasks import ns

FOREIGN = """\
on: [push, pull_request_target]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: somebody/something@main
      - run: echo ${{ matrix.version }}
      - run: echo ${{ github.event.pull_request.title }}
"""


def project(folder: Path, text: str, **files: str) -> Path:
    repository = Repository(folder / "one").init()
    for name, content in {"xpconfig.toml": text, **files}.items():
        repository.write(name, content)
    return repository.path


def test_a_second_time_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, SMALL)
    assert workflows.generate(folder) == 0
    assert "wrote .github/workflows/autonomous.yml\n" in capsys.readouterr().out
    assert workflows.generate(folder) == 0
    assert capsys.readouterr().out.startswith("all fresh\n")
    assert workflows.check(folder) == 0
    assert capsys.readouterr().out == ""


def test_what_is_not_configured_leaves_no_job(looked: Look) -> None:
    parsed = reading.parse(looked("small").fresh[github.FILE], github.FILE)
    assert list(parsed.jobs) == ["plan", "gate", "required"]
    assert "schedule" not in parsed.events
    assert list(looked("small").fresh) == [github.FILE]
    whole = looked("whole")
    jobs = ["plan", "gate", "required", "scan", "history", "land", "deliver", "rollback"]
    assert list(reading.parse(whole.fresh[github.FILE], github.FILE).jobs) == jobs
    assert list(whole.fresh) == [github.FILE, delivering.FILE, gitlab.FILE]


def test_what_is_stale_is_shown_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, HOSTED)
    workflows.generate(folder)
    (folder / "xpconfig.toml").write_text(HOSTED.replace("3 4 * * 1-5", "4 5 * * *"), encoding="utf-8")
    capsys.readouterr()
    assert workflows.check(folder) == 1
    shown = capsys.readouterr().out
    assert '-    - cron: "3 4 * * 1-5"\n' in shown
    assert '+    - cron: "4 5 * * *"\n' in shown
    assert (
        ".github/workflows/autonomous.yml is not what xpconfig.toml says [ci-stale]\n  run `inv generate-ci`" in shown
    )
    assert workflows.check(folder, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["stale"] == [".github/workflows/autonomous.yml"]
    assert {one["rule"] for one in told["findings"]} == {"ci-stale", "schedule"}


def test_missing_files_are_said(tmp_path: Path) -> None:
    reading_ = workflows.read(project(tmp_path, WHOLE))
    assert reading_.status is Status.FAILED
    assert [finding.message for finding in reading_.findings][:2] == [
        ".github/workflows/autonomous.yml is missing",
        ".github/workflows/deliver.yml is missing",
    ]


@pytest.mark.pr
def test_neither_profile_nor_variables_of_the_caller_change_a_byte(make: Make, looked: Look) -> None:
    environ = {
        "PYTHONPATH": str(HERE / "tools"),
        "CI": "true",
        "XPTASKS_PROJECT__PYTHON": '["3.9"]',
        "PATH": "/usr/bin",
    }
    script = "from pathlib import Path; from xptasks.loop import workflows as w; print(w.look(Path.cwd()).stale)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=make("whole"), env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.pr
def test_the_step_reads_what_its_process_prints(make: Make) -> None:
    words = [sys.executable, "-m", "xptasks.loop.workflows"]
    environ = {"PYTHONPATH": str(HERE / "tools"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=make("whole"), env=environ, capture_output=True, text=True, check=False)
    found = step.read(step.Options(), Outcome(done.returncode, done.stdout, done.stderr, make("whole")))
    assert (found.status, found.findings) == (Status.PASSED, ())
    assert found.summary == f"3 CI files fresh, {len(rules.names())} rules kept"


def test_a_workflow_of_somebody_else_is_warned_about_and_does_not_fail(tmp_path: Path) -> None:
    """Whoever adopts xptasks has workflows that work; what is dangerous in them is said."""
    folder = project(tmp_path, SMALL, **{".github/workflows/build.yaml": FOREIGN})
    workflows.generate(folder)
    found = workflows.read(folder)
    assert found.status is Status.PASSED
    assert {finding.severity for finding in found.findings} == {"warning"}
    told = {(finding.rule, finding.position.line) for finding in found.findings if finding.position}
    assert {("trigger-dangerous", 1), ("action-third-party", 7), ("action-not-pinned", 6), ("injection", 9)} <= told
    assert ("injection", 8) not in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs: [", "the workflow cannot be read: .*"),
        ("- a", "the workflow cannot be read: it is no mapping"),
        ("a: &x [*x]", ".*"),
        ("a: 1\na: 2", "'a' stands here twice"),
    ],
)
def test_what_cannot_be_read_is_a_finding(text: str, message: str, looked: Look) -> None:
    found = rules.check(reading.parse(text, github.FILE), looked("small").request)
    assert found
    assert any(re.fullmatch(message, one.message) for one in found)


@pytest.mark.parametrize(
    "text", ["jobs: 3", "on: 7\njobs: {a: 1}", "jobs: {plan: {steps: [1, {}]}}", "permissions: []", "", "on: [push]"]
)
def test_odd_shapes_are_findings_and_no_errors(text: str, looked: Look) -> None:
    for file in (github.FILE, delivering.FILE, ".github/workflows/x.yml"):
        assert isinstance(rules.check(reading.parse(text, file), looked("whole").request), list)
    assert rules.check(reading.parse(text, github.FILE), looked("whole").request)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('version = 1\n[project]\nname = "a"\n', UsageError, "there is no tier"),
        (SMALL + '[ci.schedules]\nnigthly = "1 1 * * *"\n', UsageError, "names 'nigthly', which is no tier"),
        (SMALL + '[ci.schedules]\nfast = "every night"\n', ConfigError, "five fields of cron"),
        (SMALL + '[ci.deploy]\nrunner = ["ubuntu-24.04"]\n', ConfigError, "a machine of GitHub's, new for every job"),
        (SMALL + '[ci]\nrunner = "a b"\n', ConfigError, "ci"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        workflows.look(project(tmp_path, text))


def test_a_project_may_say_itself_how_jobs_get_xptasks(tmp_path: Path) -> None:
    own = '[ci]\nsetup = [["./setup", "it\'s"]]\nnox = ["./nox"]\ninv = ["./inv"]\n'
    text = workflows.look(project(tmp_path, SMALL + own)).fresh[github.FILE]
    assert """        run: ./setup 'it'"'"'s'\n""" in text
    assert '        run: ./nox -s "$TIER"\n' in text


def test_every_command_that_jobs_call_exists(looked: Look) -> None:
    called: set[str] = set()
    for name in ("own", "hosted", "whole"):
        for file, text in looked(name).fresh.items():
            called |= set(re.findall(r"\binv ([a-z][a-z-]+)", text)) if file else set()
    assert called >= {"ci-matrix", "deploy-canary", "deploy-follow", "deploy-undo", "land-pull-request"}
    assert called - set(ns.task_names) == set()


def test_every_option_that_jobs_use_exists(looked: Look) -> None:
    for text in looked("whole").fresh.values():
        for command, words in re.findall(r"\binv ([a-z][a-z-]+)( .*)?$", text, re.MULTILINE):
            known = {flag for argument in ns[command].get_arguments() for flag in argument.names}
            for option in re.findall(r"--([a-z-]+)", words):
                assert option in known | {"version"}, f"{command} --{option}"


def test_gitlab_checks_the_same(looked: Look) -> None:
    text = looked("whole").fresh[gitlab.FILE]
    assert "    - uv run --locked nox -s pr\n" in text
    assert 'PYTHON: ["3.12"]' in text
    assert "interruptible: false" in text
    assert '    - uv run --locked inv deploy-undo --rev "$CI_COMMIT_SHA"' in text
