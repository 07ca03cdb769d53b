"""Compares the channels of AsyncAPI: their addresses, what varies in them, on which servers they are, how they open."""

from xptasks.contracts.compat.bindings import compare_bindings, compare_handshakes
from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.events import Address, Channel, is_second
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.places import member
from xptasks.contracts.compat.schemas import Schema, Side, types_of
from xptasks.contracts.compat.walk import Place
from xptasks.contracts.document import Document, Location

_TYPELESS = {"allOf", "anyOf", "oneOf", "not", "if", "$ref"}

_Channels = dict[Address, list[Channel]]


class Channels:
    """Compares channels; `moved` says where each channel of the base is in the head."""

    def __init__(self, comparison: Comparison, old: _Channels, new: _Channels) -> None:
        self._comparison = comparison
        self._report = comparison.report
        self._old, self._new = old, new
        self.moved = {place: place for place in old if place in new} | self._moves()

    def compare(self, servers: dict[str, str]) -> None:
        """Reports what changed; `servers` says what those of the base are called in the head."""
        for place in sorted(self._old.keys() - self.moved.keys()):
            channel = self._old[place][0]
            self._report.add("channel-removed", channel.address or place, "the channel was removed", base=channel.here)
        for place in sorted(self._new.keys() - set(self.moved.values())):
            channel = self._new[place][0]
            self._report.add("channel-added", channel.address or place, "the channel was added", head=channel.here)
        for place, other in sorted(self.moved.items()):
            for channel in self._old[place]:
                partner = next((one for one in self._new[other] if one.key == channel.key), self._new[other][0])
                self._channel(channel, partner, servers)

    def _moves(self) -> dict[Address, Address]:
        """Channels that kept their key and have another address, and the only ones whose address is not known."""
        gone = {channels[0].key: place for place, channels in self._old.items() if place not in self._new}
        more = {channels[0].key: place for place, channels in self._new.items() if place not in self._old}
        found = {gone[key]: more[key] for key in gone if key in more}
        left = [place for place in gone.values() if place not in found and self._old[place][0].address is None]
        right = [
            place for place in more.values() if place not in found.values() and self._new[place][0].address is None
        ]
        return found | (dict(zip(left, right, strict=True)) if len(left) == len(right) == 1 else {})

    def _address(self, old: Channel, new: Channel) -> None:
        if old.place == new.place or old.address is None is new.address:
            return
        message = f"the channel `{old.key}` went from {old.address or 'no address'} to {new.address or 'none'}"
        self._report.add("channel-address-changed", new.address or new.place, message, base=old.here, head=new.here)

    def _channel(self, old: Channel, new: Channel, servers: dict[str, str]) -> None:
        at, holders = new.address or new.place, (old.here, new.here)
        if old.key != new.key and is_second(self._comparison.base) == is_second(self._comparison.head) is False:
            message = f"the channel {old.key} is called {new.key} now"
            self._report.add("channel-renamed", at, message, base=old.here, head=new.here)
        self._address(old, new)
        self._where(old, new, servers, at)
        for index, (name, other) in enumerate(zip(old.holes, new.holes, strict=False)):
            self._parameter((old.here, name), (new.here, other), f"{at} {{{other}}}", index)
        bindings = (
            member(self._comparison.base, old.here, "bindings"),
            member(self._comparison.head, new.here, "bindings"),
        )
        compare_handshakes(self._comparison, at, *bindings, holders)
        compare_bindings(self._comparison, *bindings, at, holders)

    def _where(self, old: Channel, new: Channel, servers: dict[str, str], at: str) -> None:
        """On which servers the channel is; what happened to the servers themselves is told elsewhere."""
        before = servers.keys() if old.servers is None else old.servers & servers.keys()
        kept = {servers[name] for name in before}
        lost = kept - new.servers if new.servers is not None else set()
        got = (set(servers.values()) if new.servers is None else new.servers & set(servers.values())) - kept
        for rule, names, word in (("removed", lost, "no longer"), ("added", got, "now also")):
            for name in sorted(names):
                message = f"the channel is {word} on the server {name}"
                self._report.add(f"channel-server-{rule}", at, message, base=old.here, head=new.here, about=name)

    def _parameter(self, old: tuple[Location, str], new: tuple[Location, str], at: str, index: int) -> None:
        before, after = _parameter(self._comparison.base, *old), _parameter(self._comparison.head, *new)
        schemas = (self._varying("base", before), self._varying("head", after))
        self._comparison.schemas(*schemas, Place(at, "parameter", text=True), "request")
        defaults = (_default(self._comparison.base, before), _default(self._comparison.head, after))
        if defaults[0] != defaults[1]:
            message = f"the default of part {index + 1} of the address went from {defaults[0]} to {defaults[1]}"
            self._report.add("channel-parameter-default-changed", at, message, base=before, head=after)
        places = (before.value.get("location"), after.value.get("location"))
        if places[0] != places[1]:
            message = f"part {index + 1} of the address was told at {places[0] or 'no place'}, and is at {places[1]}"
            self._report.add(
                "channel-parameter-location-changed",
                at,
                message,
                base=before,
                head=after,
                most="error" if places[0] is not None else "warning",
            )

    def _varying(self, side: Side, here: Location) -> Schema:
        """What may stand in an address: text, also where 2.x lists numbers."""
        if not is_second(self._comparison.document(side)):
            listed = here.value.get("enum")
            texts = {"enum": [str(value) for value in listed]} if isinstance(listed, list) and listed else {}
            return Schema({"type": "string", **texts}, here)
        written = member(self._comparison.document(side), here, "schema")
        schema = self._comparison.schema(side, written, "request") if written is not None else Schema({}, here)
        if "enum" in schema:
            return Schema({"type": "string", "enum": [_plain(value) for value in schema["enum"]]}, schema.origin)
        if not types_of(schema) and not schema.keys() & _TYPELESS:
            return Schema({**schema, "type": "string"}, schema.origin)
        return schema


def _parameter(document: Document, channel: Location, name: str) -> Location:
    holder = member(document, channel, "parameters")
    found = member(document, holder, name) if holder is not None else None
    return found if found is not None else Location(channel.file, channel.pointer, {})


def _default(document: Document, here: Location) -> str | None:
    holder = member(document, here, "schema") if is_second(document) else here
    return _plain(holder.value["default"]) if holder is not None and "default" in holder.value else None


def _plain(value: object) -> str:
    return value if isinstance(value, str) else value_text(value)
