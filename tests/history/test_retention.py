"""Retention on both databases."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.history.test_store import changed, probe
from xptasks.history.events import HistoryEvent, Kind, event
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
