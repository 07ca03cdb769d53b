"""The sequential test: what it concludes, how often it is wrong, how soon it is right."""

import random
from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.delivery.analysis import ODDS, Batch, Evidence, allotted, judge, slow_above

ALPHA = 0.0005


def shown(*batches: tuple[int, int, int, int]) -> Evidence:
    evidence = Evidence()
    for batch in batches:
        evidence = evidence.after(Batch(*batch))
    return evidence


def aborts_after(seed: int, *, canary: float, stable: float, bursts: bool = False, seconds: int = 600) -> int | None:
    """The second in which a canary with 10 % of ten requests a second is failed; None when it never is."""
    rate, evidence, level = 10, Evidence(), 1.0
    chance = random.Random(seed)  # noqa: S311 - a simulation that repeats
    for second in range(seconds):
        if bursts and chance.random() < 0.02:
            level = chance.choice([1, 1, 5, 20, 60])  # everybody suffers together
        asked = sum(chance.random() < 0.1 for _ in range(rate))
        bad = sum(chance.random() < min(1.0, canary * level) for _ in range(asked))
        other = sum(chance.random() < min(1.0, stable * level) for _ in range(rate - asked))
        evidence = evidence.after(Batch(asked, bad, rate - asked, other), share=0.1)
        if evidence.log_ratio >= -log(ALPHA):
            return second + 1
    return None


def test_twenty_percent_errors_are_found_in_half_a_minute() -> None:
    seconds = sorted(aborts_after(seed, canary=0.2, stable=0.0) or 10**9 for seed in range(200))
    assert seconds[100] <= 30
    assert seconds[190] <= 60


@pytest.mark.parametrize("bursts", [False, True])
def test_a_healthy_canary_is_left_alone(bursts: bool) -> None:  # noqa: FBT001 - a column of a table
    assert not any(aborts_after(seed, canary=0.01, stable=0.01, bursts=bursts, seconds=300) for seed in range(60))


@pytest.mark.slow
@pytest.mark.parametrize("bursts", [False, True])
def test_false_aborts_keep_their_promise(bursts: bool) -> None:  # noqa: FBT001 - a column of a table
    """At most ALPHA of 5,000 canaries: 2.5 expected, and 9 or more would come by chance once in 1,000 times."""
    found = [aborts_after(seed, canary=0.01, stable=0.01, bursts=bursts) for seed in range(5000)]
    assert sum(second is not None for second in found) < 9


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_reading_is_worth_nothing_on_average(canary: int, stable: int) -> None:
    """The mean of the likelihood ratio over where one bad request lands is exactly 1 while the odds are equal."""
    share = canary / (canary + stable)
    on_canary = Evidence().after(Batch(canary, 1, stable, 0)).ratios
    on_stable = Evidence().after(Batch(canary, 0, stable, 1)).ratios
    for one, other in zip(on_canary, on_stable, strict=True):
        assert share * 2.718281828459045**one + (1 - share) * 2.718281828459045**other == pytest.approx(1)


@given(st.lists(st.tuples(*[st.integers(0, 20)] * 4), max_size=30))
def test_evidence_adds_up(rows: list[tuple[int, int, int, int]]) -> None:
    batches = [(max(a, b), min(a, b), max(c, d), min(c, d)) for a, b, c, d in rows]
    evidence = shown(*batches)
    assert evidence.canary == sum(row[0] for row in batches)
    assert evidence.stable_bad == sum(row[3] for row in batches)
    assert min(evidence.ratios) <= evidence.log_ratio + log(len(ODDS))


def test_a_known_share_makes_small_readings_as_telling_as_large_ones() -> None:
    """One request a reading, of each tenth the canary's, which is bad: ten readings in one say no more."""
    small = Evidence()
    for index in range(50):
        small = small.after(Batch(1, 1, 0, 0) if index % 10 == 9 else Batch(0, 0, 1, 0), share=0.1)
    whole = Evidence().after(Batch(5, 5, 45, 0), share=0.1)
    assert small.ratios == pytest.approx(whole.ratios)
    assert small.log_ratio > log(1 / ALPHA)


def test_more_requests_than_its_weight_are_no_fault_of_the_canary() -> None:
    """Callers who stay with the canary bring their errors along."""
    stuck = Evidence().after(Batch(50, 0, 50, 0), share=0.1).after(Batch(5, 5, 5, 5), share=0.1)
    assert stuck.log_ratio < 1


def test_one_side_alone_says_nothing() -> None:
    assert shown((10, 10, 0, 0), (0, 0, 10, 10)).log_ratio == pytest.approx(0)


def test_fail_may_come_before_the_least_number_of_requests_and_pass_may_not() -> None:
    alphas = {"errors": ALPHA}
    bad, few, many = shown((5, 5, 45, 0)), shown((5, 0, 45, 0)), shown((500, 0, 4500, 1))
    assert judge({"errors": bad}, alphas, 200).answer == "fail"
    assert judge({"errors": few}, alphas, 200).answer == "inconclusive"
    assert judge({"errors": many}, alphas, 200).answer == "pass"
    assert judge({}, alphas, 200).answer == "inconclusive"


def test_the_verdict_says_what_was_counted() -> None:
    verdict = judge(
        {"errors": shown((5, 5, 45, 0)), "slow": shown((5, 0, 45, 0))}, allotted(0.001, {"errors": 1, "slow": 1}), 9
    )
    assert verdict.signal == "errors"
    assert "errors: 100 % (5 of 5) of the canary's requests against 0 % (0 of 45)" in verdict.why
    assert "0.0005 was the limit" in verdict.why


def test_the_chance_of_a_false_abort_is_split_by_weight() -> None:
    assert allotted(0.001, {"errors": 2, "slow": 1, "websockets": 1}) == {
        "errors": 0.0005, "slow": 0.00025, "websockets": 0.00025,
    }  # fmt: skip


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="more bad requests than requests"):
        Batch(1, 2, 0, 0)


@pytest.mark.parametrize(
    ("counts", "bound"),
    [((50, 96, 99, 100), 0.5), ((95, 96, 99, 100), 0.1), ((0, 0, 90, 100), inf), ((0, 0, 0, 0), inf)],
)
def test_slow_is_what_lies_above_the_bucket_that_holds_the_95th_percentile(
    counts: tuple[int, ...], bound: float
) -> None:
    assert slow_above((0.1, 0.5, 1.0), counts) == bound
