"""The protocol between the machine and whatever runs releases and splits traffic.

A verb says how the world is to be, not what to change: it may be called again, after a crash or beside another caller,
and then does nothing more. A verb returns when the world is so, or raises `CannotRunError`; none waits longer than the
time limits in the driver's options.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from xptasks.delivery.plan import World


class Capability(StrEnum):
    """What a driver can do beyond running one release at a time."""

    WEIGHTS = "weights"  # any percentage; without it only 0 and 100
    STICKY = "sticky"  # a caller stays with the release that answered first
    WEBSOCKETS = "websockets"  # a switch leaves open websockets alone
    COUNTERS = "counters"  # requests and errors by release
    DIRECT = "direct"  # each release can be asked past the split


@dataclass(frozen=True, slots=True)
class Counters:
    """What the proxy counted for one release since it began to count; numbers only grow, until the proxy restarts.

    Attributes:
        requests: that were answered or failed.
        errors: answers 5xx, and requests that were cut off or that nobody answered.
        websockets: upgrades that were asked for.
        websocket_errors: of these, those that were refused or broke at once.
        bounds: upper bounds of the duration's histogram, in seconds, rising.
        durations: requests at or below each bound, then all.
        epoch: changes when the proxy was restarted and counts from 0 again.
    """

    requests: int = 0
    errors: int = 0
    websockets: int = 0
    websocket_errors: int = 0
    bounds: tuple[float, ...] = ()
    durations: tuple[int, ...] = ()
    epoch: str = ""


class Driver(Protocol):
    """Runs releases of one target and splits its traffic."""

    capabilities: frozenset[Capability]

    def observe(self) -> World:
        """How the world is now. This is also the gate: a release is `ready` only when its health check says so."""
        ...

    def start(self, release: str) -> None:
        """Make the release's processes run; they outlive the caller. Does not wait for readiness."""
        ...

    def split(self, shares: Mapping[str, int], *, sticky: bool = False) -> None:
        """Give each release its percentage of new requests; returns when the proxy follows it.

        Nobody is left stuck on a release that has no share.
        """
        ...

    def drain(self, release: str) -> None:
        """Let a release without share finish its requests and close its websockets with 1001, within its time."""
        ...

    def stop(self, release: str) -> None:
        """End the release's processes; nothing of them is left when this returns."""
        ...

    def counters(self) -> Mapping[str, Counters]:
        """By release; empty without the capability `counters`."""
        ...

    def address(self, release: str = "") -> str:
        """The base URL of one release, past the split; of the public entrance without a name."""
        ...

    def memory(self, release: str) -> int:
        """Bytes that a release's processes hold; 0 where that is not known."""
        ...

    def repair(self, *, releases: bool = True) -> tuple[str, ...]:
        """Start again what died of what should run (a proxy, a release with a share); says what it started.

        Without `releases` only the proxy: while a deployment is driven, a release that died is its supervisor's matter.
        """
        ...

    def down(self) -> None:
        """End everything: every release and the proxy."""
        ...
