"""A small project whose websocket keeps its contract or breaks it on demand."""

import json
from typing import Any

from xptasks.contracts.settings import ContractsSettings
from xptasks.service.settings import ServiceSettings

REF = {"ref": {"type": "string", "maxLength": 20}}


def _message(kind: str, **properties: object) -> dict[str, Any]:
    payload = {
        "type": "object",
        "required": ["type", *(name for name in properties if name != "ref")],
        "additionalProperties": False,
        "properties": {"type": {"const": kind}} | properties,
    }
    return {"correlationId": {"location": "$message.payload#/ref"}, "payload": payload}


def _refer(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/squares/messages/{name}"} for name in names]


CHANNEL = {"$ref": "#/channels/squares"}
ASYNCAPI: dict[str, Any] = {
    "asyncapi": "3.0.0",
    "info": {"title": "t", "version": "1"},
    "servers": {
        "s": {"host": "h", "protocol": "ws", "security": [{"type": "httpApiKey", "in": "header", "name": "k"}]}
    },
    "channels": {
        "squares": {
            "address": "/squares",
            "x-subprotocols": ["squares.v1"],
            "messages": {
                "ask": _message("ask", side={"type": "integer", "minimum": 0, "maximum": 9}, **REF),
                "square": _message("square", area={"type": "integer"}, ref={"type": ["string", "null"]}),
                "error": _message("error", detail={"type": "string"}, ref={"type": ["string", "null"]}),
                "hello": _message("hello"),
            },
        }
    },
    "operations": {
        "greet": {"action": "send", "channel": CHANNEL, "messages": _refer("hello")},
        "square": {
            "action": "receive",
            "channel": CHANNEL,
            "messages": _refer("ask"),
            "reply": {"channel": CHANNEL, "messages": _refer("square", "error")},
        },
    },
}
SERVICE = """
import asyncio, http, json, os, sys
from websockets.asyncio.server import serve

FAULT = os.environ["FAULT"]

def answer(text):
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {"type": "error", "detail": "unreadable", "ref": None}
    ref = value.get("ref") if isinstance(value.get("ref"), str) and len(value["ref"]) <= 20 else None
    side = value.get("side")
    known = value.get("type") == "ask" and not value.keys() - {"type", "ref", "side"}
    good = known and type(side) in (int, float) and 0 <= side <= 9 and side == int(side)
    if "ref" in value and ref is None or not good or FAULT == "refuses":
        return {"type": "error", "detail": "wrong", "ref": ref}
    area = str(side) if FAULT == "type" else int(side * side)
    return {"type": "square", "area": area, "ref": "other" if FAULT == "ref" else ref}

async def handle(socket):
    if socket.request.headers.get("X-Key") != "only-here" and FAULT != "open":
        await socket.close(1008)
        return
    await socket.send(json.dumps({"type": "greeting" if FAULT == "hello" else "hello"}))
    async for text in socket:
        reply = answer(text)
        if reply["type"] == "error" and FAULT == "crash":
            raise ValueError
        if reply["type"] == "error" and FAULT == "accepts":
            reply = {"type": "square", "area": 1, "ref": reply["ref"]}
        if not (FAULT == "silent" and reply["type"] == "error") and FAULT != "mute":
            await socket.send(json.dumps(reply))

def health(connection, request):
    if request.path == "/health":
        return connection.respond(http.HTTPStatus.OK, "fine")

def choose(connection, offered):
    return offered[0] if offered and FAULT != "subprotocol" else None

async def main():
    hooks = {"process_request": health, "select_subprotocol": choose}
    async with serve(handle, "127.0.0.1", int(sys.argv[1]), **hooks) as server:
        await server.serve_forever()

asyncio.run(main())
"""
FILES = {"asyncapi.json": json.dumps(ASYNCAPI, indent=1), "service.py": SERVICE}


def slices(fault: str = "") -> dict[str, Any]:
    """The parts of the configuration that the step asks for."""
    command = ("python", "service.py", "{port}")
    return {
        "contracts": ContractsSettings(asyncapi=("asyncapi.json",)),
        "service": ServiceSettings(command=command, environment={"FAULT": fault, "KEY": "only-here"}),
    }
