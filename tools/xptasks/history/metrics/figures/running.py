"""Figures about what runs. Pure."""

from math import fsum

from xptasks.history.metrics.figure import Figure, Found, lasting, left_out
from xptasks.history.metrics.samples import Availability
from xptasks.history.metrics.view import View


def _uptime(view: View) -> Found:
    places = view.places
    watched = fsum(place.up + fsum(place.outages) for place in places)
    outages = [outage for place in places for outage in place.outages]
    look = max((place.look for place in places), default=1.0)
    parts = {
        place.target: place.up / told for place in places if place.target and (told := _told(place.up, place.outages))
    }
    return Found(Availability(outages, watched, look), parts if len(parts) > 1 else {})


def _told(up: float, outages: tuple[float, ...]) -> float:
    return up + fsum(outages)


def _recovery(view: View) -> Found:
    begun = [each for each in view.incidents if view.window.has(each.began)]
    older = sum(each.closed is None and each.began < view.window.begin for each in view.incidents)
    notes = left_out((older, "from before the window still open"))
    sample, parts, wrong = lasting([(each.began, each.closed) for each in begun], view.window.end)
    return Found(sample, parts, (*notes, *wrong))


FIGURES = (
    Figure(
        name="uptime",
        title="uptime",
        group="In production",
        unit="ratio",
        meaning="The share of the watched time in which no probe was down. Time in which nobody looked, or in which no "
        "probe had told anything yet, counts neither way.",
        numerator="seconds in which at least one probe was up and none down, while a watcher lived",
        denominator="seconds in which at least one probe had told something, while a watcher lived; of all targets",
        method="fay-feuer",
        find=_uptime,
        goal="uptime",
        better="above",
        limits="An outage counts from the look that failed; one that is shorter than the pause between two looks may "
        "not be seen.",
    ),
    Figure(
        name="recovery_time",
        title="incident to recovery",
        group="In production",
        unit="seconds",
        meaning="Half of the incidents are over after so long; one that is open lasts at least so long.",
        numerator="incidents that began in the window and are over",
        denominator="incidents that began in the window",
        method="kaplan-meier",
        find=_recovery,
        limits="An incident of which nobody knew until somebody went back by hand counts from that decision.",
    ),
)
