"""Shows what a change of channels, operations or messages breaks, where no schema does: a message from a contract."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from xptasks.contracts.compat.change import Witness
from xptasks.contracts.compat.comparison import SIDES, Comparison
from xptasks.contracts.compat.events import FLIPPED, TEMPLATE, Action, Channel, Events, Message, Operation
from xptasks.contracts.compat.messages import DIRECTIONS
from xptasks.contracts.compat.report import Cause
from xptasks.contracts.compat.schemas import Side
from xptasks.contracts.document import Location

Parts = dict[str, Any]


class EventOccasions:
    """Makes witnesses about messages."""

    def __init__(self, comparison: Comparison, events: tuple[Events, Events]) -> None:
        self._comparison = comparison
        self._events: dict[Side, Events] = dict(zip(SIDES, events, strict=True))

    def show(self, cause: Cause) -> Witness | None:
        """The witness of a change; None where none can be made."""
        make = _MAKERS.get(cause.rule)
        try:
            return make(self, cause) if make is not None else None
        except (LookupError, StopIteration):
            return None

    def of_channel(self, cause: Cause) -> Witness:
        """A message of a channel as it was, on a server if the change is about one."""
        server = {"server": cause.about} if cause.about else {}
        channel = next(one for one in self._channels("base") if _holds(one.here, cause.base))
        exchanges = self._events["base"].exchanges
        for action in DIRECTIONS:
            exchange = exchanges.get((channel.place, action))
            if exchange is not None:
                message = next(iter(exchange.messages.values()), None)
                return self._witness("base", channel, action, message, server)
        return self._witness("base", channel, "receive", next(iter(channel.messages), None), server)

    def of_operation(self, cause: Cause) -> Witness:
        """A message of an operation as it was: one that is gone, if the change knows which."""
        channel, action, operation = next(found for found in self._operations("base") if found[2].here == cause.base)
        lost = cause.about if isinstance(cause.about, Message) else next(iter(operation.messages), None)
        return self._witness("base", channel, action, lost)

    def of_reply(self, cause: Cause) -> Witness:
        """A reply as it was."""
        channel, action, reply = next(
            (channel, FLIPPED[action], operation.reply)
            for channel, action, operation in self._operations("base")
            if operation.reply is not None and cause.base in (operation.here, operation.reply.here)
        )
        told = self._message("base", channel, action, next(iter(reply.messages), None))
        address = reply.address or _filled(self._events["base"].channels[reply.channel][0].address or reply.channel)
        return Witness({"message": told | {"address": address}}, "refused" if action == "receive" else "ended")

    def to_answer(self, cause: Cause) -> Witness:
        """A message that wants an answer now."""
        wanted = cause.base
        channel, action, operation = next(found for found in self._operations("base") if found[2].here == wanted)
        return Witness({"message": self._message("base", channel, action, next(iter(operation.messages), None))}, "new")

    def of_message(self, cause: Cause) -> Witness:
        """A message: one that was taken, or one that may come now."""
        action: Action = "receive" if cause.at.startswith("receive ") else "send"
        side: Side = "base" if action == "receive" else "head"
        here = cause.base if side == "base" else cause.head
        for channel, way, messages in self._spoken(side):
            for message in messages:
                if message.here == here and way == action:
                    told = self._message(side, channel, action, message)
                    return Witness({"message": told}, "refused" if action == "receive" else "new")
        raise LookupError

    def handshake(self, cause: Cause) -> Witness:
        """The request that opened a websocket."""
        method = cause.base.value.get("method", "GET") if cause.base is not None else "GET"
        return Witness({"request": {"method": str(method).upper(), "path": _filled(cause.at)}}, "refused")

    def connection(self, cause: Cause) -> Witness:
        """Where clients connected."""
        return Witness({"request": {"url": _filled(str(cause.about))}}, "refused")

    def with_credentials(self, cause: Cause) -> Witness:
        """What was enough to be let in."""
        names = sorted(cause.about) if isinstance(cause.about, Mapping) else [str(cause.about)]
        return Witness({"request": {"to": cause.at, "credentials": names}}, "refused")

    def _channels(self, side: Side) -> Iterator[Channel]:
        for listed in self._events[side].channels.values():
            yield from listed

    def _operations(self, side: Side) -> Iterator[tuple[Channel, Action, Operation]]:
        events = self._events[side]
        for (place, action), exchange in events.exchanges.items():
            for operation in exchange.operations:
                yield events.channels[place][0], action, operation

    def _spoken(self, side: Side) -> Iterator[tuple[Channel, Action, list[Message]]]:
        events = self._events[side]
        for (place, action), exchange in events.exchanges.items():
            yield events.channels[place][0], action, list(exchange.messages.values())

    def _witness(
        self, side: Side, channel: Channel, action: Action, message: Message | None, more: Parts | None = None
    ) -> Witness:
        """A message of the old contract: what was received is refused, what was sent comes no more."""
        made = {"message": (more or {}) | self._message(side, channel, action, message)}
        return Witness(made, "refused" if action == "receive" else "ended")

    def _message(self, side: Side, channel: Channel, action: Action, message: Message | None) -> Parts:
        made: Parts = {"address": _filled(channel.address or channel.key), "action": action}
        if message is None:
            return made
        made["content_type"] = message.content_type
        for word, here in (("headers", message.headers), ("payload", message.payload)):
            if here is not None and not (word == "payload" and message.language):
                made[word] = self._value(side, here, action)
        return made

    def _value(self, side: Side, here: Location, action: Action) -> Any:  # noqa: ANN401
        direction = DIRECTIONS[action]
        return self._comparison.value(self._comparison.schema(side, here, direction), direction)


def _holds(holder: Location, here: Location | None) -> bool:
    return here is not None and holder.file == here.file and f"{here.pointer}/".startswith(f"{holder.pointer}/")


def _filled(address: str) -> str:
    return TEMPLATE.sub("a", address)


_Make = Callable[[EventOccasions, Cause], Witness]

_MAKERS: Mapping[str, _Make] = {
    **dict.fromkeys(
        ("channel-removed", "channel-address-changed", "channel-server-removed"), EventOccasions.of_channel
    ),
    **dict.fromkeys(("event-operation-removed", "event-operation-turned"), EventOccasions.of_operation),
    **dict.fromkeys(("reply-removed", "reply-address-changed"), EventOccasions.of_reply),
    "reply-expected": EventOccasions.to_answer,
    "message-content-type-changed": EventOccasions.of_message,
    "handshake-changed": EventOccasions.handshake,
    "server-protocol-changed": EventOccasions.connection,
    **dict.fromkeys(("security-tightened", "security-scheme-changed"), EventOccasions.with_credentials),
}
