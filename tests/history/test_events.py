import json

import pytest

from xptasks.history.actors import actor, changes
from xptasks.history.events import Actor, HistoryEvent, Kind, event


def test_the_same_happening_told_twice_has_one_id() -> None:
    first = event(Kind.LANDED, 5.0, "projects", "change", 7, change="fix", lines=3)
    again = event(Kind.LANDED, 6.0, "projects", "change", 7, change="fix", lines=4)
    assert first.id == again.id


@pytest.mark.parametrize(
    "other",
    [
        event(Kind.REJECTED, 5.0, "projects", "a", "b"),
        event(Kind.LANDED, 5.0, "others", "a", "b"),
        event(Kind.LANDED, 5.0, "projects", "a", "c"),
        event(Kind.LANDED, 5.0, "projects", "ab"),
        event(Kind.LANDED, 5.0, "projects", "a,b"),
    ],
)
def test_different_happenings_have_different_ids(other: HistoryEvent) -> None:
    assert event(Kind.LANDED, 5.0, "projects", "a", "b").id != other.id


def test_an_event_survives_json() -> None:
    made = event(Kind.PROBE, 1.5, "projects", "health", 1, actor=Actor("machine", "watch"), detail='"ü\n\udc80')
    line = made.as_json()
    assert "\n" not in line
    assert HistoryEvent.from_json(line) == made


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "x"}', "null"])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        HistoryEvent.from_json(text)


def test_a_kind_of_a_later_version_is_refused() -> None:
    loaded = json.loads(event(Kind.PROBE, 1.5, "projects", "health").as_json())
    with pytest.raises(ValueError, match="teleported"):
        HistoryEvent.from_json(json.dumps({**loaded, "kind": "teleported"}))


@pytest.mark.parametrize(
    ("environ", "terminal", "expected"),
    [
        ({"USER": "ann"}, True, "human:ann"),
        ({"USER": "ann"}, False, "agent:ann"),
        ({"CI": "true", "GITHUB_ACTOR": "ann"}, False, "machine:ann"),
        ({"CI": "true"}, True, "machine:ci"),
        ({"XPTASKS_ACTOR": "agent:coder", "USER": "ann"}, True, "agent:coder"),
        ({"XPTASKS_ACTOR": "ann", "CI": "1"}, False, "human:ann"),
        ({}, True, "human:somebody"),
    ],
)
def test_who_acts(environ: dict[str, str], terminal: bool, expected: str) -> None:  # noqa: FBT001
    assert str(actor(environ, terminal=terminal)) == expected
    assert str(Actor.parse(expected)) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, ()), ({"XPTASKS_CHANGES": ""}, ()), ({"XPTASKS_CHANGES": "one a/b,c"}, ("one", "a/b,c"))],
)
def test_which_changes_it_is_about(environ: dict[str, str], expected: tuple[str, ...]) -> None:
    assert changes(environ) == expected
