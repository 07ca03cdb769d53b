"""Where a floor is, whether a measurement holds it, and how far it moves. Nothing here knows files, git or the clock.

A floor is the worst value that is still allowed, whichever direction is better: of coverage the least, of a response
time the most. All decisions are made in a space where more is better, so that both directions behave alike.
"""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xptasks.quality.settings import DAY, Cadence, LoosenSettings, RatchetSettings, SprintSettings

_GRID = 10_000  # floors have four places behind the point


@dataclass(frozen=True, slots=True)
class Floor:
    """A recorded floor.

    Attributes:
        value: the floor.
        window: the window of the cadence in which it last moved; empty when it never has.
    """

    value: float
    window: str = ""


Floors = Mapping[str, Floor]


@dataclass(frozen=True, slots=True)
class Exemption:
    """An entry that loosens a ratchet.

    Attributes:
        ratchet: the ratchet's name.
        number: which of its entries, from 0.
        entry: what it says.
        expired: whether it does not count any more.
    """

    ratchet: str
    number: int
    entry: LoosenSettings
    expired: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a ratchet says about a run.

    Attributes:
        ratchet: its name.
        outcome: `held`, `broken`, or `not measured`.
        floor: what counts: the recorded floor, or a looser value for a while.
        measured: the measurement, None without one.
        exempt: the entry that loosens the floor, if one does.
        why: why nothing was measured.
    """

    ratchet: str
    outcome: Literal["held", "broken", "not measured"]
    floor: float
    measured: float | None = None
    exempt: Exemption | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What tightening does with a ratchet: `floor` is what will be recorded, `why` says in words what happened."""

    ratchet: str
    before: float
    floor: Floor
    why: str

    @property
    def moved(self) -> bool:
        """Whether the floor is another one now."""
        return self.floor.value != self.before


def floor_of(rule: RatchetSettings, recorded: Floor | None) -> float:
    """The floor: what was recorded, or the start when that is stricter or nothing was recorded."""
    if recorded is None:
        return rule.start
    return rule.sign * max(rule.sign * recorded.value, rule.sign * rule.start)


def exemptions(ratchets: Mapping[str, RatchetSettings], today: dt.date) -> Iterator[Exemption]:
    """Every entry that loosens something, expired ones too."""
    for name, rule in sorted(ratchets.items()):
        for number, entry in enumerate(rule.loosen):
            yield Exemption(name, number, entry, expired=today > entry.expires)


def judge(
    name: str, rule: RatchetSettings, recorded: Floor | None, measured: float | None, exempt: Sequence[Exemption] = ()
) -> Verdict:
    """Whether a measurement holds its floor.

    Args:
        name: the ratchet.
        rule: its settings, as they count for this change.
        recorded: the floor that counts for this change.
        measured: the measurement; None or not a number is "not measured", never a pass.
        exempt: the entries that loosen it today; the loosest one counts.
    """
    floor, sign = floor_of(rule, recorded), rule.sign
    loosest = min(exempt, key=lambda item: sign * item.entry.value, default=None)
    if loosest and sign * loosest.entry.value < sign * floor:
        floor = loosest.entry.value
    else:
        loosest = None
    if measured is None or math.isnan(measured):
        return Verdict(name, "not measured", floor, exempt=loosest)
    held = sign * measured >= sign * floor
    return Verdict(name, "held" if held else "broken", floor, measured, loosest)


def tighten(
    name: str, rule: RatchetSettings, recorded: Floor | None, measured: float | None, window: str
) -> Move | None:
    """Where the floor goes: at most one step behind, never past the target, once in a window, and never back.

    Args:
        name: the ratchet.
        rule: its settings.
        recorded: the floor so far.
        measured: what the landed change measured.
        window: the window of the cadence; see `window`.

    Returns:
        The move, or None when nothing was measured.
    """
    if measured is None or not math.isfinite(measured):
        return None
    floor, sign = floor_of(rule, recorded), rule.sign
    known = Floor(floor, recorded.window if recorded else "")
    if recorded and recorded.window == window:
        return Move(name, floor, known, f"moved already in {window}")
    better = min(sign * measured - rule.slack, sign * floor + abs(rule.step), sign * rule.target)
    value = sign * _down(better) + 0.0
    if sign * value <= sign * floor:
        at_target = sign * floor >= sign * rule.target
        return Move(name, floor, known, "at its target" if at_target else f"{measured:g} is not enough to move it")
    return Move(name, floor, Floor(value, window), f"measured {measured:g}")


def _down(value: float) -> float:
    """The next value of four places that is not above; what is a hair's breadth below one counts as that one."""
    return math.floor(round(value * _GRID, 3)) / _GRID


def window(every: Cadence, now: dt.datetime, change: str, sprint: SprintSettings | None) -> str:
    """The window of a cadence: the landed change itself, the ISO week, or the first day of the sprint, in UTC.

    Args:
        every: the cadence.
        now: an aware moment.
        change: the id of the change that landed.
        sprint: when sprints begin; without it, one of two weeks began on the first Monday of 1970.
    """
    today = now.astimezone(dt.UTC).date()
    if every == "pr":
        return change
    if every == "week":
        year, week, _ = today.isocalendar()
        return f"{year}-W{week:02}"
    starts = sprint.starts if sprint else dt.date(1970, 1, 5)
    length = round((sprint.length if sprint else 14 * DAY) / DAY)
    return str(today - dt.timedelta(days=(today - starts).days % length))


def raised(floors: Floors, moves: Iterable[Move]) -> dict[str, Floor]:
    """The floors with what tightening decided."""
    return {**floors, **{move.ratchet: move.floor for move in moves}}


def lowered(ratchets: Mapping[str, RatchetSettings], before: Floors, after: Floors) -> list[str]:
    """The ratchets whose recorded floor is worse than before, or gone."""
    return [
        name
        for name, floor in sorted(before.items())
        if name not in after
        or (name in ratchets and ratchets[name].sign * after[name].value < ratchets[name].sign * floor.value)
        or (name not in ratchets and after[name].value != floor.value)
    ]
