"""The grid: no drift, no catching up, and whatever was missed is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.probes.grid import Slot, offsets


def test_probes_are_spread_over_the_interval() -> None:
    assert offsets(4, 60) == [0, 15, 30, 45]


def test_looks_stay_on_the_grid_however_late_each_begins() -> None:
    slot, since = Slot(5.0), 0.0
    for number in range(10):
        since += slot.due(since, 60.0)
        assert since == pytest.approx(number * 60 + 5, abs=1e-9)
        slot = slot.looked(since, 60.0)
        since += 0.3
    assert slot.skipped == 0


def test_an_interval_that_was_slept_through_is_counted_and_not_made_up_for() -> None:
    slot = Slot(0.0).looked(0.0, 60.0).looked(200.0, 60.0)
    assert (slot.last, slot.skipped) == (3, 2)
    assert slot.due(200.0, 60.0) == pytest.approx(40.0)


@given(st.floats(0, 59), st.lists(st.floats(0, 500), min_size=1))
def test_a_look_a_slot_at_most_and_none_is_lost(offset: float, takes: list[float]) -> None:
    slot, since, looks = Slot(offset), 0.0, 0
    for seconds in takes:
        since += slot.due(since, 60.0)
        before = slot.last
        slot = slot.looked(since, 60.0)
        looks += 1
        assert slot.last > before
        since += seconds
    assert looks + slot.skipped == slot.last + 1
