"""Messages on websockets against an AsyncAPI document: handshake, direction, payload, replies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xptasks.contracts.conform import media
from xptasks.contracts.conform.channels import Channel, Message, channels
from xptasks.contracts.conform.routes import Routes
from xptasks.contracts.conform.schemas import Schemas, inside
from xptasks.contracts.conform.violation import Difference, Violation, quote
from xptasks.contracts.document import Document, Location, load
from xptasks.contracts.json_text import shorten
from xptasks.contracts.source import Fault
from xptasks.errors import ConfigError

Way = Literal["sent", "received"]
_MOST_PENDING = 1_000  # requests of one conversation whose replies are awaited


@dataclass(frozen=True, slots=True)
class Judged:
    """What a message turned out to be.

    Attributes:
        name: the message's name in the contract; empty when it is none of them.
        title: the same with channel and direction, as in `MessageContract.messages`.
        value: the payload; None when it is not JSON.
        violations: how it breaks the contract.
    """

    name: str
    value: Any
    violations: tuple[Violation, ...]
    title: str = ""


class MessageContract:
    """An AsyncAPI document that a websocket's messages are held against; the document describes the service."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._schemas = Schemas(document, "both")
        self.channels = tuple(channels(document))
        self._routes: Routes[Channel] = Routes(_prefixes(document))
        for channel in self.channels:
            if channel.address is not None:
                self._routes.add("/" + channel.address.lstrip("/"), channel)

    @classmethod
    def load(cls, path: Path) -> "MessageContract":
        """Read the document at `path`.

        Raises:
            ContractError: it is not a contract, or one of its references is wrong.
            ConfigError: it is not AsyncAPI.
        """
        document = load(path)
        if document.kind != "asyncapi":
            raise ConfigError("this is OpenAPI; messages need an AsyncAPI document", where=str(path))
        return cls(document)

    @property
    def messages(self) -> tuple[str, ...]:
        """What may travel, by direction: `/ws sent hello`."""
        return tuple(
            f"{label(channel)} {way} {name}"
            for channel in self.channels
            for way, found in (("sent", channel.sent), ("received", channel.received))
            for name in found
        )

    def find(self, path: str) -> Channel | None:
        """The channel at a path, which is percent-encoded and without a query."""
        return next(self._routes.find(path), None)

    def handshake(
        self, path: str, *, offered: Sequence[str] = (), chosen: str | None = None, accepted: bool = True
    ) -> tuple[Violation, ...]:
        """How the service's answer to a handshake breaks the contract.

        Args:
            path: where the client knocked.
            offered: the subprotocols that it offered.
            chosen: the one that the service selected.
            accepted: False when the service refused, which it may always do.
        """
        if not accepted:
            return ()
        channel = self.find(path)
        if channel is None:
            message = "the contract has no channel at this address, and the service accepts a websocket"
            place = Location(self.document.name, "/channels", None)
            return (Violation(f"{path} handshake", "channel", message, self.document, place),)
        return tuple(self._subprotocol(channel, offered, chosen))

    def sent(self, path: str, data: str | bytes) -> tuple[Violation, ...]:
        """How a message of the service breaks the contract."""
        return self.judge(path, "sent", data).violations

    def received(self, path: str, data: str | bytes) -> tuple[Violation, ...]:
        """How a message of a client breaks the contract."""
        return self.judge(path, "received", data).violations

    def judge(self, path: str, way: Way, data: str | bytes) -> Judged:
        """Which message this is, and how it breaks the contract; nothing is said about an unknown channel."""
        channel = self.find(path)
        return Judged("", None, ()) if channel is None else self.judge_on(channel, way, data)

    def judge_on(self, channel: Channel, way: Way, data: str | bytes) -> Judged:
        """The same on a channel that is known."""
        allowed = channel.sent if way == "sent" else channel.received
        who = f"{label(channel)} {way}"
        opaque = next((message for message in allowed.values() if message.payload is None), None)
        try:
            value = media.decode_json(data)
        except ValueError as error:
            if opaque is not None:
                return Judged(opaque.name, None, (), f"{who} {opaque.name}")
            message = f"the message is not JSON: {error}"
            return Judged("", None, (self._violation(who, message, channel.at, got=_excerpt(data)),))
        return self._judge(who, channel, allowed, value)

    def conversation(self, path: str) -> "Conversation":
        """One websocket's messages in their order; knows which replies are awaited."""
        return Conversation(self, self.find(path))

    def fits(self, message: Message, value: Any) -> bool:  # noqa: ANN401
        """Whether a value is a payload of the message."""
        return message.payload is None or not self._schemas.differences(message.payload, value)

    def _judge(self, who: str, channel: Channel, allowed: Mapping[str, Message], value: Any) -> Judged:  # noqa: ANN401
        if not allowed:
            message = "nothing travels this way on this channel"
            return Judged("", value, (self._violation(who, message, channel.at, got=quote(value)),))
        ranked = sorted(allowed.values(), key=lambda candidate: -likeness(candidate, value))
        try:
            for candidate in ranked:
                if self.fits(candidate, value):
                    return Judged(candidate.name, value, (), f"{who} {candidate.name}")
        except Fault as fault:
            return Judged("", value, (self._violation(who, fault.message, candidate.at),))
        return Judged("", value, tuple(self._explain(who, channel, ranked, value)))

    def _explain(self, who: str, channel: Channel, ranked: list[Message], value: Any) -> Iterator[Violation]:  # noqa: ANN401
        nearest = ranked[0]
        if likeness(nearest, value) <= 0 and len(ranked) > 1 and any(message.constants for message in ranked):
            expected = " or ".join(_told_by(message) for message in ranked)
            message = "this is none of the messages that may travel this way"
            yield self._violation(who, message, channel.at, expected=shorten(expected, 300), got=quote(value))
            return
        assert nearest.payload is not None  # noqa: S101 - else it would have fitted
        for item in self._schemas.differences(nearest.payload, value):
            yield _of(item, f"{who} {nearest.name}", self.document)

    def _subprotocol(self, channel: Channel, offered: Sequence[str], chosen: str | None) -> Iterator[Violation]:
        who = f"{label(channel)} handshake"
        if chosen is not None and chosen not in offered:
            message = "the service selected a subprotocol that was not offered"
            expected = " or ".join(map(quote, offered)) or "none"
            yield self._violation(who, message, channel.at, "handshake", expected=expected, got=quote(chosen))
        elif channel.subprotocols is not None:
            yield from self._documented(who, channel, offered, chosen)

    def _documented(
        self, who: str, channel: Channel, offered: Sequence[str], chosen: str | None
    ) -> Iterator[Violation]:
        documented = channel.subprotocols or ()
        usable = [name for name in offered if name in documented]
        if (chosen in documented) if usable else (chosen is None):
            return
        message = "the service selected the wrong subprotocol" if chosen else "the service selected no subprotocol"
        expected = " or ".join(map(quote, usable)) or "none of those that were offered"
        place = inside(channel.at, "x-subprotocols")
        yield self._violation(
            who, message, place, "handshake", expected=expected, got=quote(chosen) if chosen else "none"
        )

    def _violation(  # noqa: PLR0913 - what a violation holds
        self, who: str, message: str, place: Location, rule: str = "message", *, expected: str = "", got: str = ""
    ) -> Violation:
        if rule == "message" and got and not expected:
            expected = "a message of the contract"
        return Violation(who, rule, message, self.document, place, expected=expected, got=got)


