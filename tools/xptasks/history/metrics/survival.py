"""How long something lasts when some of it has not ended yet, or began before we looked: Kaplan and Meier's estimate.

Kaplan and Meier (1958), J. Am. Stat. Assoc. 53, 457; variance by Greenwood (1926). What began earlier enters at the age
it had then (Tsai, Jewell and Wang (1987), Biometrika 74, 883). Pure arithmetic.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from xptasks.history.metrics.intervals import Interval, Z

_HALF = 0.5 + 1e-12  # a half that was multiplied together is not always one


@dataclass(frozen=True, slots=True, order=True)
class Spell:
    """Something that lasts.

    Attributes:
        entry: its age when we began to look at it; 0 when we saw it begin.
        exit: its age when it ended, or when we last saw it.
        ended: whether it ended; else it lasts at least so long.
    """

    entry: float
    exit: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the curve.

    Attributes:
        age: when spells ended.
        ended: how many of them.
        at_risk: of how many that had not ended before, and that we looked at.
        survival: the share that lasts longer than this.
        variance: Greenwood's sum up to here, infinite once nothing lasts longer.
    """

    age: float
    ended: int
    at_risk: int
    survival: float
    variance: float


def curve(spells: Sequence[Spell]) -> tuple[Step, ...]:
    """The estimated share of spells that last longer than an age, as steps in rising order.

    Args:
        spells: each with an entry before its exit.
    """
    entries, exits = sorted(spell.entry for spell in spells), sorted(spell.exit for spell in spells)
    ends = Counter(spell.exit for spell in spells if spell.ended)
    steps, survival, variance = [], 1.0, 0.0
    for age in sorted(ends):
        ended, at_risk = ends[age], bisect_left(entries, age) - bisect_left(exits, age)
        survival *= 1 - ended / at_risk
        variance += ended / (at_risk * (at_risk - ended)) if at_risk > ended else math.inf
        steps.append(Step(age, ended, at_risk, survival, variance))
    return tuple(steps)


def median(steps: Sequence[Step]) -> tuple[float | None, Interval]:
    """The age that half of the spells reach, None when more than half last longer than what was seen.

    The interval is Brookmeyer's and Crowley's (1982, Biometrics 38, 29), with the bounds of the curve by the transform
    log(-log).
    """
    bounds = [_bounds(step) for step in steps]
    value = next((step.age for step in steps if step.survival <= _HALF), None)
    lower = next((step.age for step, (low, _) in zip(steps, bounds, strict=True) if low <= _HALF), None)
    upper = next((step.age for step, (_, high) in zip(steps, bounds, strict=True) if high <= _HALF), None)
    return value, Interval(lower, upper)


def _bounds(step: Step) -> tuple[float, float]:
    """Of the curve at a step; where nothing lasts longer the upper one is not known."""
    if step.survival <= 0 or math.isinf(step.variance):
        return 0.0, 1.0
    log = math.log(step.survival)
    spread = Z * math.sqrt(step.variance) / abs(log)
    return math.exp(log * math.exp(spread)), math.exp(log * math.exp(-spread))


def restricted_mean(steps: Sequence[Step], horizon: float) -> tuple[float, Interval]:
    """The mean of what spells last, each counted up to the horizon: the area below the curve.

    The variance sums Greenwood's terms, each weighted by the area behind it (Klein and Moeschberger (2003), Survival
    Analysis, 4.5).

    Args:
        steps: the curve.
        horizon: an age up to which something was seen.
    """
    ages = [0.0, *(min(step.age, horizon) for step in steps), horizon]
    shares = [1.0, *(step.survival for step in steps)]
    areas = [share * (end - begin) for share, (begin, end) in zip(shares, pairwise(ages), strict=True)]
    behind = list(accumulate(reversed(areas)))[-2::-1]
    variance = math.fsum(
        area * area * step.ended / (step.at_risk * (step.at_risk - step.ended))
        for step, area in zip(steps, behind, strict=True)
        if step.at_risk > step.ended
    )
    mean, spread = math.fsum(areas), Z * math.sqrt(variance)
    return mean, Interval(max(0.0, mean - spread), min(horizon, mean + spread))
