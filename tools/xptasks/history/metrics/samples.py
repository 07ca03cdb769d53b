"""What a figure is made of, and how it is estimated: each kind of sample with the interval that fits it. Pure.

Too little of something is "not enough data": then there is a numerator and a denominator, and no value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from statistics import median
from typing import Protocol

from xptasks.history.metrics import intervals, survival
from xptasks.history.metrics.intervals import Interval
from xptasks.history.metrics.survival import Spell

LEAST_SHARE = 5
"""Fewer cases make no proportion."""
LEAST_TIMES = 6
"""Fewer values have a median without an interval."""
LEAST_HIGH = 20
"""Fewer values have no 95th percentile."""
LEAST_LOOKS = 60
"""Fewer looks make no share of time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure.

    Attributes:
        value: None without enough data, and when no finite value can be told.
        interval: between what the true value is to be expected.
        numerator, denominator: what the value is made of.
        enough: whether there are enough data for a value.
        details: other numbers about the same, by name.
    """

    value: float | None
    interval: Interval
    numerator: float
    denominator: float
    enough: bool
    details: Mapping[str, float] = field(default_factory=dict)


class Sample(Protocol):
    """Something that can be estimated."""

    def estimate(self) -> Estimate:
        """The figure."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many: a proportion with Wilson's interval."""

    part: int
    whole: int

    def estimate(self) -> Estimate:
        """The proportion."""
        enough = self.whole >= LEAST_SHARE
        value = self.part / self.whole if enough else None
        return Estimate(value, intervals.wilson(self.part, self.whole), self.part, self.whole, enough)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that something took, each of them over: the median with its exact interval, and the 95th percentile.

    Attributes:
        seconds: in any order.
        all: how many there would be if each were known, at least as many.
    """

    seconds: Sequence[float]
    all: int

    def estimate(self) -> Estimate:
        """The median."""
        rising = sorted(self.seconds)
        enough = len(rising) >= LEAST_TIMES
        value = median(rising) if enough else None
        return Estimate(value, intervals.median(rising), len(rising), self.all, enough, _details(rising))


def _details(rising: Sequence[float]) -> dict[str, float]:
    if not rising:
        return {}
    rank = -(-len(rising) * 19 // 20)  # of the least value that at least 95 % do not exceed
    high = {"p95": rising[rank - 1]} if len(rising) >= LEAST_HIGH else {}
    return {"least": rising[0], **high, "most": rising[-1]}


@dataclass(frozen=True, slots=True)
class Lasting:
    """Seconds that something lasts, some of it not over yet: Kaplan and Meier's median."""

    spells: Sequence[Spell]

    def estimate(self) -> Estimate:
        """The median; without a value when more than half last longer than what was seen."""
        ended = sum(spell.ended for spell in self.spells)
        value, interval = survival.median(survival.curve(self.spells))
        enough = ended >= LEAST_TIMES
        details = _details(sorted(spell.exit for spell in self.spells))
        if not enough:
            return Estimate(None, Interval(), ended, len(self.spells), enough, details)
        return Estimate(value, interval, ended, len(self.spells), enough, details)


@dataclass(frozen=True, slots=True)
class LastingMean:
    """The mean of the same, each counted up to the longest that was seen."""

    spells: Sequence[Spell]

    def estimate(self) -> Estimate:
        """The restricted mean; `horizon` in the details is up to where."""
        ended = sum(spell.ended for spell in self.spells)
        horizon = max((spell.exit for spell in self.spells), default=0.0)
        mean, interval = survival.restricted_mean(survival.curve(self.spells), horizon)
        enough = ended >= LEAST_TIMES
        details = {"horizon": horizon}
        if not enough:
            return Estimate(None, Interval(), ended, len(self.spells), enough, details)
        return Estimate(mean, interval, ended, len(self.spells), enough, details)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happens: a count in a time, with the exact interval of a Poisson count.

    Attributes:
        count: how often it happened.
        exposure: seconds in which it would have been seen.
        per: seconds of the unit of time.
    """

    count: int
    exposure: float
    per: float

    def estimate(self) -> Estimate:
        """The rate; in less than one unit of time there is none."""
        times = self.exposure / self.per
        if times < 1:
            return Estimate(None, Interval(), self.count, times, enough=False)
        lower, upper = intervals.poisson(self.count)
        return Estimate(self.count / times, Interval(lower / times, upper / times), self.count, times, enough=True)


@dataclass(frozen=True, slots=True)
class Between:
    """The time from one to the next: the inverse of a rate.

    Attributes:
        exposure: seconds in which it would have been seen.
        count: how often it happened.
    """

    exposure: float
    count: int

    def estimate(self) -> Estimate:
        """The mean time; without a value, but with a lower bound, when it never happened."""
        if self.exposure <= 0:
            return Estimate(None, Interval(), self.exposure, self.count, enough=False)
        least, most = intervals.poisson(self.count)
        interval = Interval(self.exposure / most, self.exposure / least if least else None)
        value = self.exposure / self.count if self.count else None
        return Estimate(value, interval, self.exposure, self.count, enough=True)


@dataclass(frozen=True, slots=True)
class Availability:
    """The share of a time in which all was well: outages come by chance and last differently long.

    Attributes:
        outages: seconds of each.
        exposure: seconds in which they would have been seen.
        least: the shortest outage that would have been seen.
    """

    outages: Sequence[float]
    exposure: float
    least: float

    def estimate(self) -> Estimate:
        """The share that was well."""
        well = self.exposure - fsum(self.outages)
        if self.exposure <= 0:
            return Estimate(None, Interval(), well, self.exposure, enough=False)
        lower, upper = intervals.weighted_poisson(self.outages, self.least)
        interval = Interval(max(0.0, 1 - upper / self.exposure), 1 - lower / self.exposure)
        details = {"outages": float(len(self.outages)), "longest": max(self.outages, default=0.0)}
        enough = self.exposure >= LEAST_LOOKS * self.least
        value = well / self.exposure if enough else None
        return Estimate(value, interval, well, self.exposure, enough, details)


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that is counted and not estimated: it has no interval.

    Attributes:
        value: None when there is nothing to count.
        numerator, denominator: what it is made of.
    """

    value: float | None
    numerator: float
    denominator: float

    def estimate(self) -> Estimate:
        """The number."""
        return Estimate(self.value, Interval(), self.numerator, self.denominator, self.value is not None)
