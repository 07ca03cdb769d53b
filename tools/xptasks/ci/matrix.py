"""Which jobs check what: tiers times Pythons, for one event. Pure; what GitHub makes a matrix of.

No tier can be split over machines yet, so there is one job for a tier and a Python, and no word about shards.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from xptasks.errors import UsageError

SCHEDULE, DISPATCH = "schedule", "workflow_dispatch"


@dataclass(frozen=True, slots=True)
class Row:
    """One job of the gate.

    Attributes:
        tier: what it runs.
        python: on which version.
        minutes: how long it may take.
    """

    tier: str
    python: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why the workflow runs.

    Attributes:
        event: GitHub's name of it.
        schedule: the cron line that it was, for a schedule.
        tier: what a human asked for, else empty.
    """

    event: str = "push"
    schedule: str = ""
    tier: str = ""


def rows(
    occasion: Occasion, *, gate: str, minutes: Mapping[str, int], schedules: Mapping[str, str], pythons: Sequence[str]
) -> tuple[Row, ...]:
    """The jobs, never none.

    Raises:
        UsageError: no tier has that name, or no tier that schedule.
    """
    tiers = _tiers(occasion, gate, minutes, schedules)
    return tuple(Row(tier, python, minutes[tier]) for tier in tiers for python in pythons)


def _tiers(occasion: Occasion, gate: str, minutes: Mapping[str, int], schedules: Mapping[str, str]) -> tuple[str, ...]:
    if occasion.tier:
        if occasion.tier not in minutes:
            raise UsageError(f"there is no tier {occasion.tier!r}", hint=f"the tiers are: {', '.join(minutes)}")
        return (occasion.tier,)
    if occasion.event != SCHEDULE:
        return (gate,)
    due = tuple(tier for tier, cron in schedules.items() if cron == occasion.schedule)
    if not due:
        known = ", ".join(f"{cron} ({tier})" for tier, cron in schedules.items()) or "none"
        raise UsageError(f"no tier runs at {occasion.schedule!r}", hint=f"the schedules are: {known}")
    return due


def as_json(found: Sequence[Row]) -> str:
    """One line, as `strategy.matrix` understands it."""
    return json.dumps({"include": [asdict(row) for row in found]})


def as_text(found: Sequence[Row]) -> str:
    """A line a job."""
    return "".join(f"{row.tier}  Python {row.python}  at most {row.minutes} min\n" for row in found)
