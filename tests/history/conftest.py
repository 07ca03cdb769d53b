"""A history on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.postgres import server
from xptasks.history.database import url_of
from xptasks.history.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    yield from server()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.pr)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'history.db'}"
        return
    engine = create_engine(request.getfixturevalue("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS history WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE history"))
    engine.dispose()
    yield make_url(request.getfixturevalue("postgres")).set(database="history").render_as_string(hide_password=False)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = Store(url_of(url, tmp_path), "projects")
    yield opened
    opened.close()
