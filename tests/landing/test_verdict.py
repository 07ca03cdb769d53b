"""The verdict on one test, by a table."""

import pytest

from xptasks.landing.test_first import Ran, Rehearsed, judge, judge_test
from xptasks.results import Status

P, F, S = Ran("passed"), Ran("failed", "AssertionError: 1", line=3), Ran("skipped")


def missing(name: str) -> Ran:
    return Ran("failed", f"ImportError: {name}", missing=name)


def rehearsed(before: dict[str, Ran], after: dict[str, Ran], *, own: bool) -> Rehearsed:
    return Rehearsed("tests/test_a.py", "test_a", own, before, after)


@pytest.mark.parametrize(
    ("before", "after", "own", "verdict"),
    [
        ({"": F}, {"": P}, True, "red then green"),
        ({"": P}, {"": P}, True, "green before"),
        ({"": P}, {"": P}, False, "touched, green before"),
        ({"": F}, {"": F}, True, "fails on the change"),
        ({"": P}, {"": F}, False, "fails on the change"),
        ({}, {"": P}, True, "red then green"),  # a case that the merge base does not even have
        ({"[a]": P, "[b]": F}, {"[a]": P, "[b]": P}, True, "red then green"),
        ({"[a]": F, "[b]": F}, {"[a]": P, "[b]": F}, True, "fails on the change"),
        ({"": S}, {"": P}, True, "not run"),
        ({"": F}, {"": S}, True, "not run"),
        ({"": F}, {}, True, "not run"),
        ({"": missing("shop.tax")}, {"": P}, True, "red then green"),
        ({"": missing("shop.tax.deep")}, {"": P}, True, "red then green"),
        ({"": missing("shop")}, {"": P}, True, "broken before"),
        ({"": missing("taxes")}, {"": P}, True, "broken before"),
        ({"": missing("other")}, {"[a]": P, "[b]": P}, True, "broken before"),  # a file that cannot be imported
        ({"": missing("tax")}, {"[a]": P, "[b]": P}, True, "red then green"),
        ({"[a]": missing("other"), "[b]": F}, {"[a]": P, "[b]": P}, True, "red then green"),
    ],
)
def test_one_test(before: dict[str, Ran], after: dict[str, Ran], own: bool, verdict: str) -> None:  # noqa: FBT001
    assert judge_test(rehearsed(before, after, own=own), {"shop.tax", "tax"}).verdict == verdict


def test_touched_tests_alone_do_not_make_a_change_test_first() -> None:
    reading = judge([rehearsed({"": P}, {"": P}, own=False)], (), ["app/a.py"], [])
    assert reading.status is Status.FAILED
    assert [finding.rule for finding in reading.findings] == ["no-test-first", "touched-green-before"]
