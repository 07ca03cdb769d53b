"""What the reference service says of itself fills in what HAProxy does not count."""

import pytest

from tests.delivery.drivers.conftest import Local
from tests.delivery.drivers.test_reference_service import launch
from xptasks.delivery.gauge import Gauge
from xptasks.delivery.settings import LabelSettings, MetricsSettings
from xptasks.loop.measuring import Measured

METRICS = MetricsSettings(
    path="/metrics",
    requests="projects_http_requests_total",
    durations="projects_http_request_duration_seconds",
    ignore=(LabelSettings(label="route", matches="/health|/metrics"),),
)


@pytest.mark.slow
def test_durations_come_from_the_service_and_requests_from_the_proxy(haproxy: Local) -> None:
    haproxy.launches = {"one": launch("one", haproxy.home)}
    haproxy.up({"one": 50, "two": 50})  # `two` is another service, without metrics
    with Measured(haproxy.driver, METRICS, every=0) as measured:
        for _ in range(2):
            haproxy.ask("/api/projects")  # before the first, there is no histogram
        first = measured(("one", "two"))
        for _ in range(20):
            haproxy.ask("/api/projects")
        second = measured(("one", "two"))
    assert second["two"].bounds == ()
    assert second["two"].requests == 11
    assert second["one"].requests == haproxy.driver.counters()["one"].requests == 11
    assert (first["one"].durations[-1], second["one"].durations[-1]) == (1, 11)
    gauge = Gauge().after(first["one"], first["two"]).after(second["one"], second["two"])
    assert (gauge.evidence["errors"].canary, gauge.evidence["errors"].stable) == (10, 10)
    with Measured(haproxy.driver, METRICS.model_copy(update={"instead": True}), every=0) as measured:
        own = measured(("one",))["one"]
        assert (own.requests, own.errors) == (11, 0)
        haproxy.driver.split({"two": 100})
        haproxy.driver.stop("one")
        assert measured(("one",)).keys() == {"two"}
        haproxy.up({"two": 100}, "one")
        assert measured(("one",))["one"].epoch != own.epoch
