"""The journal on a real disk: added to by several, killed in between, damaged, full."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, Stage
from xptasks.errors import CannotRunError

PLAN = Plan("b", "a", stages=(Stage(5, 60.0), Stage(100, 10.0)), on_crash="resume")
WRITER = """
import sys
from pathlib import Path
from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    journal.add(1, Entry(number, "noted", {"by": sys.argv[3]}))
    print(number, flush=True)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "state" / "journal.db")
    yield journal
    journal.close()


def writer(journal: Journal, count: int, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(journal.path), str(count), name],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_what_is_written_is_read_again(journal: Journal) -> None:
    number = journal.open(PLAN, 100.0, commit="c0ffee")
    journal.add(number, Entry(101.0, "stage", {"stage": 0}))
    journal.close()
    again = journal.latest()
    assert again is not None
    assert (again.number, again.plan) == (number, PLAN)
    assert again.entries == (Entry(100.0, "opened", {"commit": "c0ffee"}), Entry(101.0, "stage", {"stage": 0}))
    assert (again.state.opened, again.state.stage) == (100.0, 0)


def test_an_empty_journal_has_no_deployment(journal: Journal) -> None:
    assert journal.latest() is None


def test_the_newest_comes_first(journal: Journal) -> None:
    numbers = [journal.open(Plan(f"r{index}", None), float(index)) for index in range(5)]
    assert [found.number for found in journal.deployments(limit=3)] == numbers[:1:-1]


def test_several_writers_lose_nothing(journal: Journal) -> None:
    journal.open(PLAN, 0.0)
    writers = [writer(journal, 40, name) for name in "abc"]
    for process in writers:
        process.communicate(timeout=60)
    assert [process.returncode for process in writers] == [0, 0, 0]
    latest = journal.latest()
    assert latest is not None
    assert len(latest.entries) == 1 + 3 * 40


def test_a_writer_that_is_killed_leaves_all_that_it_was_told_is_written(journal: Journal) -> None:
    journal.open(PLAN, 0.0)
    process = writer(journal, 10_000, "a")
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    rest = process.communicate(timeout=60)[0].splitlines()
    latest = journal.latest()
    assert latest is not None
    assert len(latest.entries) - 1 >= len(told) + len([line for line in rest if line.strip()])


def test_entries_cannot_be_changed(journal: Journal) -> None:
    journal.open(PLAN, 0.0)
    with sqlite3.connect(journal.path) as connection, pytest.raises(sqlite3.IntegrityError, match="only added"):
        connection.execute("UPDATE entries SET kind = 'closed'")
    connection.close()


def test_a_damaged_journal_is_said_and_left_alone(journal: Journal) -> None:
    journal.close()
    for beside in journal.path.parent.glob("journal.db-*"):
        beside.unlink()
    journal.path.write_bytes(b"not a database" * 100)
    with pytest.raises(CannotRunError, match="cannot be used: file is not a database"):
        Journal(journal.path)
    assert journal.path.read_bytes().startswith(b"not a database")


def test_a_journal_of_another_version_is_not_touched(journal: Journal) -> None:
    connection = sqlite3.connect(journal.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CannotRunError, match="format 99"):
        Journal(journal.path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRunError, match="cannot be used"):
        Journal(tmp_path / "file" / "journal.db")


@pytest.mark.parametrize("plan", ["{garbage", "{}", '{"stages": 1}', '{"stages": [], "unknown": 1}'])
def test_a_damaged_plan_is_said_too(journal: Journal, plan: str) -> None:
    journal.open(PLAN, 0.0)
    with sqlite3.connect(journal.path) as connection:
        connection.execute("UPDATE deployments SET plan = ?", (plan,))
    connection.close()
    with pytest.raises(CannotRunError, match=r"cannot be used: .*\n.*moved away by hand"):
        journal.latest()
