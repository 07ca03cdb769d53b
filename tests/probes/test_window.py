"""The rule of the window, as a table of looks (seconds, ok) and by its laws."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.probes.window import Policy, Record, Turn

N, A, B, R = Turn.NOTHING, Turn.ALERT, Turn.ROLLBACK, Turn.RECOVERED


def turns(looks: list[tuple[float, bool]], policy: Policy = Policy()) -> list[Turn]:  # noqa: B008 - frozen
    record, found = Record(), []
    for at, ok in looks:
        record, turn = record.after(at, ok=ok, policy=policy)
        found.append(turn)
    return found


def every(seconds: float, pattern: str) -> list[tuple[float, bool]]:
    """A look each so many seconds; `x` is a failure."""
    return [(index * seconds, mark == ".") for index, mark in enumerate(pattern)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("....", [N, N, N, N]),
        ("x...", [N, N, N, N]),
        ("xx", [N, A]),
        ("xxx", [N, A, B]),
        ("x.x.x", [N, N, A, N, B]),  # within five minutes they need not follow each other
        ("xxxxxx", [N, A, B, N, N, N]),  # asked for once
        ("xx..", [N, A, N, R]),
        ("xx.x", [N, A, N, B]),
        ("xxx..xxx", [N, A, B, N, R, N, A, B]),  # after a recovery it begins anew
        ("x....x....x", [N] * 11),  # never two within the window
        ("x...x...x", [N, N, N, N, A, N, R, N, N]),
    ],
)
def test_looks_each_minute(pattern: str, expected: list[Turn]) -> None:
    assert turns(every(60, pattern)) == expected


def test_a_failure_leaves_the_window_when_it_is_as_old_as_the_window() -> None:
    assert turns([(0, False), (300, False)]) == [N, N]
    assert turns([(0, False), (299.9, False)]) == [N, A]


def test_a_rule_that_rolls_back_at_the_first_failure() -> None:
    assert turns(every(60, "x."), Policy(alert_after=1, rollback_after=1, recover_after=1)) == [B, R]


LOOKS = st.lists(st.tuples(st.floats(0, 200), st.booleans())).map(
    lambda steps: [(sum(step for step, _ in steps[: index + 1]), ok) for index, (_, ok) in enumerate(steps)]
)


@given(LOOKS)
def test_a_rollback_needs_three_failures_in_the_window(looks: list[tuple[float, bool]]) -> None:
    for index, turn in enumerate(turns(looks)):
        if turn is Turn.ROLLBACK:
            at = looks[index][0]
            assert sum(not ok and at - when < 300 for when, ok in looks[: index + 1]) >= 3


@given(LOOKS)
def test_between_two_rollbacks_all_was_well(looks: list[tuple[float, bool]]) -> None:
    found = [turn for turn in turns(looks) if turn in {Turn.ROLLBACK, Turn.RECOVERED}]
    assert all(one is not other or one is Turn.RECOVERED for one, other in itertools.pairwise(found))


@given(LOOKS)
def test_each_recovery_takes_back_one_alert(looks: list[tuple[float, bool]]) -> None:
    alerted = False
    for turn in turns(looks):
        if turn is Turn.RECOVERED:
            assert alerted
            alerted = False
        alerted = alerted or turn in {Turn.ALERT, Turn.ROLLBACK}


@given(LOOKS)
def test_looks_that_go_well_never_ask_for_anything(looks: list[tuple[float, bool]]) -> None:
    assert all(turn in {N, R} for turn, (_, ok) in zip(turns(looks), looks, strict=True) if ok)
