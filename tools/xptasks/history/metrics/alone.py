"""Time without intervention: how long the loop goes on before a human steps in. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics import presence, spans
from xptasks.history.metrics.facts import Facts, acting, word
from xptasks.history.metrics.spans import Span
from xptasks.history.metrics.survival import Spell


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time without intervention, in observed seconds.

    Attributes:
        span: from when to when, on the clock.
        begin, end: where it lies on the observed time's own scale, which stands still while nobody looks.
        ended: whether a human ended it; else the loop stopped, or the window did.
    """

    span: Span
    begin: float
    end: float
    ended: bool

    @property
    def seconds(self) -> float:
        """How long it lasted, as far as it was observed."""
        return self.end - self.begin


@dataclass(frozen=True)
class Alone:
    """Interventions, and the stretches between them."""

    facts: Facts

    @cached_property
    def observed(self) -> list[Span]:
        """When the loop was observed."""
        return presence.observed(self.facts)

    @cached_property
    def observed_inside(self) -> list[Span]:
        """The same, within the window."""
        return spans.common(self.observed, [self.facts.window])

    @cached_property
    def seconds(self) -> float:
        """Observed seconds in the window."""
        return spans.seconds(self.observed_inside)

    @cached_property
    def _sessions(self) -> list[Span]:
        return presence.sessions(self.observed)

    @cached_property
    def everybody(self) -> list[HistoryEvent]:
        """Every intervention by a human, whenever it was; nobody who is not named counts as a machine."""
        return [each for each in self.facts.of(Kind.INTERVENTION) if acting(each) not in {"agent", "machine"}]

    def _in_session(self, at: float) -> bool:
        place = bisect_right(self._sessions, at, key=lambda session: session.begin)
        return place > 0 and at <= self._sessions[place - 1].end + presence.BRIDGE

    @cached_property
    def interventions(self) -> list[HistoryEvent]:
        """Those in the window while the loop was observed."""
        begin = self.facts.window.begin
        return [each for each in self.everybody if each.at >= begin and self._in_session(each.at)]

    @cached_property
    def elsewhere(self) -> int:
        """How many were in the window while the loop was not observed."""
        return sum(each.at >= self.facts.window.begin for each in self.everybody) - len(self.interventions)

    @cached_property
    def kinds(self) -> dict[str, float]:
        """How many of each kind there were."""
        counts = Counter(word(each.data, "intervention") or "unknown" for each in self.interventions)
        return {kind: float(counts[kind]) for kind in sorted(counts)}

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The stretches that reach into the window, in order; those that began before it with their begin."""
        found = (each for session in self._sessions for each in self._of(session))
        begin = self.facts.window.begin
        return [each for each in found if each.span.end > begin and each.seconds > 0]

    def _of(self, session: Span) -> Iterator[Stretch]:
        """A human who comes soon after the last sign of life ends the session's last stretch."""
        last = session.end + presence.BRIDGE
        cuts = {min(each.at, session.end) for each in self.everybody if session.begin < each.at <= last}
        for begin, end in pairwise(sorted({session.begin, session.end, *cuts})):
            yield Stretch(Span(begin, end), self.scale(begin), self.scale(end), end in cuts)

    @property
    def current(self) -> float | None:
        """Observed seconds since the last intervention, None when the loop is not running at the end of the window."""
        if not self._sessions or not presence.running(self.facts):
            return None
        return next((each.seconds for each in self._of(self._sessions[-1]) if not each.ended), 0.0)

    @cached_property
    def _scale(self) -> tuple[list[float], list[float]]:
        """Where each observed span begins on the clock, and on its own scale."""
        return (
            [span.begin for span in self.observed],
            list(accumulate((span.seconds for span in self.observed), initial=0.0)),
        )

    def scale(self, at: float) -> float:
        """Observed seconds up to a moment."""
        begins, sums = self._scale
        place = bisect_right(begins, at)
        return sums[place - 1] + min(at, self.observed[place - 1].end) - begins[place - 1] if place else 0.0

    @cached_property
    def spells(self) -> list[Spell]:
        """The stretches for Kaplan and Meier; one that began before the window enters at the age it had then."""
        since = self.scale(self.facts.window.begin)
        entered = [(each, max(0.0, since - each.begin)) for each in self.stretches]
        return [Spell(entry, each.seconds, each.ended) for each, entry in entered if entry < each.seconds]


def in_long_ones(stretches: Sequence[Stretch], least: float, alone: Alone) -> float:
    """Observed seconds of the window in stretches of at least so many seconds."""
    long = [each.span for each in stretches if each.seconds >= least]
    return spans.seconds(spans.common(alone.observed_inside, long))
