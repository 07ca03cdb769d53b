"""Buckets of sticky callers: exact shares, few moves, and an abort that undoes itself."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from xptasks.delivery.sticky import BUCKETS, deal


@st.composite
def shares(draw: st.DrawFn) -> dict[str, int]:
    cuts = sorted(draw(st.sets(st.integers(1, 99), max_size=3)))
    sizes = [after - before for before, after in pairwise([0, *cuts, 100])]
    names = draw(st.permutations(["a", "b", "c", "d"]))
    return dict(zip(names, sizes, strict=False))


@given(st.lists(shares(), min_size=1, max_size=6), st.integers(0, 10_000))
def test_every_release_has_its_share_and_as_few_callers_as_possible_move(
    stages: list[dict[str, int]], turn: int
) -> None:
    dealt: tuple[str, ...] = ()
    for stage in stages:
        before = Counter(dealt)
        new = deal(dealt, stage, turn)
        assert Counter(new) == Counter(stage)
        if dealt:
            moved = sum(one != other for one, other in zip(dealt, new, strict=True))
            assert moved == sum(max(0, share - before[release]) for release, share in stage.items())
        dealt = new


def test_a_canary_that_grows_keeps_its_callers_and_an_abort_gives_all_back() -> None:
    stable = deal((), {"old": 100}, 0)
    ten = deal(stable, {"old": 90, "new": 10}, 37)
    fifty = deal(ten, {"old": 50, "new": 50}, 74)
    assert {bucket for bucket in range(BUCKETS) if ten[bucket] == "new"} == set(range(37, 47))
    assert all(fifty[bucket] == "new" for bucket in range(37, 47))
    assert deal(fifty, {"old": 100}, 11) == stable


def test_without_a_past_only_what_is_new_is_dealt_out_by_turn() -> None:
    dealt = deal((), {"old": 90, "new": 10}, 5)
    assert [bucket for bucket in range(BUCKETS) if dealt[bucket] == "new"] == list(range(5, 15))
