"""The door to the database: from a URL to transactions, and from every way to fail to one clear message."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from xptasks.errors import CannotRunError, ConfigError
from xptasks.history import migrating
from xptasks.settings import mask

_PATIENCE = 30  # seconds that a writer waits for another one
_CONNECT = 5  # seconds until a server counts as away
_LOCK = 0x78_70_68_69  # of PostgreSQL's advisory locks, ours
_POSTGRES = frozenset({"postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"})
_HINTS = (
    ("malformed", "damaged"),
    ("not a database", "damaged"),
    ("readonly", "let it be written, and its folder"),
    ("unable to open", "let it be read and written, and its folder"),
    ("full", "free the disk"),
    ("locked", "another process holds it; try again, or end that process"),
)
_DAMAGED = (
    "move the file away and run this again: a new one is begun with what waits in the outbox; `inv history-import` "
    "brings back what CI kept"
)


def file_url(path: Path) -> URL:
    """A SQLite file."""
    return URL.create("sqlite", database=str(path))


def url_of(words: str, project: Path) -> URL:
    """The database that a text names; a file is relative to the project.

    Raises:
        ConfigError: it names none that can be used. The message does not repeat it: it may hold a password.
    """
    hint = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        url = make_url(words)
    except (ArgumentError, ValueError):
        raise ConfigError("the database of [history] url cannot be read", where="xpconfig.toml", hint=hint) from None
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return url.set(database=str(project / url.database))
    problem = f"[history] url names a database that keeps no history: {url.drivername}"
    raise ConfigError(problem, where="xpconfig.toml", hint=hint)


class Database:
    """Transactions at a database whose schema is that of this version.

    Args:
        url: of `url_of`.

    Raises:
        CannotRunError: the database cannot be used, from every method.
    """

    def __init__(self, url: URL) -> None:
        self.name = url.database or "" if url.drivername == "sqlite" else url.set(query={}).render_as_string()
        self._secret = str(url.password or "")
        with self._told_as_ours():
            if url.drivername == "sqlite":
                Path(self.name).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(url)
        try:
            self._bring_up()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of things."""
        with self._told_as_ours(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction beside which nobody else writes; when the block has ended, the disk has it."""
        with self._told_as_ours(), self._engine.connect() as connection:
            connection.execution_options(xptasks_writes=True)
            with connection.begin():
                if self.dialect == "postgresql":
                    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}s'"))
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def _bring_up(self) -> None:
        with self.reading() as connection:
            if migrating.is_current(connection, self.name):
                return
        with self.writing() as connection:
            if not migrating.is_current(connection, self.name):  # somebody else may have been faster
                migrating.upgrade(connection)

    @contextmanager
    def _told_as_ours(self) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            hint = "install xptasks[postgres] where `inv` runs"
            raise CannotRunError(f"the driver of the database is not installed: {error}", hint=hint) from None
        except (SQLAlchemyError, OSError) as error:
            raise self._told(error) from None

    def _told(self, error: Exception) -> CannotRunError:
        reason = error.orig if isinstance(error, DBAPIError) else error
        said = mask((str(reason).strip().splitlines() or [type(reason).__name__])[0], [self._secret])
        return CannotRunError(f"the history {self.name} cannot be used: {said}", hint=self._hint(said))

    def _hint(self, said: str) -> str:
        found = next((hint for word, hint in _HINTS if word in said), "")
        if found == "damaged":
            return _DAMAGED
        return found or "see that it runs, and that [history] url names it; nothing is lost meanwhile"


def _engine(url: URL) -> Engine:
    if url.drivername != "sqlite":
        return create_engine(url, connect_args={"connect_timeout": _CONNECT}, pool_size=1, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """The write-ahead log lets others read meanwhile; what was committed survives a power cut."""
    connection.isolation_level = None  # we begin transactions ourselves, so that they hold changes of the schema, too
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("xptasks_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
