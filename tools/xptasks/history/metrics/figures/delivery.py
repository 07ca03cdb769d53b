"""Figures about releases on their way to production. Pure."""

from collections import Counter
from collections.abc import Callable

from xptasks.history.metrics.deployments import Back, deliveries
from xptasks.history.metrics.figure import WITHIN, Figure, Found, left_out
from xptasks.history.metrics.samples import Share, Times
from xptasks.history.metrics.view import View


def _to_canary(view: View) -> Found:
    brought = deliveries(view.deployments.all, view.landings, lambda each: each.traffic)
    found = [each for each in brought if view.window.has(each.at)]
    known = [each.at - each.last for each in found if each.last is not None]
    good = [seconds for seconds in known if seconds >= 0]
    within = {WITHIN: float(sum(seconds < view.targets.commit_to_canary for seconds in good))}
    notes = left_out(
        (len(found) - len(known), "without the time of their commits"),
        (len(known) - len(good), "with a commit that is younger than the canary: a clock is wrong"),
    )
    return Found(Times(good, len(found)), within if good else {}, notes)


def _rolled_back(view: View) -> Found:
    begun = [each for each in view.new_releases if view.window.has(each.began)]
    ended = [each for each in begun if each.ended]
    back = [each.back for each in ended if each.back is not None]
    triggers = Counter(each.trigger or "unknown" for each in back)
    notes = left_out((len(begun) - len(ended), "not decided yet"))
    return Found(Share(len(back), len(ended)), {name: float(triggers[name]) for name in sorted(triggers)}, notes)


def _since_traffic(view: View, moment: Callable[[Back], float], target: float | None = None) -> Found:
    """Seconds from the first traffic of each release that was given up in the window."""
    given_up = [(each.traffic, each.back) for each in view.new_releases if each.back and view.window.has(each.back.at)]
    served = [(traffic, back) for traffic, back in given_up if traffic is not None and traffic <= moment(back)]
    seconds = [moment(back) - traffic for traffic, back in served]
    within = {WITHIN: float(sum(each < target for each in seconds))} if target and seconds else {}
    lost = sum(view.window.has(event.at) for event in view.deployments.lost)
    notes = left_out(
        (len(given_up) - len(served), "given up before they got traffic"),
        (lost, "of a release that no known deployment brought"),
    )
    return Found(Times(seconds, len(seconds) + lost), within, notes)


def _detection(view: View) -> Found:
    return _since_traffic(view, lambda back: back.decided)


def _bad_release(view: View) -> Found:
    return _since_traffic(view, lambda back: back.at, view.targets.bad_release)


FIGURES = (
    Figure(
        name="commit_to_canary",
        title="commit to canary",
        group="To production",
        unit="seconds",
        meaning="From the last commit of a change, as its author made it, to the first traffic of the first release "
        "that has it: gate, queue, landing and build included. The median, and beside it the 95th percentile.",
        numerator="changes that first got traffic in the window, with known times of their commits",
        denominator="changes that first got traffic in the window",
        method="order statistics",
        find=_to_canary,
        goal="commit_to_canary",
        limits="A change that is written and queued later counts from when it was written. A release of a commit that "
        "did not land through the queue has what had landed when that commit was made; without a queue every deployed "
        "commit is a change.",
    ),
    Figure(
        name="rolled_back",
        title="rolled back",
        group="To production",
        unit="ratio",
        meaning="The share of deployments whose release was given up, by what decided it; a release that is given up "
        "later counts for the deployment that brought it.",
        numerator="decided deployments that began in the window and were rolled back by its end",
        denominator="deployments that began in the window and were decided by its end; going back is none",
        method="wilson",
        find=_rolled_back,
    ),
    Figure(
        name="detection_time",
        title="bad release detected",
        group="To production",
        unit="seconds",
        meaning="From the first traffic of a release to the decision to give it up, whoever decided. The median, and "
        "beside it the 95th percentile.",
        numerator="releases that were given up in the window after they had got traffic",
        denominator="the same, and rollbacks of unknown releases",
        method="order statistics",
        find=_detection,
        limits="Counts from the first traffic, also where a release turned bad later.",
    ),
    Figure(
        name="bad_release_time",
        title="bad release served",
        group="To production",
        unit="seconds",
        meaning="From the first traffic of a release that was given up until it had none: detection and rollback. The "
        "median, and beside it the 95th percentile.",
        numerator="releases that were given up in the window after they had got traffic",
        denominator="the same, and rollbacks of unknown releases",
        method="order statistics",
        find=_bad_release,
        goal="bad_release",
        limits="Counts from the first traffic, also where a release turned bad later.",
    ),
)
