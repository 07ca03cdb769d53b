"""What the queue tells the history, made of what the ledger and the gate say."""

from typing import Any

import pytest

from tests.loop.landing import gate as fake
from xptasks.history.events import Intervention
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Queued, Signature
from xptasks.landing.merging import Commit
from xptasks.loop.landing import record
from xptasks.loop.landing.record import Seen

LANDED = {"automatic": True, "reviewed": False, "commits": [1.0], "lines": 3, "method": "squash", "reverts": ""}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(What.LANDED, 5.0, "x", "c", data=LANDED), [("landed", {**LANDED, "reverts": None})]),
        (Entry(What.REJECTED, 5.0, "x", data={"reason": "no", "rule": "gate"}), [("rejected", {"rule": "gate"})]),
        (
            Entry(What.BREAKER_OPENED, 5.0, data={"rule": "r", "why": "w"}),
            [("breaker-opened", {"rule": "r", "why": "w"})],
        ),
        (Entry(What.BREAKER_CLOSED, 5.0, actor="human:ann"), [("breaker-closed", {}), ("intervention", {})]),
        (Entry(What.BREAKER_CLOSED, 5.0, actor="machine:ci"), [("breaker-closed", {})]),
        (Entry(What.WITHDRAWN, 5.0, "x", actor="human:ann"), [("intervention", {"intervention": "withdraw"})]),
        (Entry(What.WITHDRAWN, 5.0, "x", actor="agent:coder"), []),
        (Entry(What.DEPLOYED, 5.0, "x", "c"), []),  # the journal tells that
        (Entry(What.MOVED, 5.0, commit="c"), []),
    ],
)
def test_what_an_entry_tells(entry: Entry, expected: list[tuple[str, dict[str, Any]]]) -> None:
    events = [*record.of_entry(entry, "small")]
    assert [str(event.kind) for event in events] == [kind for kind, _ in expected]
    for event, (_, data) in zip(events, expected, strict=True):
        assert {name: event.data.get(name) for name in data} == data
        assert (event.at, event.change, event.commit, event.project) == (5.0, entry.change, entry.commit, "small")
    assert events == [*record.of_entry(entry, "small")]


def test_entries_that_differ_have_other_ids() -> None:
    keys = [(1.0, "x", "c"), (2.0, "x", "c"), (1.0, "y", "c"), (1.0, "x", "d")]
    entries = [Entry(What.LANDED, *key) for key in keys]
    assert len({event.id for entry in entries for event in record.of_entry(entry, "small")}) == 4


def by(address: str) -> Commit:
    return Commit(Signature(address.partition("@")[0], address, 1.0))


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        ([], ""),
        (["bot@agents"], ""),
        (["ann@x"], ""),
        (["ann@x", "bot@agents"], ""),
        (["bot@agents", "ann@x"], "ann"),
        (["BOT@AGENTS", "ann@x", "bot@agents"], "ann"),
    ],
)
def test_who_committed_on_top_of_an_agent(authors: list[str], expected: str) -> None:
    assert record.on_top([by(address) for address in authors], ["*@agents"]) == expected


def test_without_agents_nobody_is_on_top() -> None:
    assert record.on_top([by("bot@agents"), by("ann@x")], []) == ""


def test_the_same_state_of_a_change_is_told_once_until_it_has_ended() -> None:
    queued = Queued("x", "v", "h", Signature("a", "a@x", 7.0), "Title")
    first, again = Seen(queued, "small", "agent:a"), Seen(queued, "small", "agent:a", (1, 9.0))
    opened, waits = first.waits(base="b", lines=3, again=False)
    assert (opened.kind, opened.at, opened.data) == ("change-opened", 7.0, {"title": "Title", "lines": 3, "base": "b"})
    assert (waits.kind, waits.data) == ("queued", {"again": False})
    assert [event.id for event in first.waits(base="b", lines=3, again=False)] == [opened.id, waits.id]
    (later,) = again.waits(base="b", lines=3, again=True)
    assert later.id != waits.id
    assert later.at == 9.0
    stepped = first.stepped_in(Intervention.REVIEW, "human:ann", "why")
    assert (stepped.actor, stepped.data) == ("human:ann", {"intervention": "review", "why": "why"})


def run(name: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"run_id": name, "tier": "pr", "steps": list(steps)}


def test_what_differs_between_two_runs_of_a_commit() -> None:
    red = run(
        "1", fake.step("unit", [fake.finding("no", "t::a")]), fake.step("lint", []), fake.step("types", [], "failed")
    )
    green = run("2", fake.step("unit", []), fake.step("lint", []), fake.step("types", []))
    found = record.flakes("small", "c", [red, green], 3.0)
    assert [(event.data["step"], event.data["test"], event.data["runs"]) for event in found] == [
        ("unit", "t::a", {"1": "failed", "2": "passed"}),
        ("types", "", {"1": "failed", "2": "passed"}),
    ]
    assert record.flakes("small", "c", [red, red], 3.0) == []
    assert record.flakes("small", "c", [green, {}], 3.0) == []
