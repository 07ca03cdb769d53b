"""What Envoy's statistics mean for a release.

Requests, answers and their durations are counted where a request was sent by weight (`http/A`, or `http/A/B` when B
stands in for A); connections and what breaks on them where they really are (`http/A`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from xptasks.delivery.driver import Counters
from xptasks.delivery.envoy.resources import DURATIONS, REQUESTS, WEBSOCKETS

QUERY = (
    rf"/stats?format=json&usedonly&histogram_buckets=cumulative&filter=^cluster\.({REQUESTS}|{WEBSOCKETS})/.*\."
    r"(upstream_rq_(completed|5xx|503|101|retry|retry_success|pending_failure_eject|time)"
    r"|upstream_cx_(destroy_remote_with_active_rq|length_ms))$"
)
ACTIVE = rf"/stats?format=json&filter=^cluster\.({REQUESTS}|{WEBSOCKETS})/[^/]*\.upstream_rq_active$"


class Statistics:
    """One answer of `/stats?format=json`."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        entries: list[Mapping[str, Any]] = answer["stats"]
        self._values = {entry["name"]: int(entry["value"]) for entry in entries if "name" in entry}
        histograms = (each for entry in entries for each in entry.get("histograms", ()))
        self._buckets = {each["name"]: [int(b["cumulative"]) for b in each["buckets"]] for each in histograms}

    def counters(self, release: str, others: Iterable[str], epoch: str) -> Counters:
        """The numbers of one release.

        Args:
            release: its name.
            others: the releases that may stand in for it.
            epoch: names the life of this Envoy.
        """
        stand_ins = [f"/{other}" for other in others]
        requests = self._served(f"{REQUESTS}/{release}", stand_ins)
        websockets = self._served(f"{WEBSOCKETS}/{release}", stand_ins)
        lengths = self._buckets.get(f"cluster.{WEBSOCKETS}/{release}.upstream_cx_length_ms", [0])
        refused = websockets["completed"] - websockets["101"] + websockets["retry"]
        return Counters(
            requests=requests["completed"] + requests["retry"] - requests["retry_success"],
            errors=requests["5xx"] + requests["retry"] + self._cut(f"{REQUESTS}/{release}", requests),
            websockets=websockets["completed"] + websockets["retry"] - websockets["retry_success"],
            websocket_errors=max(refused, lengths[0]),
            bounds=tuple(bound / 1000 for bound in DURATIONS),
            durations=self._durations(f"{REQUESTS}/{release}", stand_ins),
            epoch=epoch,
        )

    def active(self, release: str) -> tuple[int, int]:
        """How many requests and how many websockets a release has now."""
        requests, websockets = (
            self._value(f"{kind}/{release}", "upstream_rq_active") for kind in (REQUESTS, WEBSOCKETS)
        )
        return requests, websockets

    def _value(self, cluster: str, name: str) -> int:
        return self._values.get(f"cluster.{cluster}.{name}", 0)

    def _served(self, cluster: str, stand_ins: Iterable[str]) -> dict[str, int]:
        """Answers by kind; `retry` counts requests that the release itself failed and that were sent again."""
        return {
            name: sum(self._value(cluster + ending, f"upstream_rq_{name}") for ending in ("", *stand_ins))
            for name in ("completed", "5xx", "503", "101", "retry", "retry_success")
        }

    def _cut(self, cluster: str, served: Mapping[str, int]) -> int:
        """Answers that broke off after they had begun: what broke, without what was sent again or answered with 503."""
        broken = self._value(cluster, "upstream_cx_destroy_remote_with_active_rq")
        never_begun = self._value(cluster, "upstream_rq_pending_failure_eject")
        return max(0, broken + never_begun - served["retry"] - served["503"])

    def _durations(self, cluster: str, stand_ins: Iterable[str]) -> tuple[int, ...]:
        names = [f"cluster.{cluster}{ending}.upstream_rq_time" for ending in ("", *stand_ins)]
        found = [self._buckets[name] for name in names if name in self._buckets]
        sums = [sum(counts) for counts in zip(*found, strict=True)] or [0] * len(DURATIONS)
        return (*sums, sums[-1])
