"""A figure: its definition, said once for the report, the reference and Prometheus, and what computes it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from xptasks.history.metrics.samples import Lasting, Sample
from xptasks.history.metrics.survival import Spell
from xptasks.history.metrics.view import View

Unit = Literal["ratio", "seconds", "per_day"]
Group = Literal["Without people", "To the trunk", "To production", "In production", "DORA"]
Method = Literal["wilson", "order statistics", "poisson", "kaplan-meier", "fay-feuer", "counted"]
Goal = Literal["alone", "review", "commit_to_canary", "bad_release", "uptime"]

METHODS: Mapping[Method, str] = {
    "wilson": "Wilson's score interval of a proportion (Wilson 1927); no value from fewer than 5 cases",
    "order statistics": "the exact interval of a median between two of its values (David and Nagaraja 2003, 7.1); no "
    "value from fewer than 6, no 95th percentile from fewer than 20",
    "poisson": "the exact interval of a Poisson count (Garwood 1936)",
    "kaplan-meier": "Kaplan and Meier's estimate (1958), because some have not ended yet: the median with Brookmeyer's "
    "and Crowley's interval (1982), a mean with Greenwood's variance; no value from fewer than 6 that ended",
    "fay-feuer": "the gamma interval of Fay and Feuer (1997) for the sum of outages, which come by chance and last "
    "differently long; no value from fewer than 60 looks",
    "counted": "counted and not estimated, hence without an interval",
}
"""How values and 95 % intervals are computed."""

WITHIN = "within the target"
"""The part of a figure's values that are on the good side of its target, each by itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a figure found in the facts.

    Attributes:
        sample: what the value is estimated from.
        parts: the numerator, or the value, by what it consists of.
        notes: what was left out, and what else its reader has to know.
    """

    sample: Sample
    parts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A definition.

    Attributes:
        name: for programs; it never changes its meaning.
        title: for people, short.
        group: where it stands in the report.
        unit: of the value: a ratio between 0 and 1, seconds, or a number per day.
        meaning: what it says.
        numerator, denominator: what the value is made of.
        method: how it is estimated, and its interval.
        find: looks for it in the facts.
        goal: which target it is held against; empty for none.
        better: on which side of the target is good.
        limits: where it is only approximate; empty where it is not.
    """

    name: str
    title: str
    group: Group
    unit: Unit
    meaning: str
    numerator: str
    denominator: str
    method: Method
    find: Callable[[View], Found]
    goal: Goal | Literal[""] = ""
    better: Literal["below", "above"] = "below"
    limits: str = ""


def lasting(
    spans: Sequence[tuple[float, float | None]], now: float
) -> tuple[Lasting, Mapping[str, float], tuple[str, ...]]:
    """Sample, parts and notes of what began and ended, or, without an end, lasts until now."""
    spells = [Spell(0.0, (now if end is None else end) - begin, end is not None) for begin, end in spans]
    good = [spell for spell in spells if spell.exit > 0]
    wrong = len(spells) - len(good)
    return Lasting(good), {}, left_out((wrong, "that were over before they began: a clock is wrong"))


def left_out(*counts: tuple[int, str]) -> tuple[str, ...]:
    """Notes about what was left out: for each count that is not 0, how many of what."""
    return tuple(f"{count} {what}" for count, what in counts if count)
