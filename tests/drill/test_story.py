"""The story on a stage of cardboard: every ending is told as what it is."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from xptasks.delivery.journal import Deployment
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan
from xptasks.drill import story
from xptasks.drill.changes import CONTRACT, GOOD, HIDDEN, Change
from xptasks.drill.story import Landing
from xptasks.errors import OverBudgetError


@dataclass
class Clock:
    at: float = 1000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Cardboard:
    """Lands each change as its script says: what `inv land` answers, and how the deployment ends."""

    clock: Clock
    landings: dict[str, Landing]
    outcomes: dict[str, str] = field(default_factory=dict)
    reverts: bool = True
    made: str = ""
    closed: bool = False

    def build(self) -> str:
        return "/somewhere"

    def open(self) -> str:
        return "http://127.0.0.1:1"

    @contextmanager
    def callers(self, url: str) -> Iterator[Mapping[int, int]]:
        assert url == "http://127.0.0.1:1"
        yield {500: 2, 200: 40, 0: 1}

    def make(self, change: Change) -> None:
        self.made = change.branch

    def land(self) -> Landing:
        self.clock.at += 30
        return self.landings[self.made]

    def deployment(self, commit: str) -> Deployment | None:
        if commit not in self.outcomes:
            return None
        ended = Entry(self.clock.at, "closed", {"outcome": self.outcomes[commit], "why": "so it is"})
        entries = (Entry(1030.0, "opened"), Entry(1032.0, "stage", {"stage": 0}), ended)
        return Deployment(1, Plan("new", "old"), entries)

    def reverted(self, commit: str) -> bool:
        return self.reverts and commit in self.outcomes

    def close(self) -> None:
        self.closed = True


def play(stage: Cardboard, *changes: Change) -> tuple[story.Told, list[str]]:
    said: list[str] = []
    told = story.play(stage, said.append, stage.clock, changes)
    assert stage.closed
    return told, said


def test_a_good_change_that_is_promoted_is_as_it_should_be() -> None:
    stage = Cardboard(Clock(), {"no-sniffing": Landing(0, "a" * 40)}, {"a" * 40: "promoted"})
    told, said = play(stage, GOOD)
    assert told.right
    assert told.fared[0].seconds == {"landed": 30.0, "canary": 32.0, "ended": 30.0}
    assert any("an agent commits" in line for line in said)
    assert "43 requests meanwhile, 3 of them failed, 1 without an answer" in story.as_text(told)


@pytest.mark.parametrize(
    ("change", "landing", "outcome", "fate"),
    [
        (CONTRACT, Landing(1, "", "drift failed"), "", "rejected"),
        (HIDDEN, Landing(0, "b" * 40), "rolled back", "rolled back"),
    ],
)
def test_bad_changes_that_do_not_get_through_are_as_they_should_be(
    change: Change, landing: Landing, outcome: str, fate: str
) -> None:
    stage = Cardboard(Clock(), {change.branch: landing}, {landing.commit: outcome} if outcome else {})
    told, _ = play(stage, change)
    assert told.right
    assert told.fared[0].fate == fate
    assert ("reverted" in told.fared[0].seconds) == (fate == "rolled back")


@pytest.mark.parametrize(
    ("change", "landing", "outcome", "fate"),
    [
        (GOOD, Landing(1, "", "lint failed"), "", "rejected"),
        (GOOD, Landing(6, "", "the breaker is open"), "", "stuck"),
        (GOOD, Landing(None, "", "did not end"), "", "stuck"),
        (GOOD, Landing(0, "c" * 40), "rolled back", "rolled back"),
        (CONTRACT, Landing(0, "c" * 40), "promoted", "promoted"),
        (CONTRACT, Landing(6, "", "the breaker is open"), "", "stuck"),
        (HIDDEN, Landing(0, "c" * 40), "promoted", "promoted"),
        (HIDDEN, Landing(0, "c" * 40), "failed", "failed"),
    ],
)
def test_any_other_ending_is_not_as_it_should_be(change: Change, landing: Landing, outcome: str, fate: str) -> None:
    stage = Cardboard(Clock(), {change.branch: landing}, {landing.commit: outcome} if outcome else {})
    told, _ = play(stage, change)
    assert not told.right
    assert told.fared[0].fate == fate
    assert "NOT AS IT SHOULD" in story.as_text(told)
    assert json.loads(story.as_json(told))["right"] is False


@pytest.mark.parametrize(
    ("outcomes", "reverts", "message"),
    [
        ({}, True, "the canary has not started"),
        ({"d" * 40: ""}, True, "the deployment has not ended"),
        ({"d" * 40: "rolled back"}, False, "the trunk has no revert"),
    ],
)
def test_what_hangs_is_an_error_and_everything_ends(outcomes: dict[str, str], reverts: bool, message: str) -> None:  # noqa: FBT001
    stage = Cardboard(Clock(), {"same-origin": Landing(0, "d" * 40)}, outcomes, reverts)
    with pytest.raises(OverBudgetError, match=message):
        play(stage, HIDDEN)
    assert stage.closed
