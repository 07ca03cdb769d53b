"""AsyncAPI documents, 2.x and 3.x alike: what the described application sends and receives at which address.

In 2.x `publish` says what clients publish, so the application receives it. A reply is an exchange of its own, in the
other direction than the operation that it belongs to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from xptasks.contracts.compat.places import follow, inside, items, member, members, root
from xptasks.contracts.compat.security import Requirement, Schemes, meaning, requirements, scopes_of, telling
from xptasks.contracts.compat.traits import Merged, with_traits
from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer

Action = Literal["send", "receive"]
Address = str
"""Where messages go, without the names of what varies in it."""

TEMPLATE = re.compile(r"\{([^}]*)\}")
SECOND = 2
"""The major version with publish and subscribe."""

FLIPPED: dict[Action, Action] = {"send": "receive", "receive": "send"}
_OLD_WORDS: tuple[tuple[str, Action], ...] = (("publish", "receive"), ("subscribe", "send"))
_JSON_SCHEMA = ("vnd.aai.asyncapi", "schema+json", "schema+yaml", "vnd.oai.openapi")
_DEFAULT_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `language` is "" where its payload is told in JSON Schema.

    `names` are all that it is called by, in the order of how much they mean.
    """

    here: Location
    names: tuple[str, ...]
    content_type: str
    payload: Location | None
    language: str
    headers: Location | None
    correlation: str | None
    bindings: Location | None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.names[0] if self.names else "message"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to an operation; `address` is the expression that tells where, None for a fixed place."""

    here: Location
    channel: Address
    address: str | None
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation at one address; `name` is None where it has none."""

    name: str | None
    said: Merged
    messages: tuple[Message, ...]
    reply: Reply | None = None

    @property
    def here(self) -> Location:
        """Where it is written."""
        return self.said.here


