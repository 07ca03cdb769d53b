import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from xptasks.history import outbox
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.loop.recording import Recorder


def _events(*numbers: int) -> list[HistoryEvent]:
    return [event(Kind.PROBE, float(number), "projects", number) for number in numbers]


def test_what_is_put_is_delivered_in_order_and_once(tmp_path: Path) -> None:
    stored: list[HistoryEvent] = []
    assert outbox.put(tmp_path, _events(1, 2)) == ""
    assert outbox.put(tmp_path, _events(3)) == ""
    assert outbox.deliver(tmp_path, "projects", stored.extend).events == 3
    assert stored == _events(1, 2, 3)
    assert outbox.deliver(tmp_path, "projects", stored.extend).events == 0
    assert outbox.waiting(tmp_path, "projects") == []


def test_a_store_that_is_away_loses_nothing(tmp_path: Path) -> None:
    outbox.put(tmp_path, _events(1))
    outbox.put(tmp_path, _events(2))

    def away(_: Sequence[HistoryEvent]) -> None:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError):
        outbox.deliver(tmp_path, "projects", away)
    stored: list[HistoryEvent] = []
    assert outbox.deliver(tmp_path, "projects", stored.extend).events == 2


def test_a_damaged_file_is_put_aside_and_holds_up_nobody(tmp_path: Path) -> None:
    outbox.put(tmp_path, _events(1))
    (tmp_path / "outbox" / "projects" / "00000000000000000001-1-x.jsonl").write_text("{", encoding="utf-8")
    stored: list[HistoryEvent] = []
    assert outbox.deliver(tmp_path, "projects", stored.extend).events == 1
    assert [path.name for path in (tmp_path / "outbox" / "projects" / "damaged").iterdir()] == [
        "00000000000000000001-1-x.jsonl"
    ]


def test_worktrees_of_a_clone_share_one_folder(tmp_path: Path) -> None:
    clone, other = tmp_path / "clone", tmp_path / "other"
    for words in (["init", "-q", str(clone)], ["-C", str(clone), "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], check=True)
    subprocess.run(["git", "-C", str(clone), "worktree", "add", "-q", str(other)], check=True)
    assert outbox.folder(clone) == outbox.folder(other) == clone / ".git" / "xptasks"


def test_without_git_the_history_stays_in_the_project(tmp_path: Path) -> None:
    assert outbox.folder(tmp_path) == tmp_path / ".xp" / "history"


def test_a_recorder_that_cannot_write_says_so_once_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".xp").write_text("a file where a folder should be")
    told: list[str] = []
    record = Recorder(tmp_path, told.append)
    record(*_events(1))
    record(*_events(2))
    assert len(told) == 1
    assert "history cannot be written" in told[0]
