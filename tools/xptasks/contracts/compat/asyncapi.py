"""Compares two AsyncAPI documents, 2.x and 3.x alike: what the application sends and receives at which address.

What it sends is like a response, what it receives like a request.
"""

from collections.abc import Collection
from datetime import date

from xptasks.contracts.compat.bindings import compare_bindings
from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.compat.channels import Channels
from xptasks.contracts.compat.comparison import SIDES, Comparison
from xptasks.contracts.compat.event_occasions import EventOccasions
from xptasks.contracts.compat.events import is_second, read, required, schemes_of
from xptasks.contracts.compat.exchanges import Exchanges
from xptasks.contracts.compat.places import inside, member, members, root
from xptasks.contracts.compat.schemas import Side
from xptasks.contracts.compat.security import Requirement, aliases, compare_requirements, compare_schemes
from xptasks.contracts.compat.servers import Server, compare_servers, read_server
from xptasks.contracts.document import Document, Location


def compare(base: Document, head: Document, profiles: Collection[Profile], today: date) -> list[Change]:
    """Everything that changed between two documents."""
    comparison = _AsyncApi(base, head, profiles, today)
    comparison.documents()
    return comparison.report.changes


class _AsyncApi(Comparison):
    def __init__(self, base: Document, head: Document, profiles: Collection[Profile], today: date) -> None:
        super().__init__(base, head, profiles, today)
        self._schemes = (schemes_of(base), schemes_of(head))
        self._renamed = aliases(*self._schemes)
        self._asked: set[str] = set()

    def documents(self) -> None:
        """Compares all parts."""
        events = (read(self.base), read(self.head))
        self.report.show = EventOccasions(self, events).show
        channels = Channels(self, events[0].channels, events[1].channels)
        channels.compare(self._servers())
        Exchanges(self, events, channels.moved, self._security).compare()
        compare_schemes(self.report, *self._schemes, self._asked)

    def _required(self, side: Side, listed: Location | None) -> list[Requirement]:
        own = self._schemes[SIDES.index(side)]
        renamed = self._renamed if side == "head" else {}
        found = required(self.document(side), listed, (own, self._schemes[0]), renamed)
        if side == "base":
            self._asked.update(name for one in found for name in one)
        return found

    def _security(
        self, old: Location | None, new: Location | None, at: str, holders: tuple[Location, Location]
    ) -> None:
        before = (self._required("base", old), old or holders[0])
        after = (self._required("head", new), new or holders[1])
        compare_requirements(self.report, before, after, at, "event-scopes-changed")

    def _servers(self) -> dict[str, str]:
        """Compares the servers; what those of the base are called in the head."""
        old, new = _servers(self.base), _servers(self.head)
        partners = _partners(old, new)
        compare_servers(
            self.report,
            [one for name, one in old.items() if not self._protocol(one, new.get(partners.get(name, "")))],
            new.values(),
            "",
        )
        for name, other in partners.items():
            self._server(old[name], new[other])
        return partners

    def _protocol(self, old: Server, new: Server | None) -> bool:
        protocols = [str(one.here.value.get("protocol", "")).lower() for one in (old, new) if one is not None]
        if new is None or protocols[0] == protocols[1]:
            return False
        message = f"the server {old.address} speaks {protocols[1]} now and spoke {protocols[0]}"
        self.report.add(
            "server-protocol-changed", new.address, message, base=old.here, head=new.here, about=old.address
        )
        return True

    def _server(self, old: Server, new: Server) -> None:
        versions = [one.here.value.get("protocolVersion") for one in (old, new)]
        if versions[0] is not None and versions[1] is not None and str(versions[0]) != str(versions[1]):
            message = f"the version of the protocol went from {versions[0]} to {versions[1]}"
            self.report.add("server-protocol-version-changed", new.address, message, base=old.here, head=new.here)
        lists = [inside(one.here, "security") if "security" in one.here.value else None for one in (old, new)]
        holders = (old.here, new.here)
        self._security(lists[0], lists[1], new.address, holders)
        bindings = (member(self.base, old.here, "bindings"), member(self.head, new.here, "bindings"))
        compare_bindings(self, *bindings, new.address, holders)


def _servers(document: Document) -> dict[str, Server]:
    found = {}
    for name, here in members(document, root(document), "servers"):
        value = here.value
        if is_second(document):
            host = str(value.get("url", "")).partition("://")[2] or str(value.get("url", ""))
        else:
            host = f"{value.get('host', '')}{value.get('pathname', '')}"
        protocol = str(value.get("protocol", "")).lower()
        found[name] = read_server(document, here, f"{protocol}://{host.rstrip('/')}")
    return found


def _partners(old: dict[str, Server], new: dict[str, Server]) -> dict[str, str]:
    """What servers are called in the head: those at the same address first, then those with the same name."""
    found: dict[str, str] = {}
    for name, server in old.items():
        twins = [other for other, one in new.items() if one.shape == server.shape and other not in found.values()]
        if twins:
            found[name] = name if name in twins else twins[0]
    free = [name for name in old if name not in found and name in new and name not in found.values()]
    return found | {name: name for name in free}
