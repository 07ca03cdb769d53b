import math

import pytest

from xptasks.errors import UsageError
from xptasks.tiers import plan
from xptasks.tiers.settings import TierSettings

TIERS = {
    "fast": TierSettings(steps=("lint", "unit")),
    "pr": TierSettings(includes=("fast",), steps=("coverage", "lint")),
    "nightly": TierSettings(includes=("pr", "fast"), steps=("slow",)),
    "empty": TierSettings(includes=("fast",)),
}


@pytest.mark.parametrize(
    ("tier", "steps"),
    [
        ("fast", ("lint", "unit")),
        ("pr", ("lint", "unit", "coverage")),
        ("nightly", ("lint", "unit", "coverage", "slow")),
        ("empty", ("lint", "unit")),
    ],
)
def test_what_is_included_comes_first_and_each_once(tier: str, steps: tuple[str, ...]) -> None:
    assert plan.steps_of(tier, TIERS) == steps


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("lint", "unit", "coverage"), ("lint", "coverage")),
        (("coverage", "unit"), ("coverage",)),
        (("lint", "unit"), ("lint", "unit")),
        ((), ()),
    ],
)
def test_what_another_step_does_too_is_dropped(names: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert plan.without_replaced(names, lambda name: ("unit",) if name == "coverage" else ()) == kept


def test_what_took_longest_starts_first_and_the_unknown_before_all() -> None:
    seconds = {"a": 1.0, "b": math.inf, "c": 3.0, "d": math.inf, "e": 1.0}
    assert plan.slowest_first("abcde", seconds) == ("b", "d", "c", "a", "e")


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ((), ((), ())),
        (("lint",), (("lint",), ())),
        (("lint", "unit"), (("lint", "unit"), ())),
        (("unit", "-k", "lint"), (("unit",), ("-k", "lint"))),
        (("unit", "unit", "x"), (("unit",), ("x",))),
        (("unit", "--", "lint"), (("unit",), ("--", "lint"))),
    ],
)
def test_words(words: tuple[str, ...], split: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    assert plan.split_words(words, ("lint", "unit")) == split


def test_a_word_that_is_no_step() -> None:
    with pytest.raises(UsageError, match="no step named 'x'") as caught:
        plan.split_words(("x", "lint"), ("lint", "unit"))
    assert caught.value.hint == "its steps are: lint, unit"