@dataclass(slots=True)
class Exchange:
    """All that is said in one direction at one address, replies included."""

    here: Location
    operations: list[Operation] = field(default_factory=list)
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)

    def hear(self, messages: tuple[Message, ...]) -> None:
        """Adds messages; one that was heard before counts once."""
        self.messages.update({(message.here.file, message.here.pointer): message for message in messages})


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel; `address` is None where it is only known at runtime, `servers` None for all of them."""

    key: str
    address: str | None
    here: Location
    messages: tuple[Message, ...]
    servers: frozenset[str] | None

    @property
    def place(self) -> Address:
        """Its address without the names of what varies in it."""
        return f"channel {self.key}" if self.address is None else TEMPLATE.sub("{}", self.address)

    @property
    def holes(self) -> list[str]:
        """The names of its parameters in the order of its address."""
        return TEMPLATE.findall(self.address or "")


@dataclass(frozen=True, slots=True)
class Events:
    """An AsyncAPI document."""

    document: Document
    channels: dict[Address, list[Channel]]
    exchanges: dict[tuple[Address, Action], Exchange]


def is_second(document: Document) -> bool:
    """Whether a document is AsyncAPI 2."""
    return document.version[0] == SECOND


def read(document: Document) -> Events:
    """What a document says about channels, operations and messages."""
    channels: dict[Address, list[Channel]] = {}
    listed = [_channel(document, name, here) for name, here in members(document, root(document), "channels")]
    for channel in listed:
        channels.setdefault(channel.place, []).append(channel)
    exchanges: dict[tuple[Address, Action], Exchange] = {}
    spoken = _second(document, listed) if is_second(document) else _third(document, listed)
    for place, action, operation in spoken:
        exchange = exchanges.setdefault((place, action), Exchange(operation.here))
        exchange.operations.append(operation)
        exchange.hear(operation.messages)
        if operation.reply is not None:
            where = (operation.reply.channel, FLIPPED[action])
            exchanges.setdefault(where, Exchange(operation.reply.here)).hear(operation.reply.messages)
    return Events(document, channels, exchanges)


def _channel(document: Document, name: str, here: Location) -> Channel:
    address = name if is_second(document) else here.value.get("address")
    messages = tuple(_message(document, inner, (key,)) for key, inner in members(document, here, "messages"))
    return Channel(name, address if isinstance(address, str) else None, here, messages, _servers_of(here))


def _servers_of(here: Location) -> frozenset[str] | None:
    listed = here.value.get("servers")
    if not isinstance(listed, list) or not listed:
        return None
    names = (one.get("$ref", "") if isinstance(one, dict) else str(one) for one in listed)
    return frozenset(str(name).rpartition("/")[2].replace("~1", "/").replace("~0", "~") for name in names)


_Spoken = Iterator[tuple[Address, Action, Operation]]


def _second(document: Document, channels: list[Channel]) -> _Spoken:
    for channel in channels:
        for word, action in _OLD_WORDS:
            here = member(document, channel.here, word)
            if here is not None:
                said = with_traits(document, here)
                yield channel.place, action, Operation(said.text("operationId"), said, _old_messages(document, here))


def _old_messages(document: Document, operation: Location) -> tuple[Message, ...]:
    message = member(document, operation, "message")
    if message is None:
        return ()
    several = items(document, message, "oneOf") if "oneOf" in message.value else [message]
    return tuple(_message(document, here, ()) for here in several)


def _third(document: Document, channels: list[Channel]) -> _Spoken:
    known = {(channel.here.file, channel.here.pointer): channel for channel in channels}
    for name, here in members(document, root(document), "operations"):
        channel = _known(document, here, known)
        if channel is None:
            continue
        action: Action = "send" if here.value.get("action") == "send" else "receive"
        said = with_traits(document, here)
        reply = _reply(document, said, channel, known)
        yield channel.place, action, Operation(name, said, _named(document, here, channel), reply)


_Known = Mapping[tuple[str, str], Channel]


def _known(document: Document, here: Location, known: _Known) -> Channel | None:
    found = member(document, here, "channel")
    return known.get((found.file, found.pointer)) if found is not None else None


def _reply(document: Document, operation: Merged, channel: Channel, known: _Known) -> Reply | None:
    here = operation.member("reply")
    if here is None:
        return None
    answered = _known(document, here, known)
    address = member(document, here, "address")
    expression = str(address.value.get("location")) if address is not None else None
    messages = _named(document, here, answered) if answered is not None or "messages" in here.value else ()
    return Reply(here, (answered or channel).place, expression, messages)


def _named(document: Document, holder: Location, channel: Channel | None) -> tuple[Message, ...]:
    """The messages that an operation or a reply names, all of its channel when it names none."""
    messages = channel.messages if channel is not None else ()
    if not isinstance(holder.value.get("messages"), list):
        return messages
    keys = {(message.here.file, message.here.pointer): message for message in messages}
    found = items(document, holder, "messages")
    return tuple(keys.get((here.file, here.pointer)) or _message(document, here, ()) for here in found)


def _message(document: Document, here: Location, keys: tuple[str, ...]) -> Message:
    said = with_traits(document, here)
    payload, language = _schema_of(document, inside(here, "payload") if "payload" in here.value else None)
    headers, _ = _schema_of(document, said.get("headers"))
    correlation = said.member("correlationId")
    last = here.pointer.rpartition("/")[2]
    own = [name for word in ("name", "messageId") if (name := said.text(word)) is not None]
    given = [*own, *keys] if last.isdigit() or last in ("message", "payload") else [*own, last, *keys]
    kind = said.text("contentType") or document.value.get("defaultContentType") or _DEFAULT_TYPE
    return Message(
        here,
        tuple(dict.fromkeys(given)),
        str(kind).partition(";")[0].strip().lower(),
        payload,
        _language(language or said.text("schemaFormat")),
        headers,
        None if correlation is None else str(correlation.value.get("location")),
        said.member("bindings"),
    )


def _schema_of(document: Document, here: Location | None) -> tuple[Location | None, str | None]:
    """Where a schema is written, out of what 3.x wraps around schemas of other languages."""
    end = follow(document, here) if here is not None else None
    if end is None or not isinstance(end.value, dict) or not {"schemaFormat", "schema"} <= end.value.keys():
        return here, None
    return inside(end, "schema"), str(end.value["schemaFormat"])


def _language(name: str | None) -> str:
    return "" if name is None or any(word in name for word in _JSON_SCHEMA) else name


def schemes_of(document: Document) -> dict[str, Location]:
    """The security schemes that have a name."""
    return dict(members(document, root(document), "components", "securitySchemes"))


def required(
    document: Document, listed: Location | None, schemes: tuple[Schemes, ...], renamed: Mapping[str, str]
) -> list[Requirement]:
    """The alternatives of a `security`, by names of the old contract; what has no name is known by what it says."""
    if listed is None or not isinstance(listed.value, list):
        return []
    if is_second(document):
        return requirements(listed.value, renamed)
    found: list[Requirement] = []
    for index, value in enumerate(listed.value):
        here = follow(document, Location(listed.file, listed.pointer + join_pointer(index), value))
        if here is not None and isinstance(here.value, dict):
            name = _name_of(here, schemes)
            found.append({renamed.get(name, name): scopes_of(here.value.get("scopes"))})
    return found


def _name_of(here: Location, schemes: tuple[Schemes, ...]) -> str:
    own = next((name for name, one in schemes[0].items() if one == here), None)
    if own is not None:
        return own
    said = meaning(here.value)
    known = (name for listed in schemes for name, one in listed.items() if meaning(one.value) == said)
    return next(known, telling(here.value))
