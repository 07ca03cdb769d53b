"""Retention on both databases."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.history.test_store import changed, probe
from xptasks.history.database import file_url
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.history.metrics.report import report
from xptasks.history.metrics.spans import Span
from xptasks.history.store import Added, Store

HOUR = 3600.0


def made(kind: Kind, at: float, **columns: str) -> HistoryEvent:
    return event(kind, at, "projects", at, **columns)


def incident(kind: Kind, at: float, name: str = "i") -> HistoryEvent:
    return event(kind, at, "projects", name, at, incident=name)


def test_what_is_older_goes_and_what_comes_later_from_then_is_not_added(store: Store) -> None:
    store.add([probe(float(at)) for at in range(10)])
    store.add([probe(1.0, "other", project="other")])
    planned = store.prune(5.0, 100.0, really=False)
    assert planned.events == 5
    assert len(store.events()) == 10
    assert store.prune(5.0, 100.0, really=True) == planned
    assert [each.at for each in store.events()] == [5, 6, 7, 8, 9]
    assert store.add([probe(4.5), probe(5.5), probe(6.0)]) == Added(1, 1, 0, 1)
    assert store.prune(5.0, 100.0, really=True).events == 0
    assert store.summary().kept_since == 5.0


def test_another_project_loses_nothing(store: Store, url: str) -> None:
    store.add([probe(1.0), probe(1.0, "x", project="other")])
    store.prune(5.0, 100.0, really=True)
    with changed(url, "INSERT INTO xptasks_prunings (project, at, until, exact) VALUES ('projects', 1, 9, 9)"):
        pass  # a pruning that is not over, as only its own transaction ever sees one
    with pytest.raises(DBAPIError, match="only inv history-prune"), changed(url, "DELETE FROM xptasks_events"):
        pass
    assert store.add([probe(2.0, project="other")]).new == 1


@pytest.mark.parametrize(
    ("events", "exact"),
    [
        ([probe(5.0)], 10.0 + HOUR),
        ([made(Kind.DEPLOY_STARTED, 5.0, deployment="d")], 10.0 + HOUR),
        (
            [made(Kind.DEPLOY_STARTED, 5.0, deployment="d"), made(Kind.DEPLOY_FULL, 9000.0, deployment="d")],
            9000.0,
        ),
        ([made(Kind.QUEUED, 5.0, change="c"), made(Kind.LANDED, 9000.0, change="c")], 9000.0),
        ([made(Kind.LANDED, 5.0, commit="c"), made(Kind.DEPLOY_STARTED, 9000.0, commit="c")], 9000.0),
        ([made(Kind.QUEUED, 5.0, change="c"), made(Kind.LANDED, 9000.0, change="d")], 10.0 + HOUR),
        ([incident(Kind.INCIDENT_OPENED, 5.0), incident(Kind.INCIDENT_CLOSED, 9000.0)], 9000.0),
        (
            [
                incident(Kind.INCIDENT_OPENED, 5.0),
                incident(Kind.INCIDENT_CLOSED, 6.0),
                incident(Kind.INCIDENT_OPENED, 8000.0),
                incident(Kind.INCIDENT_CLOSED, 9000.0),
            ],
            10.0 + HOUR,
        ),
        ([probe(5.0), made(Kind.INTERVENTION, 9000.0), made(Kind.INTERVENTION, 9500.0)], 9000.0),
    ],
)
def test_it_says_from_when_on_figures_stay_as_they_were(store: Store, events: list[HistoryEvent], exact: float) -> None:
    store.add(events)
    pruned = store.prune(10.0, 20_000.0, really=True)
    assert pruned.exact == exact == store.summary().exact_since
    assert pruned.alone is not any(each.kind is Kind.INTERVENTION for each in events)


def test_a_summary_counts(store: Store) -> None:
    assert store.summary().events == 0
    assert store.summary().first is None
    store.add([probe(1.0), probe(4.0), made(Kind.LANDED, 2.0), probe(9.0, project="other")])
    found = store.summary()
    assert (found.events, found.first, found.last) == (3, 1.0, 4.0)
    assert found.kinds == {"landed": 1, "probe": 2}
    assert (found.kept_since, found.exact_since) == (None, None)


def story(seed: int, hours: int = 240) -> list[HistoryEvent]:
    """Ten days of a loop that mostly goes on by itself."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    told: list[HistoryEvent] = []

    def tell(kind: Kind, at: float, **values: Any) -> None:  # noqa: ANN401
        told.append(event(kind, at, "projects", len(told), **values))

    for minute in range(0, hours * 60, 10):
        at = minute * 60.0
        signs: dict[str, Any] = {"process": "p", "every": 600.0}
        down = chance.random() < 0.05
        tell(Kind.QUEUE_ALIVE, at, **signs)
        tell(Kind.WATCH_ALIVE, at, target="t", probes={"api": "down" if down else "up"}, **signs)
    for number in range(hours // 2):
        begin = number * 7200.0 + chance.uniform(0, 3600)
        change, commit, deployment = f"change{number}", f"{number:040x}", f"t/{number}"
        of: dict[str, Any] = {"change": change, "commit": commit}
        tell(Kind.QUEUED, begin, again=False, **of)
        tell(
            Kind.RUN_FINISHED, begin + 300, run=f"r{number}", tier="pr", status="passed", exit_code=0, seconds=9.0, **of
        )
        landed = begin + chance.uniform(400, 40_000)
        tell(Kind.LANDED, landed, automatic=True, reviewed=False, commits=[begin - 60], lines=9, method="squash", **of)
        to: dict[str, Any] = {"commit": commit, "deployment": deployment, "release": f"v{number}"}
        tell(Kind.DEPLOY_STARTED, landed + 5, old=f"v{number - 1}", strategy="canary", rollback=False, **to)
        tell(Kind.DEPLOY_CANARY, landed + 20, weight=10, stage=1, **to)
        if chance.random() < 0.2:
            gone = landed + chance.uniform(60, 20_000)
            told_of: dict[str, Any] = {"deployment": deployment, "incident": deployment}
            tell(Kind.INCIDENT_OPENED, gone, why="bad", began=landed + 20, **told_of)
            tell(Kind.INCIDENT_CLOSED, gone + chance.uniform(1, 30_000), how="rolled back", **told_of)
            why: dict[str, Any] = {"trigger": "analysis", "why": "bad", "detected": gone, "automatic": True}
            tell(Kind.ROLLBACK, gone + 1, to=f"v{number - 1}", **why, **to)
        else:
            tell(Kind.DEPLOY_FULL, landed + 700, why="well", **to)
        if chance.random() < 0.15:
            tell(Kind.INTERVENTION, begin + 900, intervention="abort", actor="human:ann", deployment=deployment)
    return told


@pytest.mark.pr
@pytest.mark.parametrize("seed", range(3))
def test_windows_that_are_called_exact_keep_their_figures(seed: int, tmp_path: Path) -> None:
    store = Store(file_url(tmp_path / "history.db"), "projects")
    store.add(story(seed))
    for until in (40 * HOUR, 90 * HOUR):
        before = store.events()
        pruned = store.prune(until, 250 * HOUR, really=True)
        after = store.events()
        assert len(after) < len(before)
        assert pruned.exact < 200 * HOUR, "else nothing is tried"
        for begin in (pruned.exact, pruned.exact + 5 * HOUR):
            for end in (begin + 24 * HOUR, 240 * HOUR):
                figures = [report(each, "projects", Span(begin, end)).figures for each in (before, after)]
                assert figures[0] == figures[1]
    store.close()
