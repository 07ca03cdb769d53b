"""The commands about what happened, as their users type them."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest
from invoke.program import Program

from tests.report.conftest import GREEN, RED, events, run_of
from tests.repository import Repository
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.loop.recording import Recorder
from xptasks.report.result_json import last_run
from xptasks.results import Circumstances, Status, StepResult
from xptasks.tasks import ns

DAY = 86400.0
NOW = 1_795_000_000.0


class Said(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    repository = Repository(tmp_path / "small").init("--template=")
    repository.write("xpconfig.toml", 'version = 1\n[project]\nname = "small"\n')
    repository.write("inside/.keep")
    for name in ("CI", "XPTASKS_PROFILE", "XPTASKS_HISTORY__URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("time.time", lambda: NOW)
    return repository.path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """In a folder below the project's."""

    def typed(*words: str) -> Said:
        monkeypatch.chdir(project / "inside")
        code = 0
        try:
            Program(namespace=ns, version="1").run(["xptasks", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return typed


def landed(days: float, change: str, project: str = "small") -> HistoryEvent:
    """A landing so many days ago."""
    return event(Kind.LANDED, NOW - days * DAY, project, change, change=change, actor="agent:coder", lines=3)


def result(run_id: str, *steps: StepResult, commit: str = "c1", actor: str = "agent:coder") -> str:
    """A result file."""
    status = Status.FAILED if RED in steps else Status.PASSED
    code = 1 if RED in steps else 0
    run = last_run(run_of(events(*steps, status=status, exit_code=code, commit=commit, run_id=run_id)))
    content = asdict(run)
    content["circumstances"] = asdict(Circumstances("small", NOW - DAY, actor, environment="e"))
    return json.dumps(content)


def test_a_list_for_people(run: Run, project: Path) -> None:
    Recorder(project)(landed(1, "fix-a"), landed(0.5, "fix b\x1b"))
    assert run("history-list").out == (
        "2026-11-17 11:06:40 landed          fix-a agent:coder lines=3\n"
        '2026-11-17 23:06:40 landed          "fix b\\u001b" agent:coder lines=3\n'
    )
    assert run("history-list", "--change", "fix-a", "--since", "2d").out.count("\n") == 1
    assert run("history-list", "--since", "11h").out == "nothing is recorded that fits\n"
    assert run("history-list", "--until", "2026-11-17T11:10+00:00").out.count("\n") == 1
    assert run("history-list", "--kind", "probe", "--kind", "flake").out == "nothing is recorded that fits\n"
    assert "fix b" in run("history-list", "--last", "1").out


def test_a_list_for_programs(run: Run, project: Path) -> None:
    Recorder(project)(landed(1, "fix-a"))
    (found,) = json.loads(run("history-list", "--json").out)["events"]
    assert HistoryEvent.from_json(json.dumps(found)) == landed(1, "fix-a")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "landd"), "nothing that is recorded is called 'landd'\n  did you mean 'landed'?\n"),
        (("--since", "yesterday"), "this is no time: 'yesterday'\n  write a duration such as 7d, or a time such as"),
    ],
)
def test_what_cannot_be_asked(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("history-list", *words)
    assert done.code == 2
    assert done.err.startswith(said)


def test_what_one_machine_exports_another_imports_once(run: Run, project: Path, tmp_path: Path) -> None:
    Recorder(project)(landed(3, "fix-a"), landed(1, "fix-b"))
    assert run("history-export", "--output", "out.jsonl", "--since", "2d").out.startswith("1 events were written to ")
    assert run("history-export").out.startswith("2 events were written to ")
    (project / ".git" / "xptasks" / "history.db").unlink()
    assert json.loads(run("history-import", "--file", "history.jsonl", "--json").out)["new"] == 2
    again = run("history-import", "--file", "history.jsonl", "--file", "out.jsonl")
    assert (again.code, again.out) == (0, "0 events were added from 2 files\n3 were there already\n")
    assert run("history-list").out.count("\n") == 2


def test_results_that_ci_kept_show_what_is_flaky(run: Run, project: Path) -> None:
    folder = project / "inside" / "artifacts"
    folder.mkdir()
    (folder / "last-run.json").write_text(result("r1", RED))
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("x/last-run.json", result("r2", GREEN, StepResult("unit", GREEN.reading)))
    done = run("history-import", "--file", "artifacts")
    assert done.out == ("5 events were added from 2 files\n1 follow from them (flaky tests, repeated runs)\n")
    assert "step=unit" in run("history-list", "--kind", "flake").out


def test_a_run_that_was_recorded_is_known_to_its_result_file(run: Run, project: Path) -> None:
    (project / "last-run.json").write_text(result("r1", GREEN))
    run("history-import", "--file", "../last-run.json")
    assert "1 events" not in run("history-import", "--file", "../last-run.json").out
    assert run("history-list").out.count("\n") == 2


def test_what_cannot_be_read_is_told_with_its_place_and_the_rest_is_imported(run: Run, project: Path) -> None:
    lines = [landed(1, "a").as_json(), "{", landed(1, "b", "other").as_json(), landed(2, "c").as_json()]
    (project / "inside" / "events.jsonl").write_text("\n".join(lines))
    broken = json.loads(result("r1", GREEN))
    broken["steps"][0]["reading"]["status"] = "splendid"
    (project / "inside" / "last-run.json").write_text(json.dumps(broken))
    done = run("history-import", "--file", "events.jsonl", "--file", "last-run.json")
    assert done.code == 2
    here = project / "inside"
    assert done.out.splitlines()[:3] == [
        "2 events were added from 2 files",
        "1 are of other projects",
        f"cannot be read: {here}/events.jsonl:2: not JSON: Expecting property name enclosed in double quotes",
    ]
    assert done.out.splitlines()[3].startswith(
        f"cannot be read: {here}/last-run.json: not the result of a run: steps.0.reading.status: "
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is nothing to import\n"),
        (("--file", "no.json"), "there is no "),
        (("--file", "."), "there is nothing to import in what was named\n"),
    ],
)
def test_nothing_to_import(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("history-import", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)


def test_how_the_history_stands(run: Run, project: Path) -> None:
    Recorder(project)(landed(3, "a"))
    run("history-list")
    Recorder(project)(landed(1, "b"))
    (project / ".git/xptasks/outbox/small/damaged").mkdir()
    (project / ".git/xptasks/outbox/small/damaged/1.jsonl").write_text("{")
    said = run("history-status")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith(f"database  {project}/.git/xptasks/history.db, ")
    assert said.out.splitlines()[1:4] == [
        "events    1, from 2026-11-15 11:06 UTC to 2026-11-15 11:06 UTC",
        "                1 landed",
        f"outbox    1 files wait, the oldest since {said.out.splitlines()[3].partition('since ')[2]}",
    ]
    assert said.out.splitlines()[4].startswith("          1 cannot be read: see ")
    assert json.loads(run("history-status", "--json").out)["waiting"] == 1
    assert run("history-deliver").out.startswith("1 events were taken to ")
    assert json.loads(run("history-status", "--json").out)["history"]["events"] == 2


def test_how_it_stands_while_the_database_is_away(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Recorder(project)(landed(1, "a"))
    monkeypatch.setenv("XPTASKS_HISTORY__URL", "env:AWAY")
    monkeypatch.setenv("AWAY", "postgresql://ann:hush@127.0.0.1:1/x")
    said = run("history-status")
    assert said.code == 3
    assert "database  the history postgresql+psycopg://ann:***@127.0.0.1:1/x cannot be used: " in said.out
    assert "outbox    1 files wait" in said.out
    assert "hush" not in said.out + said.err
    assert run("history-list").code == run("history-deliver").code == 3


def test_pruning_says_what_it_would_do_and_does_it_only_when_asked(run: Run, project: Path) -> None:
    Recorder(project)(landed(30, "a"), landed(20, "b"), landed(1, "c"))
    said = run("history-prune", "--older-than", "10d")
    assert said.out == (
        "2 events from before 2026-11-08 11:06 UTC would be deleted; with --yes they are\n"
        "windows that begin at 2026-11-08 12:06 UTC or later keep their figures\n"
        "but for the time without an intervention that goes on now: it counts from the first of these dates\n"
    )
    assert run("history-list").out.count("\n") == 3
    assert (
        "2 events from before 2026-11-08 11:06 UTC were deleted"
        in run("history-prune", "--older-than", "10d", "--yes").out
    )
    assert run("history-list").out.count("\n") == 1
    assert run("history-prune").out == "nothing is older than 730d\n"
    assert run("history-prune", "--older-than", "soon").code == 2
    assert json.loads(run("history-prune", "--older-than", "1h", "--json").out)["deleted"] is False
    assert "deleted   what was before 2026-11-08 11:06 UTC; windows from" in run("history-status").out
