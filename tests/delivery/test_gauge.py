"""Counters become batches: only what grew counts, and never more bad requests than requests."""

import pytest

from xptasks.delivery.driver import Counters
from xptasks.delivery.gauge import Gauge

BOUNDS = (0.1, 0.5, 1.0)


def counters(requests: int, errors: int = 0, *, fast: int | None = None, epoch: str = "1") -> Counters:
    quick = requests if fast is None else fast
    return Counters(requests, errors, bounds=BOUNDS, durations=(quick, quick, requests, requests), epoch=epoch)


def test_the_first_look_is_no_reading() -> None:
    gauge = Gauge().after(counters(50, 50), counters(500))
    assert gauge.evidence == {}


def test_only_what_came_since_the_last_look_counts() -> None:
    gauge = Gauge().after(counters(50, 50), counters(500)).after(counters(60, 51), counters(590))
    shown = gauge.evidence["errors"]
    assert (shown.canary, shown.canary_bad, shown.stable, shown.stable_bad) == (10, 1, 90, 0)


@pytest.mark.parametrize("later", [counters(5), counters(60, epoch="2")])
def test_a_proxy_that_counts_from_0_again_is_a_new_beginning(later: Counters) -> None:
    gauge = Gauge().after(counters(50), counters(500)).after(later, counters(600))
    assert gauge.evidence == {}
    assert gauge.canary == later


def test_slow_is_judged_by_what_the_stable_release_did_before() -> None:
    gauge = Gauge().after(counters(0), counters(0)).after(counters(10), counters(200))
    assert "slow" not in gauge.evidence  # nothing was known about the stable release yet
    gauge = gauge.after(counters(20, fast=12), counters(300))
    shown = gauge.evidence["slow"]
    assert (shown.canary, shown.canary_bad, shown.stable, shown.stable_bad) == (10, 8, 100, 0)


def test_counts_that_were_read_at_different_moments_still_fit() -> None:
    gauge = Gauge().after(counters(0), counters(0)).after(counters(1, 3), counters(2))
    assert gauge.evidence["errors"].canary_bad == 1


def test_websockets_are_a_signal_once_there_are_any() -> None:
    gauge = Gauge().after(Counters(), Counters()).after(Counters(websockets=4, websocket_errors=4), Counters(1))
    assert gauge.evidence["websockets"].canary_bad == 4


def test_the_proxys_weight_counts_more_than_what_a_short_reading_holds() -> None:
    gauges = [
        Gauge().after(counters(0), counters(0)).after(counters(1, 1), counters(1), share) for share in (None, 0.1)
    ]
    blind, told = (gauge.evidence["errors"].log_ratio for gauge in gauges)
    assert told > blind
