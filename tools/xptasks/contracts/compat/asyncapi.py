"""Compares two AsyncAPI documents, 2.x and 3.x alike: what the application sends and receives at which address.

What it sends is like a response, what it receives like a request; a reply goes the other way. In 2.x `publish` says
what clients publish, so the application receives it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.compat.normal import both, value_text
from xptasks.contracts.compat.places import inside, items, member, members, root
from xptasks.contracts.compat.relation import Relation
from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.schemas import Direction, Schema, Side, Table
from xptasks.contracts.compat.walk import Place, Walk
from xptasks.contracts.document import Document, Location

Action = Literal["send", "receive"]

_TEMPLATE = re.compile(r"\{[^}]*\}")
_DIRECTIONS: dict[Action, Direction] = {"send": "response", "receive": "request"}
_FLIPPED: dict[Action, Action] = {"send": "receive", "receive": "send"}
_WORDS: dict[Action, str] = {"send": "sent", "receive": "received"}
_OLD_WORDS: tuple[tuple[str, Action], ...] = (("publish", "receive"), ("subscribe", "send"))
_JSON_SCHEMA = ("vnd.aai.asyncapi", "schema+json", "schema+yaml", "vnd.oai.openapi")
_SECOND = 2  # the major version with publish and subscribe


@dataclass(slots=True)
class _Exchange:
    """What is said in one direction at one address."""

    here: Location
    messages: dict[str, Location] = field(default_factory=dict)


_Key = tuple[str, Action]


def compare(base: Document, head: Document, profiles: Collection[Profile], today: date) -> list[Change]:  # noqa: ARG001 - as for OpenAPI
    """Everything that changed between two documents."""
    comparison = _Comparison(base, head, Report(base, head, profiles))
    comparison.documents()
    return comparison.report.changes


class _Comparison:
    def __init__(self, base: Document, head: Document, report: Report) -> None:
        self.report = report
        self._documents: dict[Side, Document] = {"base": base, "head": head}
        self._relations = {action: Relation(Table(base, head, way)) for action, way in _DIRECTIONS.items()}
        self._walks = {action: Walk(relation, report) for action, relation in self._relations.items()}

    def documents(self) -> None:
        """Compares all parts."""
        sides = [self._documents["base"], self._documents["head"]]
        old, new = (_channels(document) for document in sides)
        for address in sorted(old.keys() - new.keys()):
            self.report.add("channel-removed", address, "the channel was removed", base=old[address])
        for address in sorted(new.keys() - old.keys()):
            self.report.add("channel-added", address, "the channel was added", head=new[address])
        for address in sorted(old.keys() & new.keys()):
            self._handshake(address, old[address], new[address])
        self._exchanges({address for address in old if address in new})
        self._servers(*sides)

    def _exchanges(self, shared: Collection[str]) -> None:
        old, new = (_exchanges(document) for document in self._documents.values())
        for key in sorted(old.keys() | new.keys()):
            at = f"{key[1]} {key[0]}"
            if key not in new and key[0] in shared:
                message = f"nothing is {_WORDS[key[1]]} at {key[0]} any more"
                self.report.add("event-operation-removed", at, message, base=old[key].here)
            elif key not in old and key[0] in shared:
                message = f"messages are {_WORDS[key[1]]} at {key[0]} now"
                self.report.add("event-operation-added", at, message, head=new[key].here)
            elif key in old and key in new:
                self._exchange(old[key], new[key], at, key[1])

    def _exchange(self, old: _Exchange, new: _Exchange, at: str, action: Action) -> None:
        pairs = [(name, name) for name in old.messages if name in new.messages]
        gone = [name for name in old.messages if name not in new.messages]
        more = [name for name in new.messages if name not in old.messages]
        if len(gone) == len(more) == 1:
            pairs.append((gone.pop(), more.pop()))
        for one, two in pairs:
            self._message(old.messages[one], new.messages[two], f"{at} {two}", action)
        for name in gone:
            rule = f"{_WORDS[action]}-message-removed"
            verdict = self._covered(action, "base", old.messages[name], new) if action == "receive" else None
            message = f"the message {name} was removed"
            self.report.add(rule, f"{at} {name}", message, base=old.messages[name], head=new.here, verdict=verdict)
        for name in more:
            rule = f"{_WORDS[action]}-message-added"
            verdict = self._covered(action, "head", new.messages[name], old) if action == "send" else None
            message = f"the message {name} was added"
            self.report.add(rule, f"{at} {name}", message, base=old.here, head=new.messages[name], verdict=verdict)

    def _covered(self, action: Action, side: Side, message: Location, others: _Exchange) -> Any:  # noqa: ANN401 - Verdict
        """Whether a message that one side has fits one that the other side knows."""
        other: Side = "head" if side == "base" else "base"
        known = [self._payload(action, other, here) for here in others.messages.values()]
        payload = self._payload(action, side, message)
        return self._relations[action].compare(
            payload, Schema({"anyOf": known}) if known else Schema({"not": Schema()})
        )

    def _payload(self, action: Action, side: Side, message: Location) -> Schema:
        here = _payload(message)
        return self._relations[action].table.schema(side, here)

    def _message(self, old: Location, new: Location, at: str, action: Action) -> None:
        kinds = [self._content_type(side, here) for side, here in (("base", old), ("head", new))]
        if kinds[0] != kinds[1]:
            message = f"the content type went from {kinds[0]} to {kinds[1]}"
            self.report.add("message-content-type-changed", at, message, base=old, head=new)
        ids = [_correlation(self._documents[side], here) for side, here in (("base", old), ("head", new))]  # type: ignore[index]
        if ids[0] != ids[1] and ids[0] is not None:
            message = f"the correlation id went from {ids[0]} to {ids[1] or 'nowhere'}"
            self.report.add("message-correlation-changed", at, message, base=old, head=new)
        if _is_json_schema(old) and _is_json_schema(new):
            payloads = (self._payload(action, "base", old), self._payload(action, "head", new))
            self._walks[action].compare(*payloads, Place(at, "payload"))
        elif value_text(_payload(old).value) != value_text(_payload(new).value):
            message = "the payload changed, in a language that is not JSON Schema"
            self.report.add("message-format-changed", at, message, base=_payload(old), head=_payload(new))
        headers = (self._headers(action, "base", old), self._headers(action, "head", new))
        self._walks[action].compare(*headers, Place(at, "headers"))

    def _content_type(self, side: str, message: Location) -> str:
        document = self._documents["base" if side == "base" else "head"]
        default = document.value.get("defaultContentType", "application/json")
        found = [holder.value.get("contentType") for holder in _with_traits(document, message)]
        return str(next((kind for kind in found if kind), default))

    def _headers(self, action: Action, side: Side, message: Location) -> Schema:
        table = self._relations[action].table
        holders = _with_traits(self._documents[side], message)
        found = [table.schema(side, inside(holder, "headers")) for holder in holders if "headers" in holder.value]
        return both(*found) if found else Schema({}, message)

    def _handshake(self, address: str, old: Location, new: Location) -> None:
        """The websocket binding: the method, and what the opening request needs."""
        before, after = inside(old, "bindings", "ws"), inside(new, "bindings", "ws")
        methods = [here.value.get("method", "GET") for here in (before, after)]
        if methods[0] != methods[1]:
            message = f"the websocket opens with {methods[1]} and no more with {methods[0]}"
            self.report.add("handshake-changed", address, message, base=old, head=new)
        table = self._relations["receive"].table
        for word in ("query", "headers"):
            one, two = table.schema("base", inside(before, word)), table.schema("head", inside(after, word))
            self._walks["receive"].compare(one, two, Place(f"{address} {word}", "handshake", text=True))

    def _servers(self, base: Document, head: Document) -> None:
        old, new = _addresses(base), _addresses(head)
        for address in sorted(old.keys() - new.keys()):
            self.report.add("server-removed", address, f"the server {address} was removed", base=old[address])
        for address in sorted(new.keys() - old.keys()):
            self.report.add("server-added", address, f"the server {address} was added", head=new[address])


def _address(text: str) -> str:
    return _TEMPLATE.sub("{}", text)


def _channels(document: Document) -> dict[str, Location]:
    """The channels by their address; template names do not count."""
    found = {}
    for name, here in members(document, root(document), "channels"):
        address = name if document.version[0] == _SECOND else here.value.get("address")
        found[_address(address) if isinstance(address, str) else f"channel {name}"] = here
    return found


def _exchanges(document: Document) -> dict[_Key, _Exchange]:
    found: dict[_Key, _Exchange] = {}
    for address, action, here, messages in _spoken(document):
        exchange = found.setdefault((address, action), _Exchange(here))
        exchange.messages.update(messages)
    return found


_Spoken = tuple[str, Action, Location, dict[str, Location]]


def _spoken(document: Document) -> Iterator[_Spoken]:
    if document.version[0] == _SECOND:
        for address, channel in _channels(document).items():
            for word, action in _OLD_WORDS:
                operation = member(document, channel, word)
                if operation is not None:
                    yield address, action, operation, dict(_old_messages(document, operation))
        return
    addresses = {(here.file, here.pointer): address for address, here in _channels(document).items()}
    for _, operation in members(document, root(document), "operations"):
        yield from _operation(document, operation, addresses)


def _operation(document: Document, operation: Location, addresses: dict[tuple[str, str], str]) -> Iterator[_Spoken]:
    action: Action = "send" if operation.value.get("action") == "send" else "receive"
    channel = member(document, operation, "channel")
    if channel is None:
        return
    address = addresses.get((channel.file, channel.pointer), "")
    yield address, action, operation, _messages(document, operation, channel)
    reply = member(document, operation, "reply")
    if reply is not None:
        answered = member(document, reply, "channel") or channel
        where = addresses.get((answered.file, answered.pointer), address)
        yield where, _FLIPPED[action], reply, _messages(document, reply, answered)


def _messages(document: Document, holder: Location, channel: Location) -> dict[str, Location]:
    """The messages that an operation or a reply names, all of its channel when it names none."""
    if isinstance(holder.value.get("messages"), list):
        listed = list(items(document, holder, "messages"))
    else:
        listed = [here for _, here in members(document, channel, "messages")]
    return {_name(here): here for here in listed}


def _old_messages(document: Document, operation: Location) -> Iterator[tuple[str, Location]]:
    message = member(document, operation, "message")
    if message is None:
        return
    several = list(items(document, message, "oneOf")) if "oneOf" in message.value else [message]
    for here in several:
        yield _name(here), here


def _name(here: Location) -> str:
    """What a message is called: by itself, or by where it is written."""
    for word in ("name", "messageId"):
        if isinstance(here.value.get(word), str):
            return str(here.value[word])
    last = here.pointer.rpartition("/")[2]
    return "message" if last.isdigit() or last == "message" else last


def _payload(message: Location) -> Location:
    payload = inside(message, "payload")
    multiple = isinstance(payload.value, dict) and "schemaFormat" in payload.value
    return inside(payload, "schema") if multiple else payload


def _is_json_schema(message: Location) -> bool:
    payload = message.value.get("payload")
    inner = payload.get("schemaFormat") if isinstance(payload, dict) else None
    name = inner or message.value.get("schemaFormat") or _JSON_SCHEMA[0]
    return any(word in str(name) for word in _JSON_SCHEMA)


def _with_traits(document: Document, message: Location) -> list[Location]:
    return [message, *items(document, message, "traits")]


def _correlation(document: Document, message: Location) -> str | None:
    for holder in _with_traits(document, message):
        found = member(document, holder, "correlationId")
        if found is not None:
            return str(found.value.get("location"))
    return None


def _addresses(document: Document) -> dict[str, Location]:
    found = {}
    for _, here in members(document, root(document), "servers"):
        url = here.value.get("url") or f"{here.value.get('host', '')}{here.value.get('pathname', '')}"
        found[str(url).partition("://")[2] or str(url)] = here
    return found
