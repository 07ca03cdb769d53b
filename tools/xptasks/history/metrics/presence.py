"""When the loop was observed: from signs of life of the processes that drive it, and from what machines did. Pure.

A process says that it began, that it lives, and that it ended. Between two signs it was there, unless they lie further
apart than three of the intervals that it promised: then it was killed, or the machine slept, and nobody knows. What a
machine did (a gate of CI, a landing by a forge) is a sign, too: where no process of ours runs, there is no other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics.facts import Facts, acting, number, word
from xptasks.history.metrics.spans import Span, united

LOOK = 60.0
"""Seconds between two signs of life of a process that does not say."""
SLOWEST = 300.0
"""The most that it may say; and what counts for what machines did."""
MISSED = 3
"""Two signs that are more than so many intervals apart do not belong together."""
BRIDGE = MISSED * SLOWEST
"""A gap of up to so many seconds, say a restart, does not end a session; it is not counted as observed, though."""

WATCH = (Kind.WATCH_STARTED, Kind.WATCH_ALIVE, Kind.WATCH_ENDED)
QUEUE = (Kind.QUEUE_STARTED, Kind.QUEUE_ALIVE, Kind.QUEUE_ENDED)
_FORGOTTEN = 86400.0  # seconds after which a process that was not heard of says nothing about now
_STARTS = {Kind.WATCH_STARTED, Kind.QUEUE_STARTED}
_ENDS = {Kind.WATCH_ENDED, Kind.QUEUE_ENDED}


def observed(facts: Facts) -> list[Span]:
    """When the loop was observed, up to the end of the window; from the first event on."""
    # Where a process of ours said that it ends, what machines do later is not the same loop going on.
    machines = [event for event in facts.events if _acts(event) or event.kind in _ENDS]
    return united([*_lives(facts.of(*QUEUE)), *_lives(facts.of(*WATCH)), *_spans(machines, SLOWEST)])


def _acts(event: HistoryEvent) -> bool:
    return acting(event) == "machine" and event.kind not in {*WATCH, *QUEUE}


def running(facts: Facts) -> bool:
    """Whether the loop runs at the end of the window: a process that drives it lives; without any, machines act."""
    lasts = {_process(sign): sign for sign in facts.of(*QUEUE, *WATCH) if sign.at > facts.window.end - _FORGOTTEN}
    if lasts:
        return any(_lives_at(sign, facts.window.end) for sign in lasts.values())
    acts = (event.at for event in reversed(facts.events) if acting(event) == "machine")
    return next(acts, -_FORGOTTEN) > facts.window.end - BRIDGE


def _lives_at(sign: HistoryEvent, at: float) -> bool:
    return sign.kind not in _ENDS and at - sign.at <= MISSED * interval(sign)


def sessions(spans: Sequence[Span]) -> list[Span]:
    """The same, with gaps that do not interrupt bridged."""
    return united(spans, BRIDGE)


def watched(signs: Iterable[HistoryEvent]) -> list[Span]:
    """When watchers looked, by their signs of life."""
    return united(_lives(signs))


def _lives(signs: Iterable[HistoryEvent]) -> Iterator[Span]:
    processes: dict[str, list[HistoryEvent]] = defaultdict(list)
    for sign in signs:
        processes[_process(sign)].append(sign)
    for life in processes.values():
        yield from _spans(life, LOOK)


def _process(sign: HistoryEvent) -> str:
    return f"{sign.kind in WATCH} {word(sign.data, 'target')} {word(sign.data, 'process')}"


def _spans(signs: Sequence[HistoryEvent], every: float) -> Iterator[Span]:
    """From the first to the last of signs that belong together; a sign that is alone is a moment."""
    begin = signs[0].at if signs else 0.0
    for before, after in pairwise(signs):
        together = before.kind not in _ENDS and after.kind not in _STARTS
        if not together or after.at - before.at > MISSED * interval(before, every):
            yield Span(begin, before.at)
            begin = after.at
    if signs:
        yield Span(begin, signs[-1].at)


def interval(sign: HistoryEvent, otherwise: float = LOOK) -> float:
    """Seconds to the next sign of life, as far as the event says something that can be believed."""
    said = number(sign.data, "every") or 0.0
    return said if 0 < said <= SLOWEST else otherwise
