"""`inv metrics`: a window of a real history, the formats, the exit codes."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.repository import Project
from xptasks import config
from xptasks.errors import CannotRunError, ExitCode, UsageError
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.metrics.report import FIGURES
from xptasks.loop import history, metrics
from xptasks.loop.metrics import Asked
from xptasks.loop.recording import Recorder

UNTIL = "2026-11-03T00:00Z"
END = 1793664000.0
REVIEWED = [
    event(Kind.LANDED, END - 100 * number, "small", number, change="fix", reviewed=True) for number in range(1, 9)
]


def landed(number: int, **data: Any) -> HistoryEvent:  # noqa: ANN401 - what a landing says
    return event(Kind.LANDED, END - number * 3600, "small", number, change=f"c{number}", commit=f"t{number}", **data)


def shown(project: Project, capsys: pytest.CaptureFixture[str], asked: Asked) -> tuple[ExitCode, str, str]:
    code = metrics.run(project.path, {}, replace(asked, until=asked.until or UNTIL))
    told = capsys.readouterr()
    return code, told.out, told.err


def figures(text: str) -> Mapping[str, Mapping[str, object]]:
    return {figure["name"]: figure for figure in json.loads(text)["figures"]}


def test_what_was_recorded_is_measured(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Recorder(project.path)(*(landed(number, automatic=number > 1) for number in range(1, 11)))
    code, out, err = shown(project, capsys, Asked(window="8h", format="json"))
    assert (code, err) == (ExitCode.OK, "")
    found = figures(out)
    assert list(found) == [figure.name for figure in FIGURES]
    assert (found["auto_merge"]["numerator"], found["auto_merge"]["denominator"]) == (7, 8)
    assert json.loads(out)["since"] == "2026-11-02T16:00:00+00:00"


def test_now_is_the_default(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Recorder(project.path)(event(Kind.LANDED, time.time() - 60, "small", 1))
    metrics.run(project.path, {}, Asked(window="5m"))
    assert "0 of 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "until", ["2026-11-03", "2026-11-03T00:00", "2026-11-03T02:00+02:00", "2026-11-02T19:00-05:00"]
)
def test_a_moment_is_one_of_utc_unless_it_says_else(
    project: Project, capsys: pytest.CaptureFixture[str], until: str
) -> None:
    Recorder(project.path)(landed(0), landed(1, automatic=True))
    _, out, _ = shown(project, capsys, Asked(window="1h", until=until, format="json"))
    assert figures(out)["auto_merge"]["denominator"] == 1
    assert json.loads(out)["until"] == "2026-11-03T00:00:00+00:00"


def test_a_file_is_written_as_a_whole(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    file = project.path / ".xp" / "textfile" / "xptasks.prom"
    code, out, _ = shown(project, capsys, Asked(format="prometheus", output=str(file)))
    assert (code, out) == (ExitCode.OK, "")
    assert file.read_text().startswith("# HELP xptasks_window_seconds")
    assert [path.name for path in file.parent.iterdir()] == ["xptasks.prom"]


def test_a_file_that_cannot_be_written(project: Project) -> None:
    (project.path / "folder").mkdir()
    with pytest.raises(CannotRunError, match="folder cannot be written"):
        metrics.run(project.path, {}, Asked(output=str(project.path / "folder"), until=UNTIL))


def test_a_target_that_is_missed_fails_a_check_only(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Recorder(project.path)(*REVIEWED)
    assert shown(project, capsys, Asked())[0] == ExitCode.OK
    code, out, err = shown(project, capsys, Asked(check=True))
    assert code == ExitCode.GATE_FAILED
    assert "< 5 %: not met" in out
    assert "not met: needed a review (manual_review)\n" in err


def test_what_nobody_can_tell_passes_and_is_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = shown(project, capsys, Asked(check=True))
    assert code == ExitCode.OK
    assert err.count("not enough data: ") == 5


def test_targets_are_configured(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with (project.path / "xpconfig.toml").open("a") as file:
        file.write('[history.targets]\nreview = 20\nuptime = 99.95\nalone = "2h"\n')
    found = figures(shown(project, capsys, Asked(format="json"))[1])
    targets = {name: figure["target"] for name, figure in found.items() if figure["target"] is not None}
    assert targets == {
        "time_between_interventions": 7200,
        "manual_review": 0.2,
        "commit_to_canary": 120,
        "bad_release_time": 300,
        "uptime": 0.9995,
    }


def test_the_story_of_a_change(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Recorder(project.path)(landed(1, automatic=True))
    assert shown(project, capsys, Asked(change="c1"))[1].startswith("c1 (landed; reached nobody)\n")
    assert json.loads(shown(project, capsys, Asked(change="c1", format="json"))[1])["state"] == "landed"


def test_older_events_that_were_deleted_are_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    Recorder(project.path)(landed(5), landed(1))
    with history.opened(config.load(project.path, environ={}).config, project.path, {}) as store:
        store.prune(END - 7200, END, really=True)
    assert "older events are deleted: only windows that begin at " in shown(project, capsys, Asked())[2]
    assert shown(project, capsys, Asked(window="10m"))[2] == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(window="30"), "--window is no duration: '30'"),
        (Asked(window="0s"), "--window is empty"),
        (Asked(until="yesterday"), "this is no time: 'yesterday'"),
        (Asked(until="2126-01-01"), "--until lies in the future"),
        (Asked(format="yaml"), "no format 'yaml'"),
        (Asked(change="c", format="prometheus"), "--change tells a story"),
        (Asked(change="c", check=True), "does not go with --check"),
        (Asked(change="c"), "nothing is recorded of a change 'c'"),
    ],
)
def test_what_cannot_be_asked_for(project: Project, asked: Asked, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        metrics.run(project.path, {}, asked)


def test_a_database_that_is_away(project: Project) -> None:
    (project.path / "file").touch()
    with pytest.raises(CannotRunError, match=r"history\.db"):
        metrics.run(project.path, {"XPTASKS_HISTORY__URL": "sqlite:///file/history.db"}, Asked())
