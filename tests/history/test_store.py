"""The store on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from xptasks.history.database import url_of
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.store import Added, Query, Store


def probe(at: float, *key: object, project: str = "projects", **columns: str) -> HistoryEvent:
    return event(Kind.PROBE, at, project, *(key or (at,)), **columns)


def test_what_is_added_is_read_by_time_then_id(store: Store) -> None:
    brought = [probe(at, at, number) for at in (3.0, 1.0, 2.5) for number in range(20)]
    assert store.add(brought) == Added(60, 0)
    assert store.events() == sorted(brought, key=lambda each: (each.at, each.id))


def test_each_id_is_kept_once_and_the_first_counts(store: Store) -> None:
    first, again = probe(1.0, "x", change="a"), probe(2.0, "x", change="b")
    assert store.add([first, again, probe(3.0)]) == Added(2, 1)
    assert store.add([again]) == Added(0, 1)
    assert [each.change for each in store.events()] == ["a", ""]


def test_events_of_a_window(store: Store) -> None:
    store.add([probe(float(at)) for at in range(10)])
    assert [each.at for each in store.events(2, 5)] == [2, 3, 4]
    assert [each.at for each in store.events(since=8)] == [8, 9]
    assert [each.at for each in store.events(until=2)] == [0, 1]
    assert [each.at for each in store.find(Query(last=3))] == [7, 8, 9]
    assert [each.at for each in store.find(Query(until=5, last=2))] == [3, 4]


@pytest.mark.parametrize(
    "query",
    [Query(change="c"), Query(commit="c"), Query(deployment="c"), Query(kinds=(Kind.LANDED, Kind.FLAKE))],
    ids=str,
)
def test_events_of_one_thing(store: Store, query: Query) -> None:
    wanted = event(Kind.LANDED, 5.0, "projects", change="c", commit="c", deployment="c")
    store.add([wanted, probe(1.0), probe(9.0, change="d", commit="d", deployment="d")])
    assert store.find(query) == [wanted]


def test_projects_that_share_a_database_do_not_see_each_other(store: Store) -> None:
    store.add([probe(1.0), probe(2.0, project="other")])
    assert [each.project for each in store.events()] == ["projects"]


def test_hostile_texts_are_kept_alike(store: Store) -> None:
    brought = event(
        Kind.PROBE, 1.5, "projects", "x", change="a\0b\udc80é🍎", actor="human:'; DROP TABLE", said="\0\udc80\u2028"
    )
    store.add([brought])
    (kept,) = store.events()
    assert kept.change == "a\\x00b\\udc80é🍎"
    assert kept.actor == brought.actor
    assert kept.data == brought.data


def test_numbers_survive(store: Store) -> None:
    data: dict[str, Any] = {
        "big": 2**80,
        "small": 5e-324,
        "third": 1 / 3,
        "many": 10**400,
        "list": [1, None, True, {"a": []}],
    }
    brought = event(Kind.PROBE, 1_796_000_000.123_456_7, "projects", "x", **data)
    store.add([brought])
    assert store.events() == [brought]


def test_nothing_to_add_is_no_transaction(store: Store) -> None:
    assert store.add([]) == Added(0, 0)


def test_thousands_at_once(store: Store) -> None:
    brought = [probe(float(at)) for at in range(5000)]
    assert store.add(brought) == Added(5000, 0)
    assert store.add([*brought, probe(-1.0)]) == Added(1, 5000)


@contextmanager
def changed(url: str, statement: str) -> Iterator[None]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
        yield
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE xptasks_events SET at = 2",
        "DELETE FROM xptasks_events",
        "DELETE FROM xptasks_events WHERE at > 0",
        pytest.param("TRUNCATE xptasks_events", id="truncate"),
    ],
)
def test_what_was_added_stays(store: Store, url: str, statement: str) -> None:
    if statement.startswith("TRUNCATE") and url.startswith("sqlite"):
        pytest.skip("SQLite has no TRUNCATE")
    store.add([probe(1.0)])
    with pytest.raises(DBAPIError, match=r"only (added|inv history-prune)"), changed(url, statement):
        pass
    assert [each.at for each in store.events()] == [1.0]


def test_nor_is_it_replaced(store: Store, url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL has no REPLACE")
    store.add([probe(1.0)])
    columns = "id, 7, kind, project, change_id, commit_id, deployment, actor, data"
    with changed(url, f"INSERT OR REPLACE INTO xptasks_events SELECT {columns} FROM xptasks_events"):  # noqa: S608
        assert [each.at for each in store.events()] == [1.0]


def test_kinds_of_a_later_version_are_left_out(store: Store, url: str) -> None:
    store.add([probe(1.0)])
    values = "'ff', 5, 'teleported', 'projects', '', '', '', '', '{}'"
    with changed(url, f"INSERT INTO xptasks_events VALUES ({values})"):  # noqa: S608
        assert [each.at for each in store.events()] == [1.0]


def test_it_is_there_when_it_is_opened_again(url: str, tmp_path: Path) -> None:
    for at in (1.0, 2.0):
        store = Store(url_of(url, tmp_path), "projects")
        store.add([probe(at)])
        store.close()
    store = Store(url_of(url, tmp_path), "projects")
    assert [each.at for each in store.events()] == [1.0, 2.0]
    store.close()
