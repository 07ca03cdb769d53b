"""What events say, as far as it can be believed."""

from itertools import permutations

import pytest

from tests.history.metrics.storybook import PROJECT
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.metrics.facts import acting, facts, number, numbers, word
from xptasks.history.metrics.incidents import incidents
from xptasks.history.metrics.spans import Span, common, united


def test_numbers_are_numbers() -> None:
    told = {"a": True, "b": "5", "c": 5, "d": [True, "x", 1, 2.5], "e": None}
    assert [number(told, name) for name in "abcef"] == [None, None, 5.0, None, None]
    assert [numbers(told, name) for name in "dcf"] == [[1.0, 2.5], [], []]
    assert [word(told, name) for name in "bcf"] == ["5", "", ""]


@pytest.mark.parametrize(
    ("actor", "kind"),
    [("", ""), ("ann", "human"), ("human:ann", "human"), ("agent:x", "agent"), ("machine:q", "machine")],
)
def test_who_acts(actor: str, kind: str) -> None:
    assert acting(event(Kind.LANDED, 1.0, PROJECT, actor=actor)) == kind


def of(*events: HistoryEvent) -> list[tuple[float, float | None]]:
    found = incidents(facts(events, PROJECT, Span(0, 100)))
    return [(each.began, each.closed) for each in found]


def opened(at: float, **data: float) -> HistoryEvent:
    return event(Kind.INCIDENT_OPENED, at, PROJECT, at, **data)  # type: ignore[arg-type]


def test_an_incident_cannot_begin_after_it_was_noticed() -> None:
    assert of(opened(10.0, began=20.0)) == [(10.0, None)]
    assert of(opened(10.0, began=5.0), event(Kind.INCIDENT_CLOSED, 30.0, PROJECT)) == [(5.0, 30.0)]


def test_an_incident_is_open_from_the_moment_it_was_noticed() -> None:
    (found,) = incidents(facts([opened(10.0), event(Kind.INCIDENT_CLOSED, 30.0, PROJECT)], PROJECT, Span(0, 100)))
    assert [found.open_at(at) for at in (9.0, 10.0, 29.0, 30.0)] == [False, True, True, False]


def test_of_two_events_with_one_id_always_the_same_counts() -> None:
    told = [event(Kind.LANDED, at, PROJECT, "x", word=text) for at, text in ((2.0, "b"), (1.0, "c"), (1.0, "a"))]
    for order in permutations(told):
        assert [each.data["word"] for each in facts(order, PROJECT, Span(0, 100)).events] == ["a"]


def test_spans_by_hand() -> None:
    spans = [Span(5, 7), Span(0, 2), Span(1, 3), Span(9, 9)]
    assert united(spans) == [Span(0, 3), Span(5, 7), Span(9, 9)]
    assert united(spans, 2) == [Span(0, 9)]
    assert common([Span(0, 3), Span(5, 7)], [Span(2, 6), Span(8, 9)]) == [Span(2, 3), Span(5, 6)]
    assert Span(0, 3).within(Span(5, 7)).seconds == 0
