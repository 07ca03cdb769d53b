"""Expected values were computed with scipy 1.17 and statsmodels 0.15, which the tests do without."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.history.metrics import intervals
from xptasks.history.metrics.gamma import chi_square_quantile, gamma_ratio
from xptasks.history.metrics.intervals import Interval

EXACT = 1e-9


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [  # scipy.stats.chi2.ppf
        (0.025, 1, 0.0009820691171752555),
        (0.975, 1, 5.023886187314888),
        (0.5, 0.3, 0.012469611517980431),
        (0.025, 7.5, 1.9305886206109992),
        (0.001, 3, 0.024297585815692732),
        (0.975, 10000.0, 10279.07017988759),
        (0.025, 200000.0, 198762.30532748945),
    ],
)
def test_quantiles_of_chi_square(probability: float, freedom: float, expected: float) -> None:
    assert chi_square_quantile(probability, freedom) == pytest.approx(expected, rel=EXACT)


def test_half_a_chi_square_of_two_is_an_exponential() -> None:
    assert chi_square_quantile(0.975, 2) / 2 == pytest.approx(-math.log(0.025), rel=EXACT)
    assert gamma_ratio(1, 0) == 0


@pytest.mark.parametrize(
    ("part", "whole", "lower", "upper"),
    [  # statsmodels.stats.proportion.proportion_confint(method="wilson")
        (0, 10, 0.0, 0.27753279986288926),
        (1, 10, 0.017876213095072924, 0.40415002679523854),
        (5, 10, 0.23659309051256394, 0.7634069094874361),
        (10, 10, 0.7224672001371106, 1.0),
        (3, 140, 0.007314003256778584, 0.06110478852537386),
        (136, 140, 0.9288427879216012, 0.9888342231586664),
        (1, 1, 0.2065493143772374, 1.0),
        (497, 500, 0.9825097478959467, 0.9979574037280398),
    ],
)
def test_wilson(part: int, whole: int, lower: float, upper: float) -> None:
    found = intervals.wilson(part, whole)
    assert [found.lower, found.upper] == pytest.approx([lower, upper], rel=EXACT)


def test_of_nothing_there_is_no_proportion() -> None:
    assert intervals.wilson(0, 0) == Interval(None, None)


@pytest.mark.parametrize(
    ("count", "lower", "upper"),
    [  # scipy.stats.chi2.ppf(0.025, 2 * count) / 2 and chi2.ppf(0.975, 2 * count + 2) / 2
        (0, 0.0, 3.6888794541139354),
        (1, 0.025317807984289876, 5.571643390938898),
        (2, 0.24220927854396496, 7.22468766772396),
        (5, 1.6234863901184207, 11.66833207932267),
        (14, 7.653930276300595, 23.489621121835576),
        (100, 81.36399125092314, 121.62679379242638),
        (20000, 19723.767600607054, 20279.133627926407),
    ],
)
def test_poisson(count: int, lower: float, upper: float) -> None:
    assert list(intervals.poisson(count)) == pytest.approx([lower, upper], rel=EXACT)


@pytest.mark.parametrize(
    ("lengths", "lower", "upper"),
    [  # scipy.stats.gamma.ppf with the shapes and scales of Fay and Feuer's equation (3)
        ([], 0.0, 221.3327672468361),
        ([600], 15.190684790573926, 3342.9860345633388),
        ([60, 60, 60], 37.12032737373608, 526.0363841845394),
        ([60, 120, 600], 64.63206930221104, 3502.0383404751733),
        ([5, 2000.5], 51.57852866567773, 11149.50430334791),
    ],
)
def test_weighted_poisson(lengths: list[float], lower: float, upper: float) -> None:
    found = intervals.weighted_poisson(lengths, 60)
    assert list(found) == pytest.approx([lower, upper], rel=EXACT)


@given(st.integers(0, 60), st.floats(0.1, 1e4))
def test_equal_lengths_are_counted_exactly(count: int, length: float) -> None:
    lower, upper = intervals.poisson(count)
    found = intervals.weighted_poisson([length] * count, length)
    assert list(found) == pytest.approx([lower * length, upper * length], rel=1e-6)


@pytest.mark.parametrize(
    ("size", "rank"),
    [  # the largest rank with scipy.stats.binom.cdf(rank - 1, size, 0.5) <= 0.025
        *[(1, 0), (5, 0), (6, 1), (7, 1), (8, 1), (9, 2), (10, 2), (11, 2), (12, 3), (17, 5), (20, 6), (25, 8)],
        *[(50, 18), (100, 40), (101, 41), (1000, 469)],
    ],
)
def test_bounds_of_a_median_are_values(size: int, rank: int) -> None:
    values = list(range(1, size + 1))
    expected = Interval(rank, size + 1 - rank) if rank else Interval(None, None)
    assert intervals.median(values) == expected


@pytest.mark.parametrize("size", range(6, 15))
def test_the_bounds_of_a_median_hold_what_they_promise(size: int) -> None:
    """By counting all ways in which the values can lie below and above the true median."""
    lower = intervals.median(list(range(size))).lower
    assert lower is not None
    ways = itertools.product((False, True), repeat=size)
    missed = sum(sum(below) <= lower or size - sum(below) <= lower for below in ways)
    assert missed / 2**size <= 1 - intervals.CONFIDENCE


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_proportion_is_inside_its_interval(part: int, more: int) -> None:
    found = intervals.wilson(part, part + more)
    if part + more:
        assert found.lower is not None
        assert found.upper is not None
        assert 0 <= found.lower <= part / (part + more) <= found.upper <= 1
