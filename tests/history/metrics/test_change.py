"""The story of one change."""

from dataclasses import asdict
from itertools import product
from typing import Any

import pytest

from tests.history.metrics.storybook import FOLDER, PROJECT, read
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.metrics.change import Change, change
from xptasks.history.metrics.formats import change as formats

DAY = 86400.0


def happened(kind: Kind, at: float, *, name: str = "fix", actor: str = "", **data: Any) -> HistoryEvent:  # noqa: ANN401 - what belongs to the kind
    return event(kind, at, PROJECT, at, change=name, actor=actor, **data)


def delivered(kind: Kind, at: float, **data: Any) -> HistoryEvent:  # noqa: ANN401 - what belongs to the kind
    return event(kind, at, PROJECT, at, commit="t1", deployment="p@a/1", release="r1", **data)


QUEUED = [
    happened(Kind.CHANGE_OPENED, 100, title="Mend the login", actor="agent:coder"),
    happened(Kind.QUEUED, 100, actor="agent:coder"),
]
REJECTED = [happened(Kind.REJECTED, 200, rule="size", reason="400 lines", run="r1")]
RUN = event(
    Kind.RUN_FINISHED, 190, PROJECT, "r1", run="r1", tier="pr", status="failed", seconds=85, actor="machine:queue"
)
AGAIN = [
    happened(Kind.INTERVENTION, 250, intervention="label", actor="human:ann"),
    happened(Kind.QUEUED, 300, again=True),
    event(
        Kind.LANDED, 400, PROJECT, 400, change="fix", commit="t1", automatic=True, method="squash", commits=[50, 290]
    ),
]
CANARY = [delivered(Kind.DEPLOY_STARTED, 405, committed=400), delivered(Kind.DEPLOY_CANARY, 410, weight=10)]
FULL = [delivered(Kind.DEPLOY_FULL, 1010)]
BACK = [delivered(Kind.ROLLBACK, 430, detected=428, trigger="analysis")]


def told(*events: list[HistoryEvent]) -> Change:
    found = change([each for part in events for each in part], PROJECT, "fix", DAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("events", "state", "reached"),
    [
        ([QUEUED[:1]], "open", "nobody"),
        ([QUEUED], "queued", "nobody"),
        ([QUEUED, REJECTED], "rejected", "nobody"),
        ([QUEUED, [happened(Kind.INTERVENTION, 150, intervention="withdraw")]], "withdrawn", "nobody"),
        ([QUEUED, REJECTED, AGAIN], "landed", "nobody"),
        ([QUEUED, AGAIN, CANARY], "landed", "canary"),
        ([QUEUED, AGAIN, CANARY, FULL], "landed", "everybody"),
        ([QUEUED, AGAIN, CANARY, BACK], "landed", "rolled back"),
        ([[happened(Kind.INTERVENTION, 150, intervention="label")]], "unknown", "nobody"),
    ],
)
def test_how_far_a_change_is(events: list[list[HistoryEvent]], state: str, reached: str) -> None:
    found = told(*events)
    assert (found.state, found.reached) == (state, reached)


def test_how_long_it_took() -> None:
    found = told(QUEUED, [RUN], REJECTED, AGAIN, CANARY, FULL)
    # Queued at 300, landed at 400. Its first commit is of 50, its last of 290; a canary at 410, everybody at 1,010.
    assert found.seconds == {"queue_time": 100, "commit_to_canary": 120, "dora_change_lead_time": 960, "gates": 85}
    assert (found.title, found.runs, found.interventions) == ("Mend the login", 1, 1)


def test_a_gate_that_tested_it_with_others_is_part_of_its_story() -> None:
    both = event(Kind.RUN_FINISHED, 350, PROJECT, "r2", run="r2", seconds=15, changes=["other", "fix"])
    others = event(Kind.RUN_FINISHED, 360, PROJECT, "r3", run="r3", seconds=15, changes=["other"])
    found = told(QUEUED, [RUN], REJECTED, AGAIN, [both, others])
    assert (found.runs, found.seconds["gates"]) == (2, 100)
    assert [each.kind for each in found.moments].count("run-finished") == 2


def test_for_people() -> None:
    assert formats.as_text(told(QUEUED, [RUN], REJECTED, AGAIN, CANARY, BACK)) == (
        "fix: Mend the login (landed; reached rolled back)\n"
        "  1970-01-01 00:01:40  change-opened     agent:coder  Mend the login\n"
        "  1970-01-01 00:01:40  queued            agent:coder\n"
        "  1970-01-01 00:03:10  run-finished      machine:queue  pr, failed, 85 s\n"
        "  1970-01-01 00:03:20  rejected          size, 400 lines\n"
        "  1970-01-01 00:04:10  intervention      human:ann  label\n"
        "  1970-01-01 00:05:00  queued\n"
        "  1970-01-01 00:06:40  landed            squash\n"
        "  1970-01-01 00:06:45  deploy-started    r1\n"
        "  1970-01-01 00:06:50  deploy-canary     r1, 10 %\n"
        "  1970-01-01 00:07:10  rollback          r1, analysis\n"
        "queued to landed 100 s; commit to canary 2 min; gates 85 s; 1 run, 1 intervention\n"
    )


def test_nobody_knows_it() -> None:
    assert change(QUEUED, PROJECT, "other", DAY) is None
    assert change(QUEUED, PROJECT, "", DAY) is None
    assert change(QUEUED, "another", "fix", DAY) is None
    assert change(QUEUED, PROJECT, "fix", 100) is None


def test_the_order_of_events_changes_nothing() -> None:
    parts = [QUEUED, AGAIN, CANARY, FULL]
    assert all(told(*order) == told(*parts) for order in product(*[parts] * 4) if all(part in order for part in parts))


def test_a_story_is_json() -> None:
    week = read(FOLDER / "world-06-a-week.txt")
    found = change(week.events, PROJECT, "hot", week.window.end)
    assert found is not None
    assert asdict(found)["seconds"] == {"commit_to_canary": 170, "dora_change_lead_time": 1080}
    assert '"reached": "everybody"' in formats.as_json(found)
