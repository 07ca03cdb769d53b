"""The store on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest

from app.storage import NameTakenError, Store
from generated.python.models import ProjectCreate, ProjectStatus
from tests.postgres import server

# Not a whole second, and not written in UTC.
MOMENT = datetime(2026, 1, 31, 10, 30, 0, 250, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    yield from server()


@pytest.fixture(params=["memory", "file", pytest.param("postgres", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    urls = {"memory": "sqlite://", "file": f"sqlite:///{tmp_path / 'projects.sqlite3'}"}
    store = Store(urls.get(request.param) or request.getfixturevalue("postgres"))
    store.create_tables()
    yield store
    for project in store.page(1000, None, None).items:
        store.delete(project.id)
    store.close()


def test_what_was_written_is_read(store: Store) -> None:
    created = store.create(ProjectCreate(name="Äpfel 🍎", description=None), MOMENT)
    read = store.get(created.id)
    assert read == created
    assert read.created_at == MOMENT
    assert read.created_at.tzinfo is UTC
    later = MOMENT + timedelta(seconds=1)
    updated = store.update(created.id, {"description": "red", "status": ProjectStatus.PAUSED}, later)
    assert updated == created.model_copy(
        update={"description": "red", "status": ProjectStatus.PAUSED, "updated_at": later}
    )
    assert store.get(created.id) == updated
    assert (store.delete(created.id), store.delete(created.id), store.get(created.id)) == (True, False, None)


def test_names_are_unique(store: Store) -> None:
    store.create(ProjectCreate(name="one"), MOMENT)
    two = store.create(ProjectCreate(name="two"), MOMENT)
    with pytest.raises(NameTakenError):
        store.create(ProjectCreate(name="one"), MOMENT)
    with pytest.raises(NameTakenError):
        store.update(two.id, {"name": "one"}, MOMENT)
    assert [project.name for project in store.page(10, None, None).items] == ["one", "two"]


def test_what_does_not_exist(store: Store) -> None:
    assert store.get(UUID(int=1)) is None
    assert store.update(UUID(int=1), {"name": "x"}, MOMENT) is None
    store.check()


def test_many_threads_lose_nothing(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: store.create(ProjectCreate(name=f"p{number}"), MOMENT), range(24)))
    assert {project.id for project in store.page(100, None, None).items} == {project.id for project in made}


def test_tables_are_made_once_and_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'projects.sqlite3'}"
    first, second = Store(url), Store(url)
    first.create_tables()
    created = first.create(ProjectCreate(name="kept"), MOMENT)
    first.close()
    second.create_tables()
    assert second.get(created.id) == created
    second.close()
