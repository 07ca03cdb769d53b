"""Stretches of time, as pairs of a begin and an end, and what is left when they are laid over each other. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a begin to an end, in seconds since the epoch; the begin belongs to it, the end does not."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def within(self, other: "Span") -> "Span":
        """What both have in common; empty, with an end at its begin, when they have nothing."""
        begin = max(self.begin, other.begin)
        return Span(begin, max(begin, min(self.end, other.end)))

    def has(self, at: float) -> bool:
        """Whether a moment belongs to it."""
        return self.begin <= at < self.end


def united(spans: Iterable[Span], bridge: float = 0.0) -> list[Span]:
    """The same time as spans that do not touch, in order.

    Args:
        spans: any spans, in any order.
        bridge: gaps of up to so many seconds count as covered.
    """
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begin - found[-1].end <= bridge:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def common(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """What two lists of spans have in common; each is in order and without overlaps, and so is the answer."""
    found, at, beside = [], 0, 0
    while at < len(first) and beside < len(second):
        both = first[at].within(second[beside])
        if both.seconds > 0:
            found.append(both)
        if first[at].end <= second[beside].end:
            at += 1
        else:
            beside += 1
    return found


def seconds(spans: Iterable[Span]) -> float:
    """How long spans without overlaps are together."""
    return fsum(span.seconds for span in spans)
