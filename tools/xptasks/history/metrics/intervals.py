"""Confidence intervals, each of a kind that fits what it is about, in closed form or exact. Pure arithmetic.

All are two-sided at 95 %: of the figures that are shown, one in twenty has a true value outside its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from xptasks.history.metrics.gamma import chi_square_quantile

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
Z = NormalDist().inv_cdf(1 - TAIL)


@dataclass(frozen=True, slots=True)
class Interval:
    """Between what the true value is to be expected; None where nothing bounds it."""

    lower: float | None = None
    upper: float | None = None


def wilson(part: int, whole: int) -> Interval:
    """Of a proportion: Wilson's score interval, which holds what it promises for small numbers and near 0 and 1.

    Wilson (1927), J. Am. Stat. Assoc. 22, 209; Brown, Cai and DasGupta (2001), Stat. Sci. 16, 101.
    """
    if not whole:
        return Interval()
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    spread = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    lower = 0.0 if part == 0 else (middle - spread) / scale
    upper = 1.0 if part == whole else (middle + spread) / scale
    return Interval(lower, upper)


def poisson(count: int) -> tuple[float, float]:
    """Of the mean of a count: the exact interval. Garwood (1936), Biometrika 28, 437."""
    lower = chi_square_quantile(TAIL, 2 * count) / 2 if count else 0.0
    return lower, chi_square_quantile(1 - TAIL, 2 * count + 2) / 2


def weighted_poisson(lengths: Sequence[float], least: float) -> tuple[float, float]:
    """Of a sum of lengths whose number is by chance: the gamma interval of Fay and Feuer.

    Fay and Feuer (1997), Stat. Med. 16, 791. With equal lengths it is the exact interval of their number.

    Args:
        lengths: of what was seen.
        least: the shortest length that would have been seen, which counts when nothing was; above 0.
    """
    total, squares = math.fsum(lengths), math.fsum(each * each for each in lengths)
    most = max(lengths, default=least)
    lower = squares / (2 * total) * chi_square_quantile(TAIL, 2 * total * total / squares) if total else 0.0
    more, squares_more = total + most, squares + most * most
    upper = squares_more / (2 * more) * chi_square_quantile(1 - TAIL, 2 * more * more / squares_more)
    return lower, upper


def median(rising: Sequence[float]) -> Interval:
    """Of a median: the exact interval between two order statistics; there is none for fewer than six values.

    David and Nagaraja (2003), Order Statistics, 7.1.

    Args:
        rising: the values in rising order.
    """
    rank = _rank(len(rising))
    return Interval(rising[rank - 1], rising[-rank]) if rank else Interval()


def _rank(size: int) -> int:
    """The largest rank such that fewer values than it lie below the median with a chance of at most the tail."""
    rank, below = 0, 0.0
    while rank < size:
        below += math.exp(
            math.lgamma(size + 1) - math.lgamma(rank + 1) - math.lgamma(size - rank + 1) - size * math.log(2)
        )
        if below > TAIL:
            break
        rank += 1
    return rank
