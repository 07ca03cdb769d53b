"""Whether the service was up while somebody looked: from probes' turns and watchers' signs of life. Pure.

A place is down while any of its probes is; up while none is and at least one has told. Time in which nobody looked,
and time in which no probe has told anything yet, is neither.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics import presence, spans
from xptasks.history.metrics.facts import Facts, word
from xptasks.history.metrics.spans import Span

UP, DOWN = "up", "down"
_STATES = (UP, DOWN)


@dataclass(frozen=True, slots=True)
class Place:
    """What was seen of one target in the window.

    Attributes:
        target: `TARGET@HOST`; empty where the events name none.
        watched: seconds in which a watcher looked.
        up: seconds of them in which all was well.
        outages: seconds of them of each time in which it was not, in order.
        look: seconds between two signs of life, the longest that was promised.
    """

    target: str
    watched: float
    up: float
    outages: tuple[float, ...]
    look: float


def places(facts: Facts) -> list[Place]:
    """Every target that was watched in the window, by name."""
    signs: dict[str, list[HistoryEvent]] = defaultdict(list)
    for event in facts.of(*presence.WATCH, Kind.PROBE):
        signs[word(event.data, "target")].append(event)
    found = [_place(facts.window, target, signs[target]) for target in sorted(signs)]
    return [place for place in found if place.watched > 0]


def _place(window: Span, target: str, signs: Sequence[HistoryEvent]) -> Place:
    lives = [sign for sign in signs if sign.kind is not Kind.PROBE]
    watched = spans.common(presence.watched(lives), [window])
    turns = list(_turns(signs))
    look = max((presence.interval(sign) for sign in lives), default=presence.LOOK)
    up = spans.seconds(spans.common(watched, _in_state(turns, UP, window.end)))
    down = _in_state(turns, DOWN, window.end)
    seen = [spans.seconds(spans.common(watched, [span])) for span in down]
    return Place(target, spans.seconds(watched), up, tuple(each for each in seen if each > 0), look)


def _turns(signs: Sequence[HistoryEvent]) -> Iterator[tuple[float, str]]:
    """The state of the place from each sign on that changed it."""
    probes: dict[str, str] = {}
    before = ""
    for sign in signs:
        if sign.kind is Kind.PROBE and word(sign.data, "state") in _STATES:
            probes[word(sign.data, "probe")] = word(sign.data, "state")
        elif isinstance(told := sign.data.get("probes"), Mapping):
            probes = {str(name): state for name, state in told.items() if state in _STATES}
        now = DOWN if DOWN in probes.values() else UP if probes else ""
        if now != before:
            yield sign.at, now
        before = now


def _in_state(turns: Sequence[tuple[float, str]], state: str, end: float) -> list[Span]:
    found = (Span(at, until) for (at, now), (until, _) in pairwise([*turns, (end, "")]) if now == state)
    return [span for span in spans.united(found) if span.seconds > 0]
