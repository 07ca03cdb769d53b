"""Deletes what is older than the history is kept, and knows which figures that leaves as they were."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from xptasks.history.events import Kind
from xptasks.history.schema import events as table
from xptasks.history.schema import prunings

_SIGNS = 3600.0  # seconds after which a sign of life says nothing about the next one


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is deleted, or would be.

    Attributes:
        until: everything before it, in seconds since the epoch.
        events: how many events that are.
        exact: windows that begin here or later have the figures that they had: nothing in them reaches back to what
            was deleted.
        alone: nobody has stepped in since `until`, so the stretch that goes on now counts from there.
    """

    until: float
    events: int
    exact: float
    alone: bool


def plan(connection: Connection, project: str, until: float) -> Pruning:
    """What deleting everything before a moment would do."""
    gone = and_(table.c.project == project, table.c.at < until)
    number = connection.scalar(select(func.count()).select_from(table).where(gone)) or 0
    if not number:
        return Pruning(until, 0, until, alone=False)
    stepped_in = _first_intervention(connection, project, until)
    ends = [until + _SIGNS, stepped_in or until, *_reaching_back(connection, project, until)]
    return Pruning(until, number, max(ends), alone=stepped_in is None)


def prune(connection: Connection, project: str, until: float, at: float) -> Pruning:
    """Delete everything before a moment, in the caller's transaction."""
    planned = plan(connection, project, until)
    if not planned.events:
        return planned
    row = {"project": project, "at": at, "until": until, "exact": planned.exact}
    number = connection.execute(insert(prunings).values(row).returning(prunings.c.id)).scalar_one()
    connection.execute(delete(table).where(table.c.project == project, table.c.at < until))
    connection.execute(update(prunings).where(prunings.c.id == number).values(events=planned.events))
    return planned


def kept_since(connection: Connection) -> dict[str, float]:
    """From when on each project's events are kept, where some were deleted."""
    rows = connection.execute(select(prunings.c.project, func.max(prunings.c.until)).group_by(prunings.c.project))
    return {str(project): float(until) for project, until in rows}


def exact_since(connection: Connection, project: str) -> float | None:
    """From when on windows have the figures that they had before anything was deleted; None if nothing was."""
    found: float | None = connection.scalar(select(func.max(prunings.c.exact)).where(prunings.c.project == project))
    return found


def _reaching_back(connection: Connection, project: str, until: float) -> Iterator[float]:
    """When the last event was of each change, commit, deployment and incident that was there before `until`."""
    mine = table.c.project == project
    for column in (table.c.change_id, table.c.commit_id, table.c.deployment):
        old = select(column).where(mine, table.c.at < until, column != "").distinct()
        last = connection.scalar(select(func.max(table.c.at)).where(mine, table.c.at >= until, column.in_(old)))
        if last is not None:
            yield last
    yield from _incidents(connection, project, until)


def _incidents(connection: Connection, project: str, until: float) -> Iterator[float]:
    """When each incident ended that was open at `until`."""
    kinds = (str(Kind.INCIDENT_OPENED), str(Kind.INCIDENT_CLOSED))
    rows = connection.execute(
        select(table.c.at, table.c.kind, table.c.data)
        .where(table.c.project == project, table.c.kind.in_(kinds))
        .order_by(table.c.at, table.c.id)
    )
    open_then: set[str] = set()
    for at, kind, data in rows:
        incident = json.loads(data).get("incident", "")
        if at < until:
            (open_then.add if kind == kinds[0] else open_then.discard)(incident)
        elif kind == kinds[1] and incident in open_then:
            open_then.discard(incident)
            yield at


def _first_intervention(connection: Connection, project: str, until: float) -> float | None:
    later = and_(table.c.kind == str(Kind.INTERVENTION), table.c.project == project, table.c.at >= until)
    found: float | None = connection.scalar(select(func.min(table.c.at)).where(later))
    return found
