"""The report for a scraper, in Prometheus' text format: gauges about the window, counters since the history began."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from xptasks.history.metrics.figure import Unit
from xptasks.history.metrics.report import FIGURES, Measured, Report

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_PREFIX = "xptasks_"
_COUNTERS = {
    "interventions": ("interventions", "kind", "Interventions by humans."),
    "landings": ("landed_changes", "how", "Changes that landed."),
    "rejections": ("rejected_changes", "rule", "Times that a change was rejected."),
    "deployments": ("deployments", "outcome", "Deployments that ended; going back is none."),
    "runs": ("runs", "status", "Runs of a tier."),
}
_COUNTED = {"wilson", "order statistics", "kaplan-meier"}


def show(report: Report) -> str:
    """The report. A figure without a value has no sample: a scraper must not take "unknown" for 0."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - only for this format

    class Collected:
        def collect(self) -> Iterable["Metric"]:
            return _families(report)

    registry = CollectorRegistry()
    registry.register(Collected())
    return generate_latest(registry).decode()


def name_of(figure: str, unit: Unit, word: str = "") -> str:
    """What a figure, or a bound of it, is called: with its unit at the end."""
    return "_".join(part for part in ("xptasks", figure, word, unit) if part)


def _families(report: Report) -> Iterator["Metric"]:
    from prometheus_client.metrics_core import CounterMetricFamily  # noqa: PLC0415

    yield from _window(report)
    meanings = {figure.name: figure.meaning for figure in FIGURES}
    for figure in report.figures:
        yield from _figure(report.project, figure, meanings[figure.name])
    yield from _targets(report)
    for total, (name, label, text) in _COUNTERS.items():
        family = CounterMetricFamily(_PREFIX + name, text, labels=["project", label])
        for kind, count in report.totals[total].items():
            family.add_metric([report.project, kind], count)
        yield family


def _window(report: Report) -> Iterator["Metric"]:
    project = report.project
    yield _gauge("window_seconds", "How long the window of the figures is.", project, report.seconds)
    yield _gauge("observed_seconds", "How long the loop was observed in the window.", project, report.observed)
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    watched = GaugeMetricFamily(
        f"{_PREFIX}watched_seconds", "How long a target was watched in the window.", labels=["project", "target"]
    )
    for target, seconds in report.watched.items():
        watched.add_metric([project, target], seconds)
    yield watched


def _figure(project: str, figure: Measured, meaning: str) -> Iterator["Metric"]:
    numbers = {
        "": (figure.value, meaning),
        "lower": (figure.lower, f"The lower 95 % bound of {figure.name}."),
        "upper": (figure.upper, f"The upper 95 % bound of {figure.name}."),
        "p95": (figure.details.get("p95"), f"The 95th percentile of {figure.name}."),
    }
    for word, (value, text) in numbers.items():
        if value is not None:
            yield _gauge(name_of(figure.name, figure.unit, word)[len(_PREFIX) :], text, project, value)
    if figure.method in _COUNTED:
        yield _gauge(f"{figure.name}_cases", f"Cases that {figure.name} is made of.", project, figure.denominator)


def _targets(report: Report) -> Iterator["Metric"]:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    met = GaugeMetricFamily(
        f"{_PREFIX}target_met", "Whether a target is met; absent while nobody can tell.", labels=["project", "figure"]
    )
    for figure in report.figures:
        if figure.verdict in {"met", "not met"}:
            met.add_metric([report.project, figure.name], float(figure.verdict == "met"))
    yield met


def _gauge(name: str, text: str, project: str, value: float) -> "Metric":
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    family = GaugeMetricFamily(_PREFIX + name, text, labels=["project"])
    family.add_metric([project], value)
    return family
