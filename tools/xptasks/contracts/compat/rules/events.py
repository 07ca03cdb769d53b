"""Channels, and the messages that an application sends and receives on them."""

from collections.abc import Iterator
from typing import Any

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import events

_TEXT = {"payload": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}
_NUMBER = {"payload": {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}}}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    two = {"a": _TEXT, "b": _NUMBER}
    one = {"a": _TEXT}
    yield from _channels()
    yield from _operations()
    yield from _places()
    yield rule(
        "message",
        "request",
        "received-message-removed",
        "error",
        "Messages that clients send are refused.",
        events("receive", two),
        events("receive", one),
    )
    yield rule(
        "message",
        "request",
        "received-message-added",
        "info",
        "Clients may send one message more.",
        events("receive", one),
        events("receive", two),
    )
    yield rule(
        "message",
        "response",
        "sent-message-removed",
        "info",
        "Clients do not hear one message any more.",
        events("send", two),
        events("send", one),
    )
    yield rule(
        "message",
        "response",
        "sent-message-added",
        {"wire": "warning", "client": "error", "source": "error"},
        "Clients get a message that they do not know.",
        events("send", one),
        events("send", two),
    )
    yield rule(
        "message",
        "none",
        "message-content-type-changed",
        "error",
        "Messages are written in another way.",
        events("send", one),
        events("send", {"a": _TEXT | {"contentType": "application/xml"}}),
    )
    yield rule(
        "message",
        "none",
        "message-correlation-changed",
        "error",
        "What belongs to what is told at another place.",
        events("send", {"a": _with_id("a")}),
        events("send", {"a": _with_id("b")}),
    )
    yield rule(
        "message",
        "none",
        "message-correlation-added",
        "info",
        "What belongs to what is told.",
        events("send", one),
        events("send", {"a": _with_id("a")}),
    )
    yield rule(
        "message",
        "none",
        "message-renamed",
        {"source": "error"},
        "Generated code calls the message by another name; nothing changes on the wire.",
        events("send", {"a": _TEXT}),
        events("send", {"b": _TEXT}),
    )
    yield rule(
        "message",
        "none",
        "message-format-changed",
        "warning",
        "The payload changed in a language that is not compared.",
        events("send", {"a": _avro("a")}),
        events("send", {"a": _avro("b")}),
    )


def _channels() -> Iterator[Rule]:
    here, there = events("send", {"a": _TEXT}), events("send", {"a": _TEXT}, address="/other")
    none: dict[str, Any] = here | {"channels": {}, "operations": {}}
    yield rule("channel", "none", "channel-removed", "error", "A channel is gone.", here, none)
    yield rule(
        "channel",
        "none",
        "channel-added",
        "info",
        "There is one channel more.",
        here,
        here | {"channels": here["channels"] | {"o": there["channels"]["c"]}},
    )
    yield rule(
        "channel",
        "none",
        "event-operation-removed",
        "error",
        "The service does not do any more what it did on a channel.",
        here,
        here | {"operations": {}},
    )
    yield rule(
        "channel",
        "none",
        "event-operation-added",
        "info",
        "The service does one thing more on a channel.",
        here | {"operations": {}},
        here,
    )
    yield rule(
        "channel",
        "request",
        "handshake-changed",
        "error",
        "A websocket is opened in another way.",
        _socket("GET"),
        _socket("POST"),
    )


def _operations() -> Iterator[Rule]:
    send, receive = events("send", {"a": _TEXT}), events("receive", {"a": _TEXT})
    yield rule(
        "channel",
        "none",
        "event-operation-turned",
        "error",
        "What the service sent it receives now, or the other way round.",
        send,
        receive,
    )
    yield rule(
        "channel",
        "none",
        "event-operation-renamed",
        {"source": "error"},
        "Generated code calls the operation by another name.",
        send,
        send | {"operations": {"p": send["operations"]["o"]}},
    )
    yield rule(
        "channel",
        "none",
        "reply-removed",
        "error",
        "Who asks or is asked waits for a reply, or gives one, that is no longer part of it.",
        _replying("receive"),
        receive,
    )
    yield rule(
        "channel",
        "response",
        "reply-added",
        "info",
        "The service answers what it is sent.",
        receive,
        _replying("receive"),
    )
    yield rule(
        "channel",
        "request",
        "reply-expected",
        "error",
        "The service waits for an answer that clients did not have to give.",
        send,
        _replying("send"),
    )
    yield rule(
        "channel",
        "none",
        "reply-address-changed",
        "error",
        "Replies go to another place.",
        _replying("receive", address={"location": "$message.header#/a"}),
        _replying("receive", address={"location": "$message.header#/b"}),
    )


