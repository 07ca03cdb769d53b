"""Slots: HAProxy's servers are fixed in its configuration, and each running release has one of them.

Which slot a release has is not written down anywhere: it is the one with the release's port. So whoever asks HAProxy
sees what is really so, and one that was reloaded by its owner is found as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError
from xptasks.system.http import HOST

OWN = tuple(f"slot{number}" for number in range(1, 9))
"""The slots of a HAProxy of ours: what serves, what is warm, what is new, and room for what is just leaving."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a server of HAProxy is to do, or does.

    Attributes:
        address, port: where it sends requests.
        weight: its share, 0 to 100.
        ready: whether it gets requests at all; otherwise it is in maintenance, which leaves alone what is open.
    """

    address: str = HOST
    port: int = 1
    weight: int = 0
    ready: bool = False


Slots = Mapping[str, Slot]


def owners(slots: Slots, ports: Mapping[str, int]) -> dict[str, str]:
    """The slot of each release that has one."""
    by_port = {slot.port: name for name, slot in slots.items() if slot.address == HOST}
    return {release: by_port[port] for release, port in ports.items() if port in by_port}


def placed(slots: Slots, traffic: Traffic) -> tuple[dict[str, Slot], dict[str, str]]:
    """What every slot is to do, and the slot of each release: the one that it has, or a free one.

    Raises:
        CannotRunError: there are not enough slots.
    """
    own = owners(slots, traffic.ports)
    free = [name for name in slots if name not in own.values()]
    without = [release for release in traffic.ports if release not in own]
    if len(without) > len(free):
        hint = "end releases that do not serve, or add servers to both backends of HAProxy's configuration"
        raise CannotRunError(f"HAProxy has {len(slots)} slots, and {len(traffic.ports)} releases run", hint=hint)
    own |= zip(without, free, strict=False)
    wanted = {
        own[release]: Slot(port=port, weight=traffic.shares.get(release, 0), ready=bool(traffic.shares.get(release)))
        for release, port in traffic.ports.items()
    }
    return {name: wanted.get(name, Slot(slot.address, slot.port)) for name, slot in slots.items()}, own


def shares(slots: Slots, ports: Mapping[str, int]) -> dict[str, int]:
    """The percentages that the slots make; what no release owns is named by its slot."""
    names = {slot: release for release, slot in owners(slots, ports).items()}
    return {names.get(name, name): slot.weight for name, slot in slots.items() if slot.ready and slot.weight}


def changes(backend: str, now: Slots, wanted: Slots) -> Iterator[str]:
    """The commands that lead from one to the other. What gets more comes first, so that never nobody serves."""
    for name in sorted(wanted, key=lambda name: not wanted[name].ready):
        server, before, after = f"{backend}/{name}", now[name], wanted[name]
        if (before.address, before.port) != (after.address, after.port):
            yield f"set server {server} addr {after.address} port {after.port}"
        if before.weight != after.weight:
            yield f"set server {server} weight {after.weight}"
        if before.ready != after.ready:
            yield f"set server {server} state {'ready' if after.ready else 'maint'}"
