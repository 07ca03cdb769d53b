"""What pull requests tell the history: each event with an id that stays, and what counts as stepping in."""

from typing import Any

import pytest

from tests.fakes.github.world import MERGE_QUEUE, START, Check, Pull, requires
from tests.landing.github.conftest import Place
from tests.landing.github.test_failures import forge_of
from xptasks.history.events import HistoryEvent, Kind
from xptasks.landing.github.interventions import People
from xptasks.landing.github.statuses import statuses
from xptasks.loop.landing import github as loop

pytestmark = pytest.mark.pr  # each asks a server, and git

SETTINGS: dict[str, Any] = {"agents": ["agent@*"], "github": {"agents": ["coder-bot"]}}


def told(place: Place, *, since: float = 0.0, reruns: bool = False) -> list[HistoryEvent]:
    at = place.forge(**SETTINGS)
    return list(loop.happened(at, "projects", since, reruns=reruns))


def kinds(events: list[HistoryEvent]) -> list[str]:
    return [str(event.data.get("intervention") or event.kind) for event in events]


def commit(place: Place, pull: Pull, email: str) -> None:
    place.world.happened(pull, "committed", "", email=email, oid=f"{place.world.next():040x}")


def proposed(place: Place) -> Pull:
    place.forge(**SETTINGS).submit(place.change())
    (pull,) = place.world.pulls.values()
    return pull


def test_a_landing_without_a_human(place: Place) -> None:
    pull = proposed(place)
    commit(place, pull, "agent@example.com")
    place.world.check(place.world.head_of(pull), Check("gate"))
    events = told(place)
    assert kinds(events) == ["change-opened", "queued", "landed"]
    landed = events[-1]
    assert landed.data["automatic"] is True
    assert landed.data["reviewed"] is False
    assert landed.data["lines"] == 4
    assert len(landed.data["commits"]) == 1
    assert (landed.change, landed.commit, landed.actor) == ("feature", place.trunk(), "agent:coder-bot")
    assert [event.id for event in told(place)] == [event.id for event in events]


def test_a_landing_by_hand(place: Place) -> None:
    branch = place.change()
    place.clone.git("push", "-q", "origin", "feature")
    place.world.viewer = "ann"
    place.world.pulls[7] = Pull(7, "feature", "main", "By hand", "", "ann")
    place.world.merge(place.world.pulls[7], "SQUASH")
    assert place.world.pulls[7].head == branch.head
    assert told(place)[-1].data["automatic"] is False


@pytest.mark.parametrize(
    ("event", "actor", "more", "expected"),
    [
        ("labeled", "ann", {"label": "do-not-merge"}, ["label"]),
        ("unlabeled", "ann", {"label": "auto-merge"}, ["label"]),
        ("labeled", "ann", {"label": "auto-merge"}, ["label"]),  # the second time
        ("labeled", "ann", {"label": "documentation"}, []),
        ("labeled", "coder-bot", {"label": "do-not-merge"}, []),
        ("labeled", "helper[bot]", {"label": "do-not-merge"}, []),
        ("reviewed", "ann", {"state": "APPROVED"}, ["review"]),
        ("reviewed", "ann", {"state": "COMMENTED"}, []),
        ("reviewed", "helper[bot]", {"state": "APPROVED"}, []),
        ("auto_merge_disabled", "ann", {}, ["withdraw"]),
        ("auto_merge_disabled", "helper[bot]", {"reason": "the base changed"}, ["rejected"]),
        ("removed_from_merge_queue", "ann", {}, ["withdraw"]),
        ("removed_from_merge_queue", "github-merge-queue[bot]", {"reason": "failed_checks"}, ["rejected"]),
        ("committed", "", {"email": "ann@example.com", "oid": "d" * 40}, ["commit"]),
        ("committed", "", {"email": "agent@example.com", "oid": "d" * 40}, []),
        ("committed", "coder-bot", {"email": "x@example.com", "oid": "d" * 40}, []),
    ],
)
def test_what_counts_as_stepping_in(
    event: str, actor: str, more: dict[str, Any], expected: list[str], place: Place
) -> None:
    pull = proposed(place)
    place.world.happened(pull, event, actor, **more)
    assert kinds(told(place))[2:] == expected


def test_what_people_propose_themselves_is_no_stepping_in(place: Place) -> None:
    place.world.viewer = "ann"
    place.forge().submit(place.change())
    (pull,) = place.world.pulls.values()
    commit(place, pull, "ann@example.com")
    assert kinds(list(loop.happened(place.forge(), "projects", 0.0, reruns=False))) == ["change-opened", "queued"]


def test_a_withdrawal_is_one_step_and_not_two(place: Place) -> None:
    pull = proposed(place)
    place.world.viewer = "ann"
    place.forge(**SETTINGS).withdraw("feature", "human:ann")
    assert [event["event"] for event in pull.timeline][-2:] == ["auto_merge_disabled", "unlabeled"]
    assert kinds(told(place))[2:] == ["withdraw"]


def test_what_is_closed_by_hand_was_withdrawn(place: Place) -> None:
    pull = proposed(place)
    pull.state = "CLOSED"
    place.world.happened(pull, "closed", "ann")
    (event,) = told(place)[2:]
    assert (event.data["intervention"], event.actor) == ("withdraw", "human:ann")