def _places() -> Iterator[Rule]:
    plain = events("send", {"a": _TEXT})
    yield rule(
        "channel",
        "none",
        "channel-address-changed",
        "error",
        "A channel is at another address.",
        plain,
        events("send", {"a": _TEXT}, address="/other"),
    )
    yield rule(
        "channel",
        "none",
        "channel-renamed",
        {"source": "warning"},
        "Generated code calls the channel by another name; its address is the same.",
        plain,
        _called("d"),
    )
    yield rule(
        "channel",
        "none",
        "channel-server-removed",
        "error",
        "A channel is gone from one of the servers.",
        _on("one", "two"),
        _on("one"),
    )
    yield rule(
        "channel",
        "none",
        "channel-server-added",
        "info",
        "A channel is on one more server.",
        _on("one"),
        _on("one", "two"),
    )
    yield rule(
        "channel",
        "request",
        "channel-parameter-default-changed",
        {"client": "warning", "source": "warning"},
        "Clients that choose nothing go to another address.",
        _varying(default="a"),
        _varying(default="b"),
    )
    yield rule(
        "channel",
        "none",
        "channel-parameter-location-changed",
        "error",
        "A part of the address is found at another place of the message.",
        _varying(location="$message.payload#/a"),
        _varying(location="$message.payload#/b"),
    )
    yield rule(
        "server",
        "none",
        "server-protocol-changed",
        "error",
        "A server speaks another protocol.",
        plain | {"servers": {"one": {"host": "a.example", "protocol": "ws"}}},
        plain | {"servers": {"one": {"host": "a.example", "protocol": "wss"}}},
    )
    yield rule(
        "server",
        "none",
        "server-protocol-version-changed",
        {"wire": "warning", "client": "warning"},
        "A server speaks another version of its protocol.",
        plain | {"servers": {"one": {"host": "a.example", "protocol": "mqtt", "protocolVersion": "3.1.1"}}},
        plain | {"servers": {"one": {"host": "a.example", "protocol": "mqtt", "protocolVersion": "5"}}},
    )
    yield rule(
        "security",
        "request",
        "event-scopes-changed",
        {"wire": "warning", "client": "warning"},
        "Tokens need other scopes; whether they have them, the contract does not say.",
        _scoped("a"),
        _scoped("a", "b"),
    )
    yield rule(
        "channel",
        "none",
        "binding-changed",
        {"wire": "warning", "client": "warning"},
        "What is said for a protocol changed; only that of websockets is compared.",
        events("send", {"a": _TEXT}, bindings={"amqp": {"is": "queue"}}),
        events("send", {"a": _TEXT}, bindings={"amqp": {"is": "routingKey"}}),
    )


def _replying(action: str, **reply: Any) -> dict[str, Any]:  # noqa: ANN401
    contract = events(action, {"a": _TEXT})
    contract["channels"]["r"] = {"address": "/replies", "messages": {"b": _NUMBER}}
    contract["operations"]["o"]["reply"] = {"channel": {"$ref": "#/channels/r"}, **reply}
    return contract


def _called(name: str) -> dict[str, Any]:
    contract = events("send", {"a": _TEXT})
    operation = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
    return contract | {"channels": {name: contract["channels"]["c"]}, "operations": {"o": operation}}


def _on(*names: str) -> dict[str, Any]:
    servers = [{"$ref": f"#/servers/{name}"} for name in names]
    known = {name: {"host": f"{name}.example", "protocol": "ws"} for name in ("one", "two")}
    return events("send", {"a": _TEXT}, servers=servers) | {"servers": known}


def _scoped(*scopes: str) -> dict[str, Any]:
    scheme = {"type": "openIdConnect", "openIdConnectUrl": "https://a.example", "scopes": scopes}
    contract = events("send", {"a": _TEXT})
    contract["operations"]["o"]["security"] = [scheme]
    return contract


def _varying(**parameter: Any) -> dict[str, Any]:  # noqa: ANN401
    return events("send", {"a": _TEXT}, address="/events/{id}", parameters={"id": parameter})


def _with_id(name: str) -> dict[str, Any]:
    return _TEXT | {"correlationId": {"location": f"$message.payload#/{name}"}}


def _avro(name: str) -> dict[str, Any]:
    return {"payload": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"name": name}}}


def _socket(method: str) -> dict[str, Any]:
    return events("send", {"a": _TEXT}, bindings={"ws": {"method": method}})
