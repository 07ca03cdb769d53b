"""Figures about time without people. Pure."""

from xptasks.history.metrics.alone import in_long_ones
from xptasks.history.metrics.figure import Figure, Found, left_out
from xptasks.history.metrics.samples import Between, Counted, Lasting, LastingMean
from xptasks.history.metrics.view import View

_STRETCH = (
    "A stretch is observed time without an intervention: it begins where the loop begins to run or a human has stepped "
    "in, and ends where a human steps in; one that has not ended, or that ended because the loop stopped, lasts at "
    "least so long."
)


def _between(view: View) -> Found:
    alone = view.alone
    elsewhere = (alone.elsewhere, "while the loop was not running, left out")
    return Found(Between(alone.seconds, len(alone.interventions)), alone.kinds, left_out(elsewhere))


def _median(view: View) -> Found:
    return Found(Lasting(view.alone.spells))


def _mean(view: View) -> Found:
    return Found(LastingMean(view.alone.spells))


def _longest(view: View) -> Found:
    longest = max(view.alone.stretches, key=lambda each: each.seconds, default=None)
    if longest is None:
        return Found(Counted(None, 0, 0))
    landed = sum(longest.span.has(landing.at) for landing in view.landings)
    deployed = sum(each.full is not None and longest.span.has(each.full) for each in view.new_releases)
    parts = {"landed": float(landed), "deployed": float(deployed)}
    return Found(Counted(longest.seconds, longest.seconds, len(view.alone.stretches)), parts)


def _current(view: View) -> Found:
    current = view.alone.current
    return Found(Counted(None, 0, 0) if current is None else Counted(current, current, 1))


def _long_share(view: View) -> Found:
    alone = view.alone
    long = in_long_ones(alone.stretches, view.targets.alone, alone)
    return Found(Counted(long / alone.seconds if alone.seconds else None, long, alone.seconds))


FIGURES = (
    Figure(
        name="time_between_interventions",
        title="time between interventions",
        group="Without people",
        unit="seconds",
        meaning="How long the loop runs from one intervention of a human to the next, on average. Interventions are "
        "commits on top of an automatic change, pushes to the trunk, manual reruns, promotions, aborts, rollbacks, "
        "edits of labels, approvals, overrides, loosened ratchets, breakers closed by hand.",
        numerator="observed seconds",
        denominator="interventions by humans while the loop was observed",
        method="poisson",
        find=_between,
        goal="alone",
        better="above",
        limits="The interval takes interventions to come independently; several in one sitting count each, which makes "
        "the value smaller.",
    ),
    Figure(
        name="time_alone",
        title="stretch alone (median)",
        group="Without people",
        unit="seconds",
        meaning=f"Half of the stretches without an intervention last at least so long. {_STRETCH}",
        numerator="stretches that an intervention ended",
        denominator="stretches; one that began before the window enters at the age it had then",
        method="kaplan-meier",
        find=_median,
    ),
    Figure(
        name="time_alone_mean",
        title="stretch alone (mean)",
        group="Without people",
        unit="seconds",
        meaning="The mean of the same stretches, each counted up to the longest that was seen (the horizon).",
        numerator="stretches that an intervention ended",
        denominator="stretches",
        method="kaplan-meier",
        find=_mean,
    ),
    Figure(
        name="longest_alone",
        title="longest stretch alone",
        group="Without people",
        unit="seconds",
        meaning="The longest stretch that reaches into the window, with its part before the window; beside it, how "
        "many changes landed and how many releases got all traffic in it.",
        numerator="observed seconds of the longest stretch",
        denominator="stretches",
        method="counted",
        find=_longest,
    ),
    Figure(
        name="current_alone",
        title="alone right now",
        group="Without people",
        unit="seconds",
        meaning="The stretch that has not ended at the end of the window.",
        numerator="observed seconds since the last intervention, or since the loop began to run",
        denominator="1 while the loop runs, else 0",
        method="counted",
        find=_current,
    ),
    Figure(
        name="long_alone",
        title="time in long stretches",
        group="Without people",
        unit="ratio",
        meaning="The share of the observed time that lies in stretches at least as long as the target of "
        "`time_between_interventions`.",
        numerator="observed seconds in such stretches",
        denominator="observed seconds",
        method="counted",
        find=_long_share,
    ),
)
