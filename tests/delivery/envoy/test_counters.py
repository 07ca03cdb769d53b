"""What Envoy's statistics mean, by a table of what happened."""

from typing import Any

import pytest

from xptasks.delivery.driver import Counters
from xptasks.delivery.envoy.counters import Statistics
from xptasks.delivery.envoy.resources import DURATIONS


def statistics(values: dict[str, int], **histograms: list[int]) -> Statistics:
    stats: list[dict[str, Any]] = [{"name": f"cluster.{name}", "value": value} for name, value in values.items()]
    buckets = [
        {"name": f"cluster.{name}", "buckets": [{"upper_bound": 1, "interval": 0, "cumulative": n} for n in counts]}
        for name, counts in histograms.items()
    ]
    return Statistics({"stats": [*stats, {"histograms": buckets}]})


@pytest.mark.parametrize(
    ("values", "requests", "errors"),
    [
        ({}, 0, 0),
        ({"http/a.upstream_rq_completed": 7, "http/a/b.upstream_rq_completed": 3}, 10, 0),
        ({"http/b.upstream_rq_completed": 7, "http/b/a.upstream_rq_completed": 3}, 0, 0),
        ({"http/a/b.upstream_rq_completed": 9, "http/a/b.upstream_rq_5xx": 4}, 9, 4),
        # Nobody listened, and the other release answered all of them.
        (
            {
                "http/a/b.upstream_rq_completed": 5,
                "http/a/b.upstream_rq_retry": 5,
                "http/a/b.upstream_rq_retry_success": 5,
                "http/a.upstream_rq_pending_failure_eject": 5,
            },
            5,
            5,
        ),
        # It died with two requests, which were answered with 503 by the proxy.
        (
            {
                "http/a.upstream_rq_completed": 2,
                "http/a.upstream_rq_5xx": 2,
                "http/a.upstream_rq_503": 2,
                "http/a.upstream_cx_destroy_remote_with_active_rq": 2,
            },
            2,
            2,
        ),
        # It broke off in the middle of an answer that had begun well.
        ({"http/a.upstream_rq_completed": 3, "http/a.upstream_cx_destroy_remote_with_active_rq": 1}, 3, 1),
    ],
)
def test_requests_and_errors(values: dict[str, int], requests: int, errors: int) -> None:
    found = statistics(values).counters("a", ["b"], "1.2")
    assert (found.requests, found.errors, found.epoch) == (requests, errors, "1.2")


@pytest.mark.parametrize(
    ("values", "short", "websockets", "errors"),
    [
        ({"ws/a/b.upstream_rq_completed": 4, "ws/a/b.upstream_rq_101": 4}, 0, 4, 0),
        ({"ws/a.upstream_rq_completed": 4, "ws/a.upstream_rq_101": 1}, 3, 4, 3),
        ({"ws/a.upstream_rq_completed": 4, "ws/a.upstream_rq_101": 4}, 2, 4, 2),
    ],
    ids=["open", "refused", "broke at once"],
)
def test_websockets(values: dict[str, int], short: int, websockets: int, errors: int) -> None:
    found = statistics(values, **{"ws/a.upstream_cx_length_ms": [short]}).counters("a", ["b"], "")
    assert (found.websockets, found.websocket_errors) == (websockets, errors)
    assert found.requests == 0


def test_durations_are_added_up_over_the_stand_ins() -> None:
    counts = list(range(len(DURATIONS)))
    found = statistics({}, **{"http/a.upstream_rq_time": counts, "http/a/b.upstream_rq_time": counts})
    one = found.counters("a", ["b"], "")
    assert one.durations == (*(2 * count for count in counts), 2 * counts[-1])
    assert one.bounds[:3] == (0.001, 0.002, 0.003)
    assert len(one.durations) == len(one.bounds) + 1
    assert found.counters("b", ["a"], "") == Counters(bounds=one.bounds, durations=(0,) * len(one.durations))


def test_what_is_open_now() -> None:
    found = statistics({"http/a.upstream_rq_active": 2, "ws/a.upstream_rq_active": 3})
    assert found.active("a") == (2, 3)
    assert found.active("b") == (0, 0)
