"""When each probe is due: a grid of whole intervals on a clock that never goes back, so that nothing drifts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor


@dataclass(frozen=True, slots=True)
class Slot:
    """One probe's place on the grid.

    Attributes:
        offset: seconds after each whole interval, so that not all probes look at once.
        last: the number of the interval in which it looked last; -1 before the first.
        skipped: intervals that passed without a look, because the one before took too long or the machine slept.
    """

    offset: float
    last: int = -1
    skipped: int = 0

    def due(self, since: float, interval: float) -> float:
        """Seconds until the next look; 0 when it is due. `since` is the time since the grid began."""
        return max(0.0, (self.last + 1) * interval + self.offset - since)

    def looked(self, since: float, interval: float) -> "Slot":
        """The slot once a look has begun at `since`; intervals that were missed are counted, never made up for."""
        number = max(self.last + 1, floor((since - self.offset) / interval))
        return replace(self, last=number, skipped=self.skipped + number - self.last - 1)


def offsets(count: int, interval: float) -> Sequence[float]:
    """Offsets that spread `count` probes evenly over an interval."""
    return [interval * index / count for index in range(count)]
