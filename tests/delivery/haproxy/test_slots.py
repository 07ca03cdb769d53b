"""Which release has which slot, and by which commands HAProxy gets there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.delivery.haproxy.configuration import empty
from xptasks.delivery.haproxy.slots import OWN, Slot, changes, owners, placed, shares
from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError

A, B = Slot(port=1001, weight=90, ready=True), Slot(port=1002, weight=10, ready=True)


def traffic(ports: dict[str, int], **given: int) -> Traffic:
    return Traffic(ports=ports, shares=given)


@pytest.mark.parametrize(
    ("slots", "intended", "wanted"),
    [
        ({"s1": Slot(), "s2": Slot()}, traffic({}), {"s1": Slot(), "s2": Slot()}),
        ({"s1": Slot(), "s2": Slot()}, traffic({"a": 1001}, a=100), {"s1": Slot(port=1001, weight=100, ready=True)}),
        # Each keeps its slot, whatever the order; what has no share is closed.
        (
            {"s1": A, "s2": B},
            traffic({"b": 1002, "a": 1001}, b=100),
            {"s1": Slot(port=1001), "s2": replace(B, weight=100)},
        ),
        # Elsewhere after a restart: the slot is its own again, as nobody else needs it.
        ({"s1": A}, traffic({"a": 1003}, a=100), {"s1": Slot(port=1003, weight=100, ready=True)}),
        # A slot of the same port somewhere else is not ours.
        ({"s1": Slot("10.0.0.1", 1001), "s2": Slot()}, traffic({"a": 1001}), {"s1": Slot(port=1001)}),
    ],
)
def test_what_each_slot_is_to_do(slots: dict[str, Slot], intended: Traffic, wanted: dict[str, Slot]) -> None:
    found, own = placed(slots, intended)
    assert found == {**slots, **wanted}
    assert owners(found, intended.ports) == own


def test_more_releases_than_slots() -> None:
    with pytest.raises(CannotRunError, match="HAProxy has 1 slots, and 2 releases run"):
        placed({"s1": A}, traffic({"a": 1001, "b": 1002}))


def test_what_nobody_owns_but_serves_is_shown() -> None:
    assert shares({"s1": A, "s2": B, "s3": Slot(port=1003, weight=5)}, {"a": 1001, "c": 1003}) == {"a": 90, "s2": 10}


def test_what_gets_more_comes_first_and_what_is_so_is_left_alone() -> None:
    wanted = {"s1": Slot(port=1001), "s2": Slot(port=1002, weight=100, ready=True), "s3": Slot()}
    assert list(changes("web", {"s1": A, "s2": B, "s3": Slot()}, wanted)) == [
        "set server web/s2 weight 100",
        "set server web/s1 weight 0",
        "set server web/s1 state maint",
    ]


_STEPS = st.lists(st.sets(st.sampled_from("abcdef"), max_size=5), max_size=12)


@given(_STEPS)
def test_a_release_never_changes_its_slot_while_others_come_and_go(steps: list[set[str]]) -> None:
    slots, before = empty(), dict[str, str]()
    for running in steps:
        slots, own = placed(slots, traffic({release: 2000 + ord(release) for release in running}))
        assert own.keys() == running
        assert len(set(own.values())) == len(running)
        assert all(own[release] == before[release] for release in running & before.keys())
        assert tuple(slots) == OWN
        before = own
