"""The journal of deployments: SQLite, written before each act and after it, and never half.

It fails closed: what cannot be journalled is not done. `synchronous = FULL` makes an entry survive a power cut, the
write-ahead log lets `deploy-status` read while a supervisor writes. Entries are only ever added.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xptasks.delivery.machine import Entry, State, replay
from xptasks.delivery.plan import Plan, Stage
from xptasks.errors import CannotRunError

_VERSION = 1
_PATIENCE = 5.0  # seconds that a writer waits for another one
_SCHEMA = (
    "CREATE TABLE deployments (id INTEGER PRIMARY KEY, opened REAL NOT NULL, plan TEXT NOT NULL) STRICT",
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        deployment INTEGER NOT NULL REFERENCES deployments (id),
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX entries_of ON entries (deployment, id)",
    "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE (ABORT, 'entries are only added'); END",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment with all its entries."""

    number: int
    plan: Plan
    entries: tuple[Entry, ...]

    @property
    def state(self) -> State:
        """What the entries add up to."""
        return replay(self.entries)


class Journal:
    """The deployments of one target on one host, in one file.

    Raises:
        CannotRunError: from every method, when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: sqlite3.Connection | None = None
        self._turn = threading.RLock()
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")  # of two processes that begin together one finds all of it
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in {0, _VERSION}:
                raise CannotRunError(
                    f"{path} was written by another version of xptasks (format {version}, this one knows {_VERSION})",
                    hint="use the version that wrote it, or end its deployments with `inv deploy-down` of that version",
                )
            for statement in () if version else (*_SCHEMA, f"PRAGMA user_version = {_VERSION}"):
                connection.execute(statement)
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The one connection of this object, for one thread at a time; what goes wrong closes it."""
        with self._turn, self._told_as_ours():
            if self._open is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._open = sqlite3.connect(
                    self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
                )
                self._open.execute("PRAGMA journal_mode = WAL")
                self._open.execute("PRAGMA synchronous = FULL")
            yield self._open

    @contextmanager
    def _told_as_ours(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise CannotRunError(
                f"the journal {self.path} cannot be used: {error}",
                hint="free the disk or mend the rights; a journal that is damaged is moved away by hand, and the next"
                " deployment then takes what serves now as the old release",
            ) from error
        except BaseException:
            self.close()  # ends the transaction that was begun
            raise

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def open(self, plan: Plan, at: float, **data: object) -> int:
        """Begin a deployment and return its number."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "INSERT INTO deployments (opened, plan) VALUES (?, ?) RETURNING id", (at, json.dumps(asdict(plan)))
            ).fetchone()
            self._insert(connection, row[0], Entry(at, "opened", data))
            connection.execute("COMMIT")
        return int(row[0])

    def add(self, deployment: int, entry: Entry) -> None:
        """Add an entry; when this returns, the entry survives a crash of the machine."""
        with self._connection() as connection:
            self._insert(connection, deployment, entry)

    def _insert(self, connection: sqlite3.Connection, deployment: int, entry: Entry) -> None:
        connection.execute(
            "INSERT INTO entries (deployment, at, kind, data) VALUES (?, ?, ?, ?)",
            (deployment, entry.at, entry.kind, json.dumps(dict(entry.data))),
        )

    def deployment(self, number: int) -> Deployment:
        """The deployment of this number; raises LookupError when there is none."""
        with self._connection() as connection:
            row = connection.execute("SELECT plan FROM deployments WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise LookupError(number)
            return Deployment(number, plan_of(json.loads(row[0])), self._of(connection, number))

    def latest(self) -> Deployment | None:
        """The deployment that began last."""
        return next(iter(self.deployments(limit=1)), None)

    def deployments(self, limit: int = 50) -> list[Deployment]:
        """The newest deployments, newest first."""
        with self._connection() as connection:
            rows = connection.execute("SELECT id, plan FROM deployments ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
            return [
                Deployment(number, plan_of(json.loads(plan)), self._of(connection, number)) for number, plan in rows
            ]

    def _of(self, connection: sqlite3.Connection, number: int) -> tuple[Entry, ...]:
        rows = connection.execute(
            "SELECT at, kind, data FROM entries WHERE deployment = ? ORDER BY id", (number,)
        ).fetchall()
        return tuple(Entry(at, kind, json.loads(data)) for at, kind, data in rows)


def plan_of(data: Mapping[str, Any]) -> Plan:
    """A plan from its JSON."""
    return Plan(**{**data, "stages": tuple(Stage(**stage) for stage in data["stages"])})
