"""The report: every figure with its value, interval, numerator, denominator and target. Pure.

Numbers are rounded where the report is made, so that text, JSON and Prometheus, and any two databases, say the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from xptasks.history.events import HistoryEvent
from xptasks.history.metrics.facts import Facts, facts
from xptasks.history.metrics.figure import Figure, Group, Method, Unit
from xptasks.history.metrics.figures import alone, delivery, dora, landing, running
from xptasks.history.metrics.intervals import CONFIDENCE
from xptasks.history.metrics.samples import Estimate
from xptasks.history.metrics.spans import Span
from xptasks.history.metrics.totals import totals
from xptasks.history.metrics.view import Targets, View

FIGURES: tuple[Figure, ...] = (
    *alone.FIGURES,
    *landing.FIGURES,
    *delivery.FIGURES,
    *running.FIGURES,
    *dora.FIGURES,
)
"""All figures, in the order of the report."""

Verdict = Literal["met", "not met", "not enough data"]
_PLACES: Mapping[Unit, int] = {"ratio": 6, "seconds": 3, "per_day": 6}


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure that was measured.

    Attributes:
        name, title, group, unit, method: as its definition has them.
        value: None without enough data, when there is nothing to measure, or when it has no finite value.
        enough: whether there were enough data for a value.
        lower, upper: its 95 % interval; None where nothing bounds it.
        numerator, denominator: what it is made of; seconds, or how many.
        details: other numbers about the same: `least`, `p95`, `most`, `horizon`, `outages`, `longest`.
        parts: what the numerator, or the value, consists of.
        target: what it is held against, in its unit; None without a target.
        better: on which side of the target is good.
        verdict: `met` when all of the interval is on the good side, `not met` when all of it is on the other, else
            `not enough data`; empty without a target.
        notes: what was left out, and what else to know.
    """

    name: str
    title: str
    group: Group
    unit: Unit
    method: Method
    value: float | None
    enough: bool
    lower: float | None
    upper: float | None
    numerator: float
    denominator: float
    details: Mapping[str, float]
    parts: Mapping[str, float]
    target: float | None
    better: Literal["below", "above"]
    verdict: Verdict | Literal[""]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything. `schema` grows when a reader of an older version would misread it.

    Attributes:
        schema: the version of this shape.
        project: the project's name.
        since, until: the window, in UTC as ISO 8601; the first belongs to it, the last does not.
        seconds: how long the window is.
        events: how many events are in the window.
        known_since: when the history's first event was; empty when there is none before the window's end.
        observed: seconds of the window in which the loop was observed.
        watched: seconds of the window in which somebody looked at each target, by its name.
        confidence: of the intervals.
        figures: every figure, in one order.
        totals: what happened since the history began, up to the end of the window: how many interventions, landings,
            rejections, deployments and runs there were of each kind.
    """

    schema: Literal[1]
    project: str
    since: str
    until: str
    seconds: float
    events: int
    known_since: str
    observed: float
    watched: Mapping[str, float]
    confidence: float
    figures: tuple[Measured, ...]
    totals: Mapping[str, Mapping[str, int]]


def report(events: Iterable[HistoryEvent], project: str, window: Span, targets: Targets | None = None) -> Report:
    """Measure everything.

    Args:
        events: any events, in any order; those before the window tell how things stood when it began.
        project: whose events count.
        window: from when to when.
        targets: what figures are held against; the defaults without them.
    """
    view = View(facts(events, project, window), targets or Targets())
    return Report(
        schema=1,
        project=project,
        since=iso(window.begin),
        until=iso(window.end),
        seconds=_rounded(window.seconds, "seconds"),
        events=_count(view.facts),
        known_since="" if view.facts.known_since is None else iso(view.facts.known_since),
        observed=_rounded(view.alone.seconds, "seconds"),
        watched={place.target or "all": _rounded(place.watched, "seconds") for place in view.places},
        confidence=CONFIDENCE,
        figures=tuple(_measured(view)),
        totals=totals(view),
    )


def _count(given: Facts) -> int:
    return sum(given.window.has(event.at) for event in given.events)


def _measured(view: View) -> Iterator[Measured]:
    for figure in FIGURES:
        found = figure.find(view)
        estimate = found.sample.estimate()
        target = getattr(view.targets, figure.goal) if figure.goal else None
        yield Measured(
            name=figure.name,
            title=figure.title,
            group=figure.group,
            unit=figure.unit,
            method=figure.method,
            value=_bound(estimate.value, figure.unit),
            enough=estimate.enough,
            lower=_bound(estimate.interval.lower, figure.unit),
            upper=_bound(estimate.interval.upper, figure.unit),
            numerator=round(float(estimate.numerator), 3),
            denominator=round(float(estimate.denominator), 3),
            details={name: _rounded(value, figure.unit) for name, value in estimate.details.items()},
            parts={name: round(value, 6) for name, value in found.parts.items()},
            target=target,
            better=figure.better,
            verdict="" if target is None else _verdict(estimate, target, figure.better),
            notes=found.notes,
        )


def _verdict(estimate: Estimate, target: float, better: Literal["below", "above"]) -> Verdict:
    """Only an interval that leaves no doubt is a verdict. To be equal is good where more is better, else it is not."""
    lower, upper = estimate.interval.lower, estimate.interval.upper
    if not estimate.enough:
        return "not enough data"
    above = lower is not None and lower >= target
    below = upper is not None and upper < target
    good, bad = (above, below) if better == "above" else (below, above)
    return "met" if good else "not met" if bad else "not enough data"


def _bound(value: float | None, unit: Unit) -> float | None:
    return None if value is None else _rounded(value, unit)


def _rounded(value: float, unit: Unit) -> float:
    return round(value, _PLACES[unit]) + 0.0  # no -0.0


def iso(at: float) -> str:
    """A moment as text, to the second, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
