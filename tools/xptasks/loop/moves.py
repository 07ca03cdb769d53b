"""What the ratchets tell the history after a landing: floors that moved, and entries that loosen one. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from xptasks.config.settings import Config
from xptasks.history.events import Actor, HistoryEvent, Intervention, Kind, event
from xptasks.quality import ratchets
from xptasks.quality.ratchets import Exemption, Floors, Move


def events(
    config: Config, recorded: Floors, moves: Iterable[Move], commit: str, now: dt.datetime
) -> list[HistoryEvent]:
    """The events of a landing; telling them again does no harm.

    Args:
        config: the trunk's configuration.
        recorded: the floors that were recorded before.
        moves: what tightening did.
        commit: the commit that was measured.
        now: the moment.
    """
    found = [_moved(config, move, commit, now) for move in moves if move.moved]
    for item in ratchets.exemptions(config.ratchets, now.date()):
        if not item.expired:
            found += _loosened(config, recorded, item, commit, now)
    return found


def _moved(config: Config, move: Move, commit: str, now: dt.datetime) -> HistoryEvent:
    told: dict[str, Any] = {"ratchet": move.ratchet, "before": move.before, "after": move.floor.value}
    unit = config.ratchets[move.ratchet].unit
    key = (move.ratchet, move.before, move.floor.value, commit)
    at, name = now.timestamp(), config.project.name
    return event(Kind.RATCHET, at, name, *key, commit=commit, unit=unit, loosened=False, **told)


def _loosened(
    config: Config, recorded: Floors, item: Exemption, commit: str, now: dt.datetime
) -> Iterator[HistoryEvent]:
    """An entry counts once, when it is first seen on the trunk, and its owner is who stepped in."""
    entry, rule = item.entry, config.ratchets[item.ratchet]
    owner = Actor("human", entry.owner)
    key = (item.ratchet, entry.value, entry.reason, entry.owner, entry.expires)
    at, name = now.timestamp(), config.project.name
    why = f"{item.ratchet} may be {entry.value:g} until {entry.expires}: {entry.reason}"
    yield event(
        Kind.RATCHET,
        at,
        name,
        "loosened",
        *key,
        commit=commit,
        actor=owner,
        ratchet=item.ratchet,
        before=ratchets.floor_of(rule, recorded.get(item.ratchet)),
        after=entry.value,
        unit=rule.unit,
        loosened=True,
    )
    told = {"intervention": str(Intervention.LOOSENED), "why": why}
    yield event(Kind.INTERVENTION, at, name, "loosened", *key, commit=commit, actor=owner, **told)
