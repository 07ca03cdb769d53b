"""Where a floor is and how far it moves: tables, then laws over chance."""

import datetime as dt
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xptasks.quality import ratchets
from xptasks.quality.ratchets import Exemption, Floor
from xptasks.quality.settings import LoosenSettings, RatchetSettings, SprintSettings

UP = RatchetSettings(start=75, target=80, step=1)
DOWN = RatchetSettings(start=500, target=200, step=-10, unit="ms")


def exempt(value: float) -> Exemption:
    entry = LoosenSettings(value=value, reason="a move", owner="ada", expires=dt.date(2027, 1, 31))
    return Exemption("x", 0, entry, expired=False)


@pytest.mark.parametrize(
    ("rule", "recorded", "measured", "outcome", "floor"),
    [
        (UP, None, 75, "held", 75),
        (UP, None, 74.9999, "broken", 75),
        (UP, 77, 77, "held", 77),
        (UP, 77, 76.9, "broken", 77),
        (UP, 70, 74, "broken", 75),  # a start that was raised in the configuration counts
        (UP, 77, None, "not measured", 77),
        (UP, 77, math.nan, "not measured", 77),
        (DOWN, None, 500, "held", 500),
        (DOWN, None, 500.1, "broken", 500),
        (DOWN, 450, 460, "broken", 450),
        (DOWN, 450, 440, "held", 450),
        (DOWN, 600, 550, "broken", 500),
    ],
)
def test_a_measurement_holds_its_floor_or_not(
    rule: RatchetSettings, recorded: float | None, measured: float | None, outcome: str, floor: float
) -> None:
    known = None if recorded is None else Floor(recorded)
    verdict = ratchets.judge("x", rule, known, measured)
    assert (verdict.outcome, verdict.floor) == (outcome, floor)


@pytest.mark.parametrize(
    ("rule", "recorded", "values", "measured", "expected"),
    [
        (UP, 78, [72], 73, ("held", 72, True)),
        (UP, 78, [72], 71, ("broken", 72, True)),
        (UP, 78, [76, 72], 73, ("held", 72, True)),
        (UP, 78, [79], 78.5, ("held", 78, False)),  # an exception never makes a floor stricter
        (DOWN, 300, [400], 390, ("held", 400, True)),
        (DOWN, 300, [250], 290, ("held", 300, False)),
    ],
)
def test_an_exception_loosens_and_nothing_else(
    rule: RatchetSettings,
    recorded: float,
    values: list[float],
    measured: float,
    expected: tuple[str, float, bool],
) -> None:
    verdict = ratchets.judge("x", rule, Floor(recorded), measured, [exempt(value) for value in values])
    assert (verdict.outcome, verdict.floor, verdict.exempt is not None) == expected


def test_an_exception_counts_on_its_last_day_and_not_after() -> None:
    rule = RatchetSettings(start=1, target=2, loosen=(exempt(0).entry,))
    days = [dt.date(2027, 1, 30), dt.date(2027, 1, 31), dt.date(2027, 2, 1)]
    assert [next(ratchets.exemptions({"x": rule}, day)).expired for day in days] == [False, False, True]


@pytest.mark.parametrize(
    ("rule", "recorded", "measured", "after"),
    [
        (UP, None, 90, 76),  # one step
        (UP, None, 75.4, 75.4),  # never above what was measured
        (UP, 79.5, 90, 80),  # never past the target
        (UP, 80, 90, 80),
        (UP, 85, 90, 85),  # a target that was lowered does not pull the floor down
        (UP, 77, 60, 77),
        (RatchetSettings(start=75, target=80, step=1, slack=0.5), None, 75.9, 75.4),
        (RatchetSettings(start=75, target=80, step=1, slack=2), 77, 78, 77),
        (DOWN, None, 100, 490),
        (DOWN, None, 495, 495),
        (DOWN, 205, 100, 200),
        (DOWN, 300, 400, 300),
        (RatchetSettings(start=80, target=80, direction="up"), None, 90, 80),
        (RatchetSettings(start=0, target=1, step=0.1), 0.7, 1, 0.8),  # no dust of binary fractions
        (UP, None, 75.123456, 75.1234),
        (DOWN, None, 490.00001, 490.0001),
    ],
)
def test_a_floor_moves_by_a_step_at_most(
    rule: RatchetSettings, recorded: float | None, measured: float, after: float
) -> None:
    known = None if recorded is None else Floor(recorded)
    move = ratchets.tighten("x", rule, known, measured, "w1")
    assert move is not None
    assert move.floor.value == after
    assert (move.floor.window == "w1") == move.moved


@pytest.mark.parametrize("measured", [None, math.nan, math.inf])
def test_what_was_not_measured_moves_nothing(measured: float | None) -> None:
    assert ratchets.tighten("x", UP, Floor(77), measured, "w1") is None


