"""Expected values: the textbook's data on leukaemia (R's `survival::aml`), and lifelines 0.30, which we do without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.history.metrics import survival
from xptasks.history.metrics.intervals import Interval
from xptasks.history.metrics.survival import Spell

MAINTAINED = [(9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0), (48, 1), (161, 0)]
OTHERS = [(5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1), (33, 1), (43, 1), (45, 1)]


def spells(*pairs: tuple[float, int]) -> list[Spell]:
    return [Spell(0, age, bool(ended)) for age, ended in pairs]


@pytest.mark.parametrize(
    ("pairs", "median", "bounds", "mean", "error"),
    [  # R's print(survfit(Surv(time, status) ~ x, aml), rmean = 161) has the same means and errors
        (MAINTAINED, 31, Interval(13, None), 52.645454545454555, 19.82860279556259),
        (OTHERS, 23, Interval(5, 33), 22.70833333333333, 4.180941981033153),
        (MAINTAINED + OTHERS, 27, Interval(13, 34), 36.364389233954455, 9.854101056664565),
    ],
)
def test_the_textbooks_example(
    pairs: list[tuple[float, int]], median: float, bounds: Interval, mean: float, error: float
) -> None:
    steps = survival.curve(spells(*pairs))
    assert survival.median(steps) == (median, bounds)
    found, interval = survival.restricted_mean(steps, max(age for age, _ in pairs))
    assert found == pytest.approx(mean)
    assert interval.lower == pytest.approx(mean - 1.959963984540054 * error)


def test_what_began_earlier_enters_at_its_age() -> None:
    entries, exits = [0, 0, 2, 5, 0, 3, 0, 1, 0, 4], [4, 6, 7, 9, 3, 8, 10, 5, 2, 12]
    ended = [True] * 5 + [False] + [True] * 3 + [False]
    steps = survival.curve([Spell(*each) for each in zip(entries, exits, ended, strict=True)])
    assert [step.at_risk for step in steps] == [6, 6, 6, 6, 6, 5, 3, 2]
    assert [round(step.survival, 6) for step in steps] == [
        *[0.833333, 0.694444, 0.578704, 0.482253, 0.401878, 0.321502, 0.214335, 0.107167]
    ]
    assert survival.median(steps) == (5, Interval(2, 9))


def test_half_and_all_by_hand() -> None:
    """One of four ends at 1 h, one at 2 h: half are left. What is left ends together at 5 h: nobody is left."""
    steps = survival.curve(spells((1, 1), (2, 1), (5, 1), (5, 1)))
    assert [(step.age, step.survival) for step in steps] == [(1, 0.75), (2, 0.5), (5, 0.0)]
    assert survival.median(steps)[0] == 2
    # 1 h x 1 + 1 h x 3/4 + 3 h x 1/2 = 3.25 h, as (1 + 2 + 5 + 5) / 4
    assert survival.restricted_mean(steps, 5)[0] == 3.25


def test_when_nothing_ended_the_median_is_not_known() -> None:
    steps = survival.curve(spells((4, 0), (9, 0)))
    assert survival.median(steps) == (None, Interval(None, None))
    assert survival.restricted_mean(steps, 9)[0] == 9


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=40))
def test_without_censoring_the_mean_is_the_mean(pairs: list[tuple[int, bool]]) -> None:
    ages = [age for age, _ in pairs]
    steps = survival.curve(spells(*((age, 1) for age in ages)))
    assert survival.restricted_mean(steps, max(ages))[0] == pytest.approx(sum(ages) / len(ages))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.booleans()), min_size=1, max_size=40))
def test_the_curve_only_falls(drawn: list[tuple[int, int, bool]]) -> None:
    steps = survival.curve([Spell(entry, entry + length, ended) for entry, length, ended in drawn])
    shares = [step.survival for step in steps]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share < 1 for share in shares)
    value, interval = survival.median(steps)
    if value is not None and interval.lower is not None:
        assert interval.lower <= value
    if value is not None and interval.upper is not None:
        assert value <= interval.upper


def test_what_ends_together_bounds_the_median_from_below_only() -> None:
    steps = survival.curve(spells(*[(5, 1)] * 6))
    assert survival.median(steps) == (5, Interval(5, None))
