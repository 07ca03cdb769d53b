"""A small project whose service, over plain ASGI, keeps its contracts or breaks them on demand."""

import json
from pathlib import Path
from typing import Any

from xptasks.contracts.settings import ContractsSettings
from xptasks.service.settings import ServiceSettings

REFUSED = {"description": "", "content": {"application/json": {"schema": {"type": "object", "required": ["detail"]}}}}
OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {
        "/square": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["side"],
                                "additionalProperties": False,
                                "properties": {"side": {"type": "integer", "minimum": 0, "maximum": 9}},
                            }
                        }
                    },
                },
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}},
                    "401": REFUSED,
                    "422": REFUSED,
                },
            }
        }
    },
}
APP = """
import json, os

FAULT = os.environ.get("FAULT", "")

def answer(method, path, headers, body):
    if path != "/square":
        return 404, {"detail": "not found"}
    if method != "POST":
        return 405, {"detail": "not allowed"}
    if headers.get(b"x-key", b"").decode() != os.environ["KEY"] and FAULT != "open":
        return 401, {"detail": "no"}
    try:
        value = json.loads(body)
    except ValueError:
        return 400, {"detail": "unreadable"}
    side = value.get("side") if isinstance(value, dict) and (len(value) == 1 or FAULT == "extra") else None
    if isinstance(side, bool) or isinstance(side, float) and side.is_integer():
        side = int(side)  # as lenient as pydantic
    if type(side) is not int or not 0 <= side <= 9:
        return 422, {"detail": "wrong"}
    if FAULT == "crash" and side == 0:
        return 500, {"detail": "oh"}
    return 200, str(side * side) if FAULT == "type" else side * side

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    status, value = answer(scope["method"], scope["path"], dict(scope["headers"]), body)
    print("a line of the service's own log")
    headers = [(b"content-type", b"application/json")] + [(b"allow", b"POST")] * (status == 405)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})
"""
FILES = {"openapi.json": json.dumps(OPENAPI, indent=1), "service_app.py": APP}


def slices(fault: str = "", key: str = "only-here") -> dict[str, Any]:
    """The parts of the configuration that the steps ask for."""
    return {
        "contracts": ContractsSettings(openapi=("openapi.json",), served="service_app:app"),
        "service": ServiceSettings(environment={"FAULT": fault, "KEY": key}),
    }


def line_of(text: str, *words: str) -> int:
    """The line on which words stand, one after the other, from the file's beginning."""
    at = 0
    for word in words:
        at = text.index(word, at)
    assert at < len(text)
    return text.count("\n", 0, at) + 1


def load(path: Path) -> str:
    return path.read_text(encoding="utf-8")
