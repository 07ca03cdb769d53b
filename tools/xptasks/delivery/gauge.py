"""From the proxy's counters to evidence: what each release was asked since the last look, signal by signal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xptasks.delivery.analysis import Batch, Evidence, slow_above
from xptasks.delivery.driver import Counters

# The signals and their parts of the chance of a false abort. Errors are what hurts most, so they are found soonest.
SIGNALS: Mapping[str, float] = {"errors": 2.0, "slow": 1.0, "websockets": 1.0}
_ENOUGH = 100  # requests of the stable release from which on its 95th percentile is worth something


@dataclass(frozen=True, slots=True)
class Gauge:
    """The evidence of one stage so far, and the counters that it goes up to.

    Attributes:
        evidence: by signal; a signal that was never counted is absent.
        canary, stable: the counters at the last look.
        since: the stable release's counters at the first look; what is slow is judged by what came after it.
    """

    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    canary: Counters | None = None
    stable: Counters | None = None
    since: Counters | None = None

    def after(self, canary: Counters, stable: Counters, share: float | None = None) -> "Gauge":
        """The gauge after one more look. Counters that began again from 0 are a new beginning, not a reading.

        Args:
            canary: the counters of the new release now.
            stable: those of the release that serves.
            share: the canary's weight in the proxy since the last look, between 0 and 1; None when it is not known.
        """
        if self.canary is None or self.stable is None or self.since is None:
            return replace(self, canary=canary, stable=stable, since=stable)
        one, other = _grown(self.canary, canary), _grown(self.stable, stable)
        if one is None or other is None:
            return replace(self, canary=canary, stable=stable, since=stable)
        # The limit comes from readings before this one: a limit that this reading moved would not be fair to it.
        limit = _slow_limit(self.since, self.stable)
        evidence = {
            name: self.evidence.get(name, Evidence()).after(batch, share)
            for name, batch in _batches(one, other, limit).items()
        }
        return replace(self, evidence={**self.evidence, **evidence}, canary=canary, stable=stable)


def _batches(canary: Counters, stable: Counters, limit: int | None) -> dict[str, Batch]:
    found = {"errors": Batch(canary.requests, canary.errors, stable.requests, stable.errors)}
    if canary.websockets or stable.websockets:
        found["websockets"] = Batch(
            canary.websockets, canary.websocket_errors, stable.websockets, stable.websocket_errors
        )
    if limit is not None:
        found["slow"] = Batch(*_slow(canary, limit), *_slow(stable, limit))
    return found


def _slow(counters: Counters, limit: int) -> tuple[int, int]:
    """All requests with a duration, and those above the bucket's bound."""
    return counters.durations[-1], counters.durations[-1] - counters.durations[limit]


def _slow_limit(since: Counters, now: Counters) -> int | None:
    """The bucket that holds the stable release's 95th percentile; None while too little is known."""
    grown = _grown(since, now)
    if grown is None or not grown.durations or grown.durations[-1] < _ENOUGH:
        return None
    bound = slow_above(grown.bounds, grown.durations)
    return grown.bounds.index(bound) if bound in grown.bounds else None


def _grown(before: Counters, now: Counters) -> Counters | None:
    """The difference; None when the counters do not follow each other. Bad ones never exceed all: reads race."""
    same = before.epoch == now.epoch and before.bounds == now.bounds and len(before.durations) == len(now.durations)
    requests, websockets = now.requests - before.requests, now.websockets - before.websockets
    if not same or requests < 0 or websockets < 0:
        return None
    durations = tuple(max(0, new - old) for old, new in zip(before.durations, now.durations, strict=True))
    return Counters(
        requests=requests,
        errors=min(requests, max(0, now.errors - before.errors)),
        websockets=websockets,
        websocket_errors=min(websockets, max(0, now.websocket_errors - before.websocket_errors)),
        bounds=now.bounds,
        durations=tuple(min(count, durations[-1]) for count in durations),
        epoch=now.epoch,
    )
