"""What happened, ready to be counted: one project's events, each once, in order, up to the end of a window. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from xptasks.history.events import Actor, ActorKind, HistoryEvent, Kind
from xptasks.history.metrics.spans import Span

Which = Literal["human", "agent", "machine", ""]


@dataclass(frozen=True)
class Facts:
    """The events that a report is made of.

    Attributes:
        project: whose events they are.
        window: what the report is about; what is older only tells how things stood when it began.
        events: each once, by time, then id; none of them after the window.
    """

    project: str
    window: Span
    events: Sequence[HistoryEvent] = field(repr=False)

    @cached_property
    def _by_kind(self) -> Mapping[Kind, list[HistoryEvent]]:
        found: dict[Kind, list[HistoryEvent]] = {kind: [] for kind in Kind}
        for event in self.events:
            found[event.kind].append(event)
        return found

    def of(self, *kinds: Kind) -> list[HistoryEvent]:
        """All events of these kinds, in order, those before the window included."""
        if len(kinds) == 1:
            return self._by_kind[kinds[0]]
        return sorted((event for kind in kinds for event in self._by_kind[kind]), key=_order)

    def inside(self, *kinds: Kind) -> list[HistoryEvent]:
        """The events of these kinds in the window, in order."""
        found = self.of(*kinds)
        return found[bisect_left(found, self.window.begin, key=lambda event: event.at) :]

    @property
    def known_since(self) -> float | None:
        """When the first event of all was, None without one."""
        return self.events[0].at if self.events else None

    @property
    def covered(self) -> Span:
        """The part of the window since the first event: before it, nobody wrote anything down."""
        first = self.known_since
        return self.window.within(Span(self.window.end if first is None else first, self.window.end))


def facts(events: Iterable[HistoryEvent], project: str, window: Span) -> Facts:
    """The facts of one project.

    Args:
        events: any events: in any order, some of them twice, some of other projects, some outside the window.
        project: the project's name.
        window: what the report is about. What happened at its end, or later, does not count.
    """
    once: dict[str, HistoryEvent] = {}
    for event in events:
        if event.project == project and event.at < window.end:
            known = once.setdefault(event.id, event)
            if known is not event and _sooner(event, known):
                once[event.id] = event
    return Facts(project, window, sorted(once.values(), key=_order))


def _sooner(event: HistoryEvent, other: HistoryEvent) -> bool:
    """Which of two that share an id counts: the earlier one, and always the same one of two at one moment."""
    return (event.at, event.as_json()) < (other.at, other.as_json())


def _order(event: HistoryEvent) -> tuple[float, str]:
    return event.at, event.id


def acting(event: HistoryEvent) -> ActorKind | Literal[""]:
    """What kind of actor it was; empty where nobody is named."""
    return Actor.parse(event.actor).kind if event.actor else ""


def number(data: Mapping[str, Any], name: str) -> float | None:
    """A number among an event's data; None when it is something else, or nothing."""
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def numbers(data: Mapping[str, Any], name: str) -> list[float]:
    """A list of numbers among an event's data; what is none is left out."""
    values = data.get(name)
    listed = values if isinstance(values, list | tuple) else []
    return [float(value) for value in listed if isinstance(value, int | float) and not isinstance(value, bool)]


def word(data: Mapping[str, Any], name: str) -> str:
    """A text among an event's data; empty when it is something else, or nothing."""
    value = data.get(name)
    return value if isinstance(value, str) else ""
