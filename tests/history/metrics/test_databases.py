"""Every story through a database: the report is the same to the byte as without one, and on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.history.metrics.storybook import read, stories
from xptasks.history.database import url_of
from xptasks.history.metrics.formats import json
from xptasks.history.metrics.report import report
from xptasks.history.store import Store

pytestmark = pytest.mark.pr


def through(url: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The report of each story, all in one database, each as a project of its own."""
    for path in stories():
        story = read(path, path.stem)
        store = Store(url_of(url, folder), path.stem)
        added = store.add(story.events)
        kept = json.show(report(store.events(), path.stem, story.window))
        store.close()
        if not added.followed:  # else the store has concluded something, which belongs to the history as well
            assert kept == json.show(report(story.events, path.stem, story.window)), path.stem
        yield path.stem, kept


@pytest.fixture
def empty(postgres: str) -> str:
    """An empty PostgreSQL database."""
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS stories WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE stories"))
    engine.dispose()
    return make_url(postgres).set(database="stories").render_as_string(hide_password=False)


def test_a_database_says_what_the_story_says(tmp_path: Path) -> None:
    assert len(dict(through(f"sqlite:///{tmp_path}/stories.db", tmp_path))) == len(stories())


@pytest.mark.slow
def test_both_databases_say_the_same(empty: str, tmp_path: Path) -> None:
    assert dict(through(empty, tmp_path)) == dict(through(f"sqlite:///{tmp_path}/stories.db", tmp_path))
