"""The events of a project in a database: added once each, read in one order, never changed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Insert, RowMapping, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from xptasks.history import evidence, retention
from xptasks.history.database import Database
from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.retention import Pruning
from xptasks.history.schema import events as table

_AT_ONCE = 500  # ids in one question: SQLite allows 999 parameters in old versions


@dataclass(frozen=True, slots=True)
class Added:
    """What became of events that were brought.

    Attributes:
        new: events that were not there.
        known: events that were.
        followed: events that follow from the new ones together with older ones: see `evidence`.
        expired: events that are older than what is kept.
    """

    new: int = 0
    known: int = 0
    followed: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What the history of a project holds; times are seconds since the epoch.

    Attributes:
        events: how many.
        first, last: when the first and the last was; None without any.
        kinds: how many of each kind.
        kept_since: what was before that is deleted; None if nothing is.
        exact_since: windows that begin here or later have the figures that they had before; None if nothing is deleted.
    """

    events: int
    first: float | None
    last: float | None
    kinds: Mapping[str, int]
    kept_since: float | None
    exact_since: float | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which events; what is empty does not restrict.

    Attributes:
        since, until: seconds since the epoch; the first belongs to it, the last does not.
        kinds: what happened.
        change, commit, deployment: of which one.
        last: at most so many, the newest.
    """

    since: float | None = None
    until: float | None = None
    kinds: tuple[Kind, ...] = ()
    change: str = ""
    commit: str = ""
    deployment: str = ""
    last: int | None = None


class Store:
    """The history of one project; every method is one transaction, and several processes may work at once.

    Args:
        url: the database.
        project: whose events are read; any project's are added.

    Raises:
        CannotRunError: the database cannot be used, from every method.
    """

    def __init__(self, url: URL, project: str) -> None:
        self.project = project
        self._database = Database(url)

    @property
    def name(self) -> str:
        """The database, without its password."""
        return self._database.name

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def add(self, events: Sequence[HistoryEvent]) -> Added:
        """Keep events, each id once: the first that is told counts. All of them are kept, or none."""
        if not events:
            return Added()
        with self._database.writing() as connection:
            since = retention.kept_since(connection)
            kept = [event for event in events if event.at >= since.get(event.project, -inf)]
            new = self._add(connection, kept)
            followed = self._add(connection, list(_following(connection, new)))
        return Added(len(new), len(kept) - len(new), len(followed), len(events) - len(kept))

    def _add(self, connection: Connection, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
        """Keep events; those that were not there."""
        brought = {event.id: event for event in reversed(events)}
        known = _known(connection, brought)
        new = [event for event in brought.values() if event.id not in known]
        if new:
            connection.execute(self._insert(), [_row(event) for event in new])
        return new

    def _insert(self) -> Insert:
        if self._database.dialect == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing()
        return sqlite.insert(table).on_conflict_do_nothing()

    def prune(self, until: float, at: float, *, really: bool) -> Pruning:
        """Delete the project's events from before a moment, for good; what comes later from then is not added.

        Args:
            until: seconds since the epoch.
            at: now.
            really: False only says what would be deleted.
        """
        if really:
            with self._database.writing() as connection:
                return retention.prune(connection, self.project, until, at)
        with self._database.reading() as connection:
            return retention.plan(connection, self.project, until)

    def summary(self) -> Summary:
        """How many events there are, and from when to when."""
        mine = table.c.project == self.project
        times = select(func.count(), func.min(table.c.at), func.max(table.c.at)).where(mine)
        kinds = select(table.c.kind, func.count()).where(mine).group_by(table.c.kind)
        with self._database.reading() as connection:
            count, first, last = connection.execute(times).one()
            found = {str(kind): int(number) for kind, number in connection.execute(kinds)}
            kept, exact = retention.kept_since(connection), retention.exact_since(connection, self.project)
        return Summary(count, first, last, dict(sorted(found.items())), kept.get(self.project), exact)

    def events(self, since: float | None = None, until: float | None = None) -> list[HistoryEvent]:
        """The project's events by time, then id.

        Args:
            since: seconds since the epoch; what happened then belongs to it.
            until: seconds since the epoch; what happened then does not.
        """
        return self.find(Query(since, until))

    def find(self, query: Query) -> list[HistoryEvent]:
        """The project's events that a query is about, by time, then id. Kinds of a later version are left out."""
        newest = query.last is not None
        order = (table.c.at.desc(), table.c.id.desc()) if newest else (table.c.at, table.c.id)
        wanted = select(table).where(and_(table.c.project == self.project, *_conditions(query))).order_by(*order)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(query.last)).mappings().all()
        found = [_event(row) for row in rows if row["kind"] in _KINDS]
        return found[::-1] if newest else found


_KINDS = frozenset(Kind)


def _following(connection: Connection, new: Iterable[HistoryEvent]) -> Iterator[HistoryEvent]:
    """What follows from new runs and the older ones of their commits."""
    for project, commit in sorted({(each.project, each.commit) for each in new if each.kind in evidence.KINDS}):
        if commit:
            of_commit = and_(table.c.commit_id == _storable(commit), table.c.project == _storable(project))
            kinds = table.c.kind.in_([str(kind) for kind in evidence.KINDS])
            rows = connection.execute(select(table).where(of_commit, kinds).order_by(table.c.at, table.c.id))
            yield from evidence.of_commit(_event(row) for row in rows.mappings())


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield table.c.at >= query.since
    if query.until is not None:
        yield table.c.at < query.until
    if query.kinds:
        yield table.c.kind.in_([str(kind) for kind in query.kinds])
    named = {"change_id": query.change, "commit_id": query.commit, "deployment": query.deployment}
    for column, value in named.items():
        if value:
            yield table.c[column] == value


def _known(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these are there; nobody adds one meanwhile."""
    asked = sorted(ids)
    parts = [asked[start : start + _AT_ONCE] for start in range(0, len(asked), _AT_ONCE)]
    return {row for part in parts for row in connection.scalars(select(table.c.id).where(table.c.id.in_(part)))}


def _row(event: HistoryEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": str(event.kind),
        "project": _storable(event.project),
        "change_id": _storable(event.change),
        "commit_id": _storable(event.commit),
        "deployment": _storable(event.deployment),
        "actor": _storable(event.actor),
        "data": json.dumps(event.data, sort_keys=True, separators=(",", ":")),
    }


def _storable(text: str) -> str:
    """A text without what only one of the databases keeps: NUL and half characters are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _event(row: RowMapping | Mapping[str, Any]) -> HistoryEvent:
    return HistoryEvent(
        row["id"],
        row["at"],
        Kind(row["kind"]),
        row["project"],
        row["change_id"],
        row["commit_id"],
        row["deployment"],
        row["actor"],
        json.loads(row["data"]),
    )
