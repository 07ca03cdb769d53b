"""What an AsyncAPI document says may travel on a channel, and which way: 2.x and 3.x as one.

The document describes the service. In 3.x `send` is what the service sends; in 2.x the words are the client's, so
what a client may `subscribe` to is sent by the service and what it may `publish` is received.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from xptasks.contracts.conform import media
from xptasks.contracts.conform.schemas import inside
from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer, split_pointer

_PAYLOAD = "$message.payload#"
_DISTINCT_DEPTH = 8  # `$ref`s and `allOf`s that are searched for constants


@dataclass(frozen=True)
class Message:
    """A message that may travel.

    Attributes:
        name: as the contract calls it.
        at: where it is described.
        payload: its schema; None when any payload will do, or it is no JSON.
        constants: the top-level properties that have one value only, which tell messages apart.
        correlation: the tokens of the payload's member that a reply repeats; None without.
    """

    name: str
    at: Location
    payload: Location | None
    constants: dict[str, Any] = field(compare=False)
    correlation: tuple[str, ...] | None


@dataclass(frozen=True)
class Request:
    """A message with what may answer it."""

    message: Message
    replies: tuple[Message, ...]


@dataclass
class Channel:
    """An address and what travels there; `sent` by the service, `received` from a client.

    Attributes:
        requests: what a client may ask, with the service's replies.
        subprotocols: those that the service may select, from `x-subprotocols`; None when the contract names none.
    """

    name: str
    at: Location
    address: str | None
    sent: dict[str, Message] = field(default_factory=dict)
    received: dict[str, Message] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    unprompted: set[str] = field(default_factory=set)
    subprotocols: tuple[str, ...] | None = None

    @cached_property
    def correlations(self) -> tuple[tuple[str, ...], ...]:
        """Every place where a message of the client may hold what a reply repeats."""
        return tuple(dict.fromkeys(m.correlation for m in self.received.values() if m.correlation))


def channels(document: Document) -> list[Channel]:
    """All channels of a contract."""
    reader = _Reader(document)
    return list(reader.version_3() if document.version[0] == 3 else reader.version_2())  # noqa: PLR2004


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = Location(document.name, "", document.value)
        self._default = str(document.value.get("defaultContentType", "application/json"))

    def version_2(self) -> Iterator[Channel]:
        for address, at in self._members(self._root, "channels"):
            channel = Channel(address, at, address, subprotocols=_subprotocols(at.value))
            for word, found in (("subscribe", channel.sent), ("publish", channel.received)):
                for message in self._messages_2(at, word):
                    found[message.name] = message
            channel.unprompted.update(channel.sent)
            yield channel

    def _messages_2(self, channel: Location, word: str) -> Iterator[Message]:
        operation = channel.value.get(word)
        if not isinstance(operation, dict) or not isinstance(operation.get("message"), dict):
            return
        at = self._follow(inside(channel, word, "message"))
        choices = at.value.get("oneOf")
        for index in range(len(choices)) if isinstance(choices, list) else ():
            yield self._message(inside(at, "oneOf", index))
        if not isinstance(choices, list):
            yield self._message(at)

    def version_3(self) -> Iterator[Channel]:
        found: dict[tuple[str, str], Channel] = {}
        for name, at in self._members(self._root, "channels"):
            address = at.value.get("address")
            channel = Channel(
                name, at, address if isinstance(address, str) else None, subprotocols=_subprotocols(at.value)
            )
            found[at.file, at.pointer] = channel
        used: set[tuple[str, str]] = set()
        for _, operation in self._members(self._root, "operations"):
            used.update(self._operation(operation, found))
        for key in found.keys() - used:
            self._undirected(found[key])
        yield from found.values()

    def _operation(self, operation: Location, found: dict[tuple[str, str], Channel]) -> Iterator[tuple[str, str]]:
        channel = self._channel(operation, found)
        if channel is None:
            return
        yield channel.at.file, channel.at.pointer
        sends = operation.value.get("action") == "send"
        messages = self._listed(operation, channel)
        (channel.sent if sends else channel.received).update({message.name: message for message in messages})
        if sends:
            channel.unprompted.update(message.name for message in messages)
        if isinstance(operation.value.get("reply"), dict):
            reply = self._follow(inside(operation, "reply"))
            target = self._channel(reply, found) or channel
            yield target.at.file, target.at.pointer
            answers = tuple(self._listed(reply, target))
            (target.received if sends else target.sent).update({message.name: message for message in answers})
            if not sends and target is channel:
                channel.requests.update({message.name: Request(message, answers) for message in messages})

    def _channel(self, holder: Location, found: dict[tuple[str, str], Channel]) -> Channel | None:
        if not isinstance(holder.value.get("channel"), dict):
            return None
        at = self._follow(inside(holder, "channel"))
        return found.get((at.file, at.pointer))

    def _listed(self, holder: Location, channel: Channel) -> list[Message]:
        """The messages that an operation or a reply names; all of the channel's when it names none."""
        listed = holder.value.get("messages")
        if isinstance(listed, list):
            return [self._named(inside(holder, "messages", index)) for index in range(len(listed))]
        return [self._named(inside(channel.at, "messages", name)) for name in channel.at.value.get("messages", ())]

    def _named(self, entry: Location) -> Message:
        """A message under the name that the channel gives it, unless it has one of its own."""
        step = self._document.resolve(entry.value["$ref"], entry.file) if "$ref" in entry.value else entry
        return self._message(step)

    def _undirected(self, channel: Channel) -> None:
        """No operation tells the direction, so that each message may go either way."""
        for message in self._listed(Location("", "", {}), channel):
            channel.sent[message.name] = channel.received[message.name] = message
            channel.unprompted.add(message.name)

    def _message(self, entry: Location) -> Message:
        at = self._follow(entry)
        key = split_pointer(entry.pointer)[-1]
        named = at.value.get("name") or at.value.get("messageId") or (at if key.isdigit() else entry).pointer
        name = str(named).rpartition("/")[2] if str(named).startswith("/") else str(named)
        payload = self._payload(at)
        constants = self._constants(payload, _DISTINCT_DEPTH) if payload else {}
        return Message(name, at, payload, constants, self._correlation(at))

    def _payload(self, at: Location) -> Location | None:
        content_type = str(at.value.get("contentType", self._default))
        payload = at.value.get("payload")
        if not media.is_json(content_type) or not isinstance(payload, dict | bool):
            return None
        schema_format = at.value.get("schemaFormat")
        here = self._follow(inside(at, "payload"))
        if isinstance(here.value, dict) and "schemaFormat" in here.value and "schema" in here.value:
            schema_format, here = here.value["schemaFormat"], self._follow(inside(here, "schema"))
        return here if _is_json_schema(schema_format) else None

    def _constants(self, schema: Location, depth: int) -> dict[str, Any]:
        schema = self._follow(schema)
        if not depth or not isinstance(schema.value, dict):
            return {}
        found: dict[str, Any] = {}
        for index in range(len(schema.value.get("allOf", ()))):
            found |= self._constants(inside(schema, "allOf", index), depth - 1)
        for name, inner in self._members(schema, "properties"):
            if "const" in inner.value:
                found[name] = inner.value["const"]
            elif isinstance(inner.value.get("enum"), list) and len(inner.value["enum"]) == 1:
                found[name] = inner.value["enum"][0]
        return found

    def _correlation(self, message: Location) -> tuple[str, ...] | None:
        if not isinstance(message.value.get("correlationId"), dict):
            return None
        location = self._follow(inside(message, "correlationId")).value.get("location")
        if not isinstance(location, str) or not location.startswith(_PAYLOAD):
            return None
        return split_pointer(location.removeprefix(_PAYLOAD))

    def _members(self, here: Location, token: str) -> Iterator[tuple[str, Location]]:
        held = here.value.get(token)
        for name, value in held.items() if isinstance(held, dict) else ():
            if isinstance(value, dict):
                yield str(name), self._follow(Location(here.file, here.pointer + join_pointer(token, name), value))

    def _follow(self, here: Location) -> Location:
        return self._document.follow(here)


def _is_json_schema(schema_format: object) -> bool:
    return not isinstance(schema_format, str) or "asyncapi" in schema_format or "schema+json" in schema_format


def _subprotocols(channel: dict[str, Any]) -> tuple[str, ...] | None:
    """OpenAPI and AsyncAPI have no word for them; `x-subprotocols` is ours."""
    listed = channel.get("x-subprotocols")
    return tuple(map(str, listed)) if isinstance(listed, list) else None