class Conversation:
    """One websocket: holds each message against the contract, and replies against what asked for them.

    A reply is known by its correlation id. Of more than a thousand unanswered requests the oldest are forgotten.
    """

    def __init__(self, contract: MessageContract, channel: Channel | None) -> None:
        self._contract = contract
        self._channel = channel
        self._pending: dict[Any, frozenset[str] | None] = {}
        self._forgot = False

    def received(self, data: str | bytes) -> Judged:
        """The client said this."""
        if self._channel is None:
            return Judged("", None, ())
        judged = self._contract.judge_on(self._channel, "received", data)
        request = self._channel.requests.get(judged.name)
        replies = frozenset(reply.name for reply in request.replies) if request else None
        for at in self._channel.correlations:
            value = _member(judged.value, at)
            if isinstance(value, str | int):
                self._await(value, replies)
        return judged

    def sent(self, data: str | bytes) -> Judged:
        """The service said this."""
        if self._channel is None:
            return Judged("", None, ())
        judged = self._contract.judge_on(self._channel, "sent", data)
        message = self._channel.sent.get(judged.name)
        if message is None or message.correlation is None:
            return judged
        violations = tuple(self._reply(self._channel, message, _member(judged.value, message.correlation)))
        return replace(judged, violations=judged.violations + violations)

    def _await(self, value: Any, replies: frozenset[str] | None) -> None:  # noqa: ANN401
        if value in self._pending and self._pending[value] != replies:
            replies = None  # two requests with one id: either may be answered
        self._pending[value] = replies
        if len(self._pending) > _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
            self._forgot = True

    def _reply(self, channel: Channel, message: Message, value: Any) -> Iterator[Violation]:  # noqa: ANN401
        if not isinstance(value, str | int):
            return
        who = f"{label(channel)} sent {message.name}"
        if value not in self._pending:
            if not self._forgot and message.name not in channel.unprompted:
                told = f"it answers {quote(value)}, which no message of the client said"
                yield Violation(who, "reply", told, self._contract.document, message.at)
            return
        allowed = self._pending[value]
        if allowed is not None and message.name not in allowed:
            told = f"it is no reply to the message with the correlation id {quote(value)}"
            expected = " or ".join(sorted(allowed))
            document = self._contract.document
            yield Violation(who, "reply", told, document, message.at, expected=expected, got=message.name)


def label(channel: Channel) -> str:
    """What a channel is called in messages: its address, else its name."""
    return channel.address or channel.name


def likeness(message: Message, value: Any) -> int:  # noqa: ANN401
    """How many of the constants that tell messages apart a value has; those that differ count against it."""
    if not isinstance(value, dict):
        return 0
    return sum(1 if _same(value.get(name), const) else -1 for name, const in message.constants.items())


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _told_by(message: Message) -> str:
    told = ", ".join(f"{name} {quote(value)}" for name, value in message.constants.items())
    return told or message.name


def _of(item: Difference, who: str, document: Document) -> Violation:
    return Violation(who, "message", item.message, document, item.place, item.pointer, item.expected, item.got)


def _member(value: Any, at: Sequence[str]) -> Any:  # noqa: ANN401
    for token in at:
        if not isinstance(value, dict):
            return None
        value = value.get(token)
    return value


def _prefixes(document: Document) -> Iterator[str]:
    servers = document.value.get("servers")
    for server in servers.values() if isinstance(servers, dict) else ():
        if isinstance(server, dict):
            if isinstance(server.get("pathname"), str):
                yield server["pathname"]
            elif isinstance(server.get("url"), str):
                yield "/" + server["url"].partition("://")[2].partition("/")[2]


def _excerpt(data: str | bytes) -> str:
    return shorten(repr(data[:200]), 100)
