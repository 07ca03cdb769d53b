"""The watcher's part of the history: incidents that outlive it."""

from pathlib import Path
from typing import Any

import pytest

from xptasks.history.events import HistoryEvent, Kind
from xptasks.loop.diary import Diary


class Book:
    """A watcher after the other at one target."""

    def __init__(self, folder: Path) -> None:
        self.memory = folder / "incident.json"
        self.events: list[HistoryEvent] = []
        self._watchers = 0

    def opened(self, *names: str) -> Diary:
        self._watchers += 1
        diary = Diary(self.record, "small", "local@host", self.memory, f"w{self._watchers}")
        diary.begin(float(self._watchers), names or ("api", "health"))
        return diary

    def record(self, *events: HistoryEvent) -> None:
        self.events.extend(events)

    def of(self, *kinds: Kind) -> list[HistoryEvent]:
        return [each for each in self.events if each.kind in kinds]

    def incidents(self) -> list[tuple[str, float, Any]]:
        found = self.of(Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED)
        return [(str(each.kind), each.at, each.data.get("how", each.data.get("why"))) for each in found]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_probes_that_fail_together_are_one_incident(book: Book) -> None:
    diary = book.opened()
    diary.down(10.0, "api", "503", 8.0, "local@host/7")
    diary.down(11.0, "health", "timeout", 9.0, "")
    diary.down(12.0, "api", "503 still", 8.0, "")
    diary.up(20.0, "api")
    diary.up(21.0, "health")
    assert book.incidents() == [("incident-opened", 10.0, "api failed: 503"), ("incident-closed", 21.0, "well again")]
    opened, closed = book.of(Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED)
    assert (opened.deployment, opened.data["began"]) == ("local@host/7", 8.0)
    assert (closed.deployment, closed.data["incident"]) == ("local@host/7", opened.data["incident"])
    assert [(each.data["probe"], each.data["state"]) for each in book.of(Kind.PROBE)] == [
        ("api", "down"),
        ("health", "down"),
        ("api", "up"),
        ("health", "up"),
    ]


def test_the_next_watcher_ends_what_the_last_one_began(book: Book) -> None:
    book.opened().down(10.0, "api", "503", 8.0, "local@host/7")
    diary = book.opened()
    assert book.of(Kind.WATCH_STARTED)[-1].data["probes"] == {"api": "down"}
    diary.down(30.0, "api", "503", 29.0, "")
    diary.rolled_back()
    book.opened().up(40.0, "api")
    assert book.incidents() == [("incident-opened", 10.0, "api failed: 503"), ("incident-closed", 40.0, "rolled back")]
    book.opened().down(50.0, "api", "503", 50.0, "")
    assert [kind for kind, *_ in book.incidents()] == ["incident-opened", "incident-closed", "incident-opened"]
    assert len({each.id for each in book.events}) == len(book.events)


def test_an_incident_of_a_probe_that_is_gone_ends(book: Book) -> None:
    book.opened().down(10.0, "api", "503", 8.0, "")
    diary = book.opened("health")
    assert book.incidents()[-1] == ("incident-closed", 2.0, "its probes are gone")
    diary.looked("health")
    diary.alive(60.0)
    assert book.of(Kind.WATCH_ALIVE)[0].data["probes"] == {"health": "up"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "x"}', '{"id": "x", "down": 3, "deployment": "", "how": ""}'])
def test_a_damaged_memory_is_none(book: Book, text: str) -> None:
    book.memory.write_text(text)
    book.opened().down(10.0, "api", "503", 8.0, "")
    assert [kind for kind, *_ in book.incidents()] == ["incident-opened"]


def test_without_a_memory_nothing_is_kept(tmp_path: Path) -> None:
    found: list[HistoryEvent] = []
    diary = Diary(lambda *events: found.extend(events), "small", "local@host")
    diary.begin(1.0, ["api"])
    diary.down(2.0, "api", "503", 2.0, "")
    diary.up(3.0, "api")
    diary.end(4.0)
    assert len(found) == 6
    assert list(tmp_path.iterdir()) == []
