"""What a watcher does for the history besides: carries the journal at once, and has the outbox emptied in time."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.repository import Project
from xptasks import config
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan
from xptasks.history import outbox
from xptasks.history.events import HistoryEvent, Kind
from xptasks.loop import history, watching
from xptasks.loop.recording import Recorder
from xptasks.loop.target import opened
from xptasks.system import detached

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.mark.pr
def test_what_deployments_do_is_recorded_at_once_and_delivered_in_time(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": str(TOOLS),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    home = project.path / ".git" / "xptasks"
    loaded = config.load(project.path, environ={}).config

    def waiting() -> list[HistoryEvent]:
        return [event for path in outbox.waiting(home, "small") for event in outbox.read(path)]

    with opened(loaded, project.path, environ) as place:
        chores = watching._Chores(place, Recorder(project.path))
        number = place.target.journal.open(Plan("a", None), 10.0)
        chores()
        assert [each.kind for each in waiting()] == [Kind.DEPLOY_STARTED]
        assert waiting()[0].deployment == f"{place.name}/{number}"
        place.target.journal.add(number, Entry(11.0, "closed", {"outcome": "promoted", "why": "x"}))
        chores()
        chores()
        assert [each.kind for each in waiting()] == [Kind.DEPLOY_STARTED, Kind.DEPLOY_FULL]
        monkeypatch.setattr(watching, "_DELIVERY", 0.0)
        chores()
        record = place.target.home / "processes" / "delivery.json"
        give_up = time.monotonic() + 60
        while waiting() or detached.is_alive(record):
            assert time.monotonic() < give_up, (place.target.home / "logs" / "delivery.log").read_text()
            time.sleep(0.05)
    with history.store_of(loaded, project.path, {}) as store:
        assert [each.kind for each in store.events()] == [Kind.DEPLOY_STARTED, Kind.DEPLOY_FULL]


def test_whoever_reads_sees_also_what_nobody_has_carried(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    loaded = config.load(project.path, environ={}).config
    with opened(loaded, project.path, environ) as place:
        place.target.journal.open(Plan("a", None), 10.0)
    for _ in range(2):
        with history.opened(loaded, project.path, environ) as store:
            assert [each.kind for each in store.events()] == [Kind.DEPLOY_STARTED]
