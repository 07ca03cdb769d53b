"""The chi-square distribution's quantiles, which exact intervals of counts are made of. Pure arithmetic.

The regularised incomplete gamma function is summed as a series below its mean and as a continued fraction (by Lentz's
method) above it, as in Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29 and 6.5.31.
"""

import math

_TINY = 1e-300
_PRECISE = 1e-15


def chi_square_quantile(probability: float, freedom: float) -> float:
    """The value below which a chi-square variable lies with this probability.

    Args:
        probability: between 0 and 1, both excluded.
        freedom: degrees of freedom, above 0; need not be whole.
    """
    low, high = 0.0, freedom + 1.0
    while _below(freedom, high) < probability:
        low, high = high, high * 2
    while True:
        middle = (low + high) / 2
        if middle in {low, high}:
            return middle
        if _below(freedom, middle) < probability:
            low = middle
        else:
            high = middle


def _below(freedom: float, value: float) -> float:
    return gamma_ratio(freedom / 2, value / 2)


def gamma_ratio(shape: float, value: float) -> float:
    """The regularised lower incomplete gamma function P(shape, value)."""
    if value <= 0:
        return 0.0
    scale = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    return scale * _series(shape, value) if value < shape + 1 else 1 - scale * _fraction(shape, value)


def _series(shape: float, value: float) -> float:
    term = total = 1 / shape
    while term > total * _PRECISE:
        shape += 1
        term *= value / shape
        total += term
    return total


def _fraction(shape: float, value: float) -> float:
    below = value + 1 - shape
    ratio, inverse = 1 / _TINY, 1 / below
    total, step = inverse, 0
    change = 0.0
    while abs(change - 1) > _PRECISE:
        step += 1
        above = -step * (step - shape)
        below += 2
        inverse = 1 / _kept(above * inverse + below)
        ratio = _kept(below + above / ratio)
        change = inverse * ratio
        total *= change
    return total


def _kept(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
