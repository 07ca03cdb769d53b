"""What an exposition means, by a table."""

from math import inf

import pytest

from xptasks.delivery.driver import Counters
from xptasks.delivery.exposition import counters_of, together
from xptasks.delivery.settings import LabelSettings, MetricsSettings

SETTINGS = MetricsSettings(path="/metrics", requests="http_requests_total", durations="http_seconds")
HEAD = "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"


@pytest.mark.parametrize(
    ("text", "requests", "errors"),
    [
        ("", 0, 0),
        (HEAD, 0, 0),
        ('http_requests_total{status="200"} 7', 7, 0),
        (HEAD + 'http_requests_total{status="200"} 7.0\nhttp_requests_total{status="503"} 2.0\n', 9, 2),
        ('http_requests_total{route="/a",status="500"} 1\nhttp_requests_total{route="/b",status="502"} 1e1', 11, 11),
        ('http_requests_total{status="5"} 1\nhttp_requests_total{status="1500"} 1', 2, 0),
        ("http_requests_total 4 1700000000", 4, 0),
        ('http_requests_total_more{status="500"} 3\nother{status="500"} 3', 0, 0),
        ('http_requests_total{route="\\"}{",status="500"} 3', 3, 3),
        ("not { a metric\n", 0, 0),
    ],
)
def test_requests_and_errors(text: str, requests: int, errors: int) -> None:
    assert counters_of(text, SETTINGS) == Counters(requests, errors)


def test_what_the_checks_ask_for_does_not_count() -> None:
    settings = SETTINGS.model_copy(update={"ignore": (LabelSettings(label="route", matches="/health|/metrics"),)})
    series = [("/health", 500, 90), ("/metrics", 200, 9), ("/health/more", 500, 2), ("/", 200, 3)]
    text = "".join(f'http_requests_total{{route="{route}",status="{status}"}} {n}\n' for route, status, n in series)
    buckets = "".join(f'http_seconds_bucket{{route="{route}",le="+Inf"}} {n}\n' for route, _, n in series)
    found = counters_of(text + buckets, settings)
    assert (found.requests, found.errors, found.durations) == (5, 2, (5,))


def _buckets(route: str, *counts: int, bounds: tuple[float, ...] = (0.1, 1.0, inf)) -> str:
    lines = (
        f'http_seconds_bucket{{route="{route}",le="{"+Inf" if bound == inf else bound}"}} {count}\n'
        for bound, count in zip(bounds, counts, strict=True)
    )
    return "".join(lines) + f'http_seconds_sum{{route="{route}"}} 3.5\nhttp_seconds_count{{route="{route}"}} 9\n'


@pytest.mark.parametrize(
    ("text", "bounds", "durations"),
    [
        (_buckets("/a", 3, 5, 9), (0.1, 1.0), (3, 5, 9)),
        (_buckets("/a", 3, 5, 9) + _buckets("/b", 0, 1, 1), (0.1, 1.0), (3, 6, 10)),
        (_buckets("/a", 9, 3, 5, bounds=(inf, 0.1, 1.0)), (0.1, 1.0), (3, 5, 9)),
        (_buckets("/a", 3, 5, bounds=(0.1, 1.0)), (), ()),  # no histogram: how many there were at all is missing
    ],
)
def test_durations(text: str, bounds: tuple[float, ...], durations: tuple[int, ...]) -> None:
    found = counters_of(text, SETTINGS)
    assert (found.bounds, found.durations) == (bounds, durations)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http_requests_total{status=", "could not convert"),
        ("http_requests_total two", "could not convert"),
        ("http_seconds_bucket 7", "le"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        counters_of(text, SETTINGS)


OWN = Counters(9, 1, bounds=(0.1,), durations=(5, 9), epoch="0")
PROXY = Counters(10, 2, 4, 3, epoch="7")
ENVOY = Counters(10, 2, 4, 3, bounds=(0.5,), durations=(8, 10), epoch="7")


@pytest.mark.parametrize(
    ("proxy", "instead", "expected"),
    [
        (None, False, OWN),
        (PROXY, False, Counters(10, 2, 4, 3, (0.1,), (5, 9), "7|0")),
        (ENVOY, False, ENVOY),
        (ENVOY, True, Counters(9, 1, 4, 3, (0.1,), (5, 9), "7|0")),
    ],
)
def test_who_says_what(proxy: Counters | None, instead: bool, expected: Counters) -> None:  # noqa: FBT001 - a table
    assert together(proxy, OWN, instead=instead) == expected