def test_once_in_a_window() -> None:
    first = ratchets.tighten("x", UP, None, 90, "w1")
    assert first is not None
    again = ratchets.tighten("x", UP, first.floor, 90, "w1")
    later = ratchets.tighten("x", UP, first.floor, 90, "w2")
    assert again is not None
    assert later is not None
    assert (again.floor, again.moved) == (first.floor, False)
    assert later.floor == Floor(77, "w2")


SPRINT = SprintSettings(starts=dt.date(2026, 11, 2))


@pytest.mark.parametrize(
    ("every", "now", "expected"),
    [
        ("pr", "2026-11-22T10:00+00:00", "abc"),
        ("week", "2026-11-22T10:00+00:00", "2026-W47"),
        ("week", "2026-11-23T00:30+02:00", "2026-W47"),  # still Sunday in UTC
        ("week", "2027-01-03T00:00+00:00", "2026-W53"),
        ("sprint", "2026-11-15T23:59+00:00", "2026-11-02"),
        ("sprint", "2026-11-16T00:00+00:00", "2026-11-16"),
        ("sprint", "2026-10-31T00:00+00:00", "2026-10-19"),  # before the first one that is named
    ],
)
def test_the_window_of_a_moment(every: str, now: str, expected: str) -> None:
    assert ratchets.window(every, dt.datetime.fromisoformat(now), "abc", SPRINT) == expected  # type: ignore[arg-type]


def test_lowered_floors_are_found() -> None:
    before = {"a": Floor(5), "b": Floor(5), "gone": Floor(1), "c": Floor(1)}
    after = {"a": Floor(4), "b": Floor(6), "c": Floor(2), "new": Floor(0)}
    rules = {"a": UP, "b": UP}
    assert ratchets.lowered(rules, before, after) == ["a", "c", "gone"]


# -- laws ------------------------------------------------------------------------------------------------------------

VALUES = st.floats(-1000, 1000).map(lambda value: round(value, 4) + 0.0)


@st.composite
def rules(draw: st.DrawFn) -> RatchetSettings:
    start, target = draw(VALUES), draw(VALUES)
    assume(start != target)
    step = draw(st.floats(0.001, 100).map(lambda value: round(value, 3)))
    slack = draw(st.sampled_from([0.0, 0.0, 0.5, 3.25]))
    return RatchetSettings(start=start, target=target, step=step, slack=slack)


def mirrored(rule: RatchetSettings) -> RatchetSettings:
    return rule.model_copy(update={"start": -rule.start, "target": -rule.target})


MEASURED = st.lists(st.tuples(VALUES | st.none(), st.sampled_from(["w1", "w2", "w3", "w4"])), max_size=12)


@given(rules(), MEASURED)
def test_a_floor_is_never_lowered_and_stays_behind_what_was_measured(
    rule: RatchetSettings, measured: list[tuple[float | None, str]]
) -> None:
    floor: Floor | None = None
    for value, window in measured:
        before = ratchets.floor_of(rule, floor)
        move = ratchets.tighten("x", rule, floor, value, window)
        if move is None:
            continue
        assert rule.sign * move.floor.value >= rule.sign * before
        if move.moved:
            assert ratchets.judge("x", rule, move.floor, value).outcome == "held", "no landing breaks its own floor"
            assert rule.sign * move.floor.value <= rule.sign * rule.target
        floor = move.floor


@given(rules(), MEASURED)
def test_a_window_moves_a_floor_once_and_repeating_changes_nothing(
    rule: RatchetSettings, measured: list[tuple[float | None, str]]
) -> None:
    floor: Floor | None = None
    for value, window in measured:
        move = ratchets.tighten("x", rule, floor, value, window)
        again = ratchets.tighten("x", rule, move.floor, value, window) if move else None
        assert (again and again.floor) == (move and move.floor)
        floor = move.floor if move else floor


@given(rules())
def test_good_measurements_reach_the_target(rule: RatchetSettings) -> None:
    best = rule.target + rule.sign * (rule.slack + 1)
    floor: Floor | None = None
    steps = math.ceil(abs(rule.target - rule.start) / abs(rule.step)) + 2
    for number in range(min(steps, 3000)):
        move = ratchets.tighten("x", rule, floor, best, f"w{number}")
        assert move is not None
        floor = move.floor
    assume(steps < 3000)
    assert floor is not None
    assert abs(floor.value - rule.target) <= 1e-3


@given(rules(), MEASURED)
def test_both_directions_are_mirror_images(rule: RatchetSettings, measured: list[tuple[float | None, str]]) -> None:
    floor: Floor | None = None
    other: Floor | None = None
    for value, window in measured:
        move = ratchets.tighten("x", rule, floor, value, window)
        twin = ratchets.tighten("x", mirrored(rule), other, None if value is None else -value, window)
        floor, other = (move.floor if move else floor), (twin.floor if twin else other)
        assert (floor and floor.value) == (other and -other.value)
        assert (floor and floor.window) == (other and other.window)
