"""Figures about changes on their way to the trunk. Pure."""

from collections import Counter
from math import fsum

from xptasks.history.events import Kind
from xptasks.history.metrics import gates
from xptasks.history.metrics.facts import word
from xptasks.history.metrics.figure import Figure, Found, left_out
from xptasks.history.metrics.samples import Counted, Share, Times
from xptasks.history.metrics.view import View


def _automatic(view: View) -> Found:
    automatic = sum(landing.automatic for landing in view.landed)
    parts = {"merged by hand": float(len(view.landed) - automatic), "pushed": float(view.pushed)}
    return Found(Share(automatic, len(view.landed) + view.pushed), parts)


def _reviewed(view: View) -> Found:
    reviewed, waiting = sum(landing.reviewed for landing in view.landed), len(view.waiting)
    parts = {"approved": float(reviewed), "waiting": float(waiting)}
    return Found(Share(reviewed + waiting, len(view.landed) + waiting), parts)


def _rejected(view: View) -> Found:
    rejected = view.facts.inside(Kind.REJECTED)
    counts = Counter(word(event.data, "rule") or "unknown" for event in rejected)
    parts = {rule: float(count) for rule, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))}
    return Found(Share(len(rejected), len(rejected) + len(view.landed)), parts)


def _queued(view: View) -> Found:
    waited = [landing.at - landing.queued for landing in view.landed if landing.queued is not None]
    unknown = len(view.landed) - len(waited)
    return Found(Times(waited, len(view.landed)), notes=left_out((unknown, "landed without having been queued")))


def _gate(view: View) -> Found:
    return Found(_times([seconds for _, seconds in gates.seconds_of_gates(view.facts)]))


def _times(seconds: list[float]) -> Times:
    return Times(seconds, len(seconds))


def _gate_per_change(view: View) -> Found:
    runs, landed = gates.seconds_of_gates(view.facts), len(view.landed)
    total = fsum(seconds for _, seconds in runs)
    parts = {
        tier: fsum(seconds for name, seconds in runs if name == tier) for tier in sorted({tier for tier, _ in runs})
    }
    return Found(Counted(total / landed if landed and runs else None, total, landed), parts)


def _flaky_steps(view: View) -> Found:
    return Found(Share(view.flakes.flaky_step_runs, view.flakes.step_runs), view.flakes.names)


def _flaky_runs(view: View) -> Found:
    return Found(Share(view.flakes.flaky_runs, view.flakes.runs))


FIGURES = (
    Figure(
        name="auto_merge",
        title="landed by itself",
        group="To the trunk",
        unit="ratio",
        meaning="The share of changes on the trunk that the loop landed, without a human who merged or pushed.",
        numerator="landings in the window that were automatic",
        denominator="landings in the window, and pushes of humans straight to the trunk",
        method="wilson",
        find=_automatic,
        better="above",
    ),
    Figure(
        name="manual_review",
        title="needed a review",
        group="To the trunk",
        unit="ratio",
        meaning="The share of changes that a human had to approve: those that landed with an approval, and those that "
        "began to wait for one in the window and still do.",
        numerator="landings in the window that had waited for an approval, and changes that wait",
        denominator="landings in the window, and changes that wait",
        method="wilson",
        find=_reviewed,
        goal="review",
    ),
    Figure(
        name="rejected",
        title="rejected",
        group="To the trunk",
        unit="ratio",
        meaning="The share of the gate's answers that were a no, by the rule that said it. A change that is rejected, "
        "mended and landed has had both answers.",
        numerator="rejections in the window",
        denominator="rejections and landings in the window",
        method="wilson",
        find=_rejected,
    ),
    Figure(
        name="queue_time",
        title="queued to landed",
        group="To the trunk",
        unit="seconds",
        meaning="From the moment a change was queued to its landing, gate included; the median, and beside it the 95th "
        "percentile. A change that was rejected or withdrawn is queued anew.",
        numerator="landings in the window that had been queued",
        denominator="landings in the window",
        method="order statistics",
        find=_queued,
    ),
    Figure(
        name="gate_time",
        title="a gate's run",
        group="To the trunk",
        unit="seconds",
        meaning="How long a run of a tier by a machine takes: the median, and beside it the 95th percentile.",
        numerator="runs by machines that finished in the window",
        denominator="the same",
        method="order statistics",
        find=_gate,
    ),
    Figure(
        name="gate_time_per_change",
        title="gates per landed change",
        group="To the trunk",
        unit="seconds",
        meaning="What a landed change costs in runs: all runs by machines, also those that failed or were repeated.",
        numerator="seconds of runs by machines that finished in the window",
        denominator="landings in the window",
        method="counted",
        find=_gate_per_change,
    ),
    Figure(
        name="flaky_steps",
        title="flaky steps",
        group="To the trunk",
        unit="ratio",
        meaning="The share of step runs that failed for nothing: the failure was judged a flake, because the same "
        "step passed on the same commit.",
        numerator="failures of steps in the window that are flakes",
        denominator="steps in the window that ran (not from the cache) and said yes or no",
        method="wilson",
        find=_flaky_steps,
        limits="A failure that nobody repeated on the same commit is not known to be a flake. Steps of one run "
        "count as independent.",
    ),
    Figure(
        name="flaky_runs",
        title="flaky runs",
        group="To the trunk",
        unit="ratio",
        meaning="The share of runs of a tier that were red with a flake in them.",
        numerator="red runs in the window with a flake among their steps or tests",
        denominator="runs in the window that said yes or no",
        method="wilson",
        find=_flaky_runs,
        limits="As for `flaky_steps`.",
    ),
)