def test_the_queue_tells_once_that_it_waits(place: Place) -> None:
    place.world.rules = [requires("gate"), MERGE_QUEUE]
    pull = proposed(place)
    place.world.check(place.world.head_of(pull), Check("gate"))
    place.world.happened(pull, "added_to_merge_queue", "coder-bot")
    assert kinds(told(place)) == ["change-opened", "queued"]
    place.world.dequeue(pull, "failed_checks", "github-merge-queue[bot]")
    place.world.happened(pull, "added_to_merge_queue", "coder-bot")
    events = told(place)
    assert kinds(events) == ["change-opened", "queued", "rejected", "queued"]
    assert [event.data["again"] for event in events if event.kind is Kind.QUEUED] == [False, True]


def test_pushes_straight_to_the_trunk(place: Place) -> None:
    def activity(number: int, kind: str, actor: dict[str, str] | None, at: float) -> dict[str, Any]:
        return {"id": number, "activity_type": kind, "actor": actor, "at": at, "after": f"{number:040x}",
                "ref": "refs/heads/main"}  # fmt: skip

    ann, bot = {"login": "ann", "type": "User"}, {"login": "helper[bot]", "type": "Bot"}
    place.world.activity = [
        activity(1, "push", ann, START + 9),
        activity(2, "pr_merge", ann, START + 8),
        activity(3, "force_push", bot, START + 7),
        activity(4, "push", ann, START - 1),
    ]
    events = told(place, since=START)
    assert [(event.data["intervention"], event.commit, event.actor) for event in events] == [
        ("push", f"{1:040x}", "human:ann")
    ]


def test_reruns_are_told_where_they_are_asked_for(place: Place) -> None:
    pull = proposed(place)
    head = place.world.head_of(pull)
    run = {"id": 5, "head_sha": head, "run_attempt": 3, "name": "gate", "run_started_at": "2026-11-02T10:00:00Z"}
    place.world.runs = [run]
    for attempt, login in ((2, "ann"), (3, "helper[bot]")):
        place.world.attempts[5, attempt] = {**run, "run_attempt": attempt, "triggering_actor": {"login": login}}
    events = told(place, reruns=True)
    assert kinds(events)[2:] == ["rerun"]
    assert events[-1].data["why"] == "attempt 2 of gate"
    assert kinds(told(place))[2:] == []


def test_only_what_changed_since_then_is_read_page_after_page(place: Place) -> None:
    for number in range(1, 8):
        place.world.pulls[number] = Pull(number, f"b{number}", "main", "t", "", state="CLOSED", head="1" * 40)
    place.world.page_size = 3
    assert len(told(place)) == 7
    assert told(place, since=place.world.time + 1) == []


def test_it_is_recorded_in_the_outbox(place: Place) -> None:
    proposed(place)
    at = forge_of(place)
    config = type("Config", (), {"project": type("Project", (), {"name": "projects"})})
    assert loop.record(at, config, place.clone.path, 0.0, reruns=False) == 2  # type: ignore[arg-type]
    (file,) = (place.clone.path / ".git/xptasks/outbox").rglob("*.jsonl")
    assert len(file.read_text().splitlines()) == 2


def test_who_is_who() -> None:
    people = People(logins=("coder-*",), addresses=("*@agents.example",))
    assert str(people.actor({"login": "Coder-7", "__typename": "User"})) == "agent:Coder-7"
    assert str(people.actor({"login": "x", "__typename": "Bot"})) == "machine:x"
    assert str(people.actor(None)) == "human:ghost"
    assert str(people.author({"author": {"email": "A@agents.example", "user": None}})) == "agent:A@agents.example"
    assert str(people.author({"author": None})) == "human:unknown"


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        ("passed", "success", "312 passed"),
        ("failed", "failure", "boom"),
        ("partial", "pending", "partial: 312 passed"),
        ("timed out", "error", "timed out: 312 passed"),
        ("unavailable", "error", "unavailable: 312 passed"),
        ("skipped", None, ""),
    ],
)
def test_the_statuses_of_a_run(status: str, state: str | None, said: str) -> None:
    findings = [{"severity": "error", "message": "boom"}] if status == "failed" else []
    reading = {"status": status, "summary": "312 passed", "findings": findings}
    run = {"tier": "pr", "steps": [{"step": "unit", "reading": reading, "cached": False}]}
    found = [(each.context, each.state, each.description) for each in statuses(run)]
    assert found == ([("xptasks/pr/unit", state, said)] if state else [])


def test_statuses_are_short_and_clean(place: Place) -> None:
    proposal = place.change()
    place.clone.git("push", "-q", "origin", "feature")
    reading = {"status": "passed", "summary": "\x1b[1m" + "x " * 300, "findings": []}
    run = {"tier": "pr", "commit": proposal.head, "steps": [{"step": "unit", "reading": reading, "cached": True}]}
    assert loop.report_run(place.forge(), run, "https://github.example/runs/1") == 1
    check = place.world.checks[proposal.head]["xptasks/pr/unit"]
    assert check.kind == "status"
    assert len(check.title) == 140
