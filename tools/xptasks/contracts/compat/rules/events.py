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
        "error",
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


def _with_id(name: str) -> dict[str, Any]:
    return _TEXT | {"correlationId": {"location": f"$message.payload#/{name}"}}


def _avro(name: str) -> dict[str, Any]:
    return {"payload": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"name": name}}}


def _socket(method: str) -> dict[str, Any]:
    return events("send", {"a": _TEXT}, bindings={"ws": {"method": method}})
