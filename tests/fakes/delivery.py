"""A driver and a clock of numbers: releases are ready as soon as they are started, time passes while somebody waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xptasks.delivery.driver import Capability, Counters
from xptasks.delivery.plan import Condition, World
from xptasks.errors import CannotRunError


@dataclass
class FakeClock:
    time: float = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeDriver:
    """Serves ten requests a second; `bad` says how many in ten of a release's requests fail."""

    clock: FakeClock
    bad: dict[str, int] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=lambda: {"old": "ready"})
    shares: dict[str, int] | None = field(default_factory=lambda: {"old": 100})
    broken: dict[str, int] = field(default_factory=dict)
    resident: dict[str, int] = field(default_factory=dict)
    died: set[str] = field(default_factory=set)
    sticky: list[bool] = field(default_factory=list)
    served: dict[str, float] = field(default_factory=dict)
    capabilities: frozenset[Capability] = frozenset(Capability)
    _last: float = 1000.0

    def observe(self) -> World:
        return World(dict(self.conditions), None if self.shares is None else dict(self.shares))

    def _may(self, verb: str) -> None:
        if self.broken.get(verb, 0) > 0:
            self.broken[verb] -= 1
            raise CannotRunError(f"cannot {verb}")

    def start(self, release: str) -> None:
        self._may("start")
        self.conditions[release] = "ready"

    def split(self, shares: Mapping[str, int], *, sticky: bool = False) -> None:
        self._may("split")
        self.shares = dict(shares)
        self.sticky.append(sticky)

    def drain(self, release: str) -> None:
        self.conditions[release] = "dead"

    def stop(self, release: str) -> None:
        self.conditions.pop(release, None)

    def counters(self) -> Mapping[str, Counters]:
        passed, self._last = self.clock.time - self._last, self.clock.time
        for release, share in (self.shares or {}).items():
            self.served[release] = self.served.get(release, 0.0) + passed * share / 10
        whole = {release: int(served) for release, served in self.served.items()}
        return {release: Counters(served, served * self.bad.get(release, 0) // 10) for release, served in whole.items()}

    def address(self, release: str = "") -> str:
        return f"http://{release or 'public'}"

    def memory(self, release: str) -> int:
        return self.resident.get(release, 0)

    def repair(self, *, releases: bool = True) -> tuple[str, ...]:
        found = tuple(self.died) if releases else tuple(self.died & {"proxy"})
        self.died -= set(found)
        return found

    def down(self) -> None:
        self.conditions.clear()
