"""`/ws`: the websocket that `contracts/asyncapi.yaml` describes."""

import asyncio
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from app.auth import accepts, websocket_token
from app.events import CloseCode, Subscriber, now
from app.service import Service, ServiceOf
from generated.python.models import (
    ClientMessage,
    Error_,
    Error_Code,
    Hello,
    Ping,
    Pong,
    ServerMessage,
    Subscribed,
    Unsubscribe,
)

router = APIRouter()
SUBPROTOCOL = "projects.v1"
REF_LENGTH = 64
# How long a client that does not read may hold up its own closing, in seconds.
LAST_WORDS = 1.0
_client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


@router.websocket("/ws")
async def events(websocket: WebSocket, service: ServiceOf) -> None:
    """Greet, then send events and answer messages until either side closes."""
    offered = websocket.scope["subprotocols"]
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    token = websocket_token(websocket.headers.get("authorization"), offered)
    if not accepts(service.settings.token, token):
        await websocket.close(CloseCode.POLICY_VIOLATION, "a known bearer token is needed")
        return
    subscriber = service.hub.join()
    service.metrics.websockets.inc()
    try:
        await _talk(websocket, subscriber, service)
    finally:
        service.metrics.websockets.dec()
        service.hub.leave(subscriber)


async def _talk(websocket: WebSocket, subscriber: Subscriber, service: Service) -> None:
    """Run both directions until one ends; the first to end stops the others."""
    subscriber.send(Hello(type="hello", at=now(), release=service.settings.release))
    directions = [
        asyncio.create_task(_send(websocket, subscriber)),
        asyncio.create_task(_receive(websocket, subscriber, service)),
        asyncio.create_task(subscriber.too_slow.wait()),
    ]
    try:
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)
    if subscriber.too_slow.is_set():
        service.metrics.dropped.inc()
        await _drop(websocket)


async def _send(websocket: WebSocket, subscriber: Subscriber) -> None:
    while not isinstance(item := await subscriber.next(), CloseCode):
        await websocket.send_text(item.model_dump_json())
    await websocket.close(item, "the service is shutting down")


async def _receive(websocket: WebSocket, subscriber: Subscriber, service: Service) -> None:
    limit = service.settings.websocket_subscriptions
    while (frame := await websocket.receive())["type"] == "websocket.receive":
        subscriber.send(answer(frame.get("text"), subscriber, limit))


async def _drop(websocket: WebSocket) -> None:
    """Close a socket whose client may not read even the closing."""
    try:
        async with asyncio.timeout(LAST_WORDS):
            await websocket.close(CloseCode.TRY_AGAIN_LATER, "too slow: events would be lost")
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        return


def answer(text: str | None, subscriber: Subscriber, limit: int) -> ServerMessage:
    """Do what the client's message asks, and return the reply."""
    data = _object(text)
    if data is None:
        return _error(None, Error_Code.INVALID_JSON, "the message is not a JSON object")
    try:
        message = _client_message.validate_python(data)
    except ValidationError as error:
        return _error(_ref(data), Error_Code.INVALID_MESSAGE, _explain(error))
    if isinstance(message, Ping):
        return Pong(type="pong", ref=message.ref, at=now())
    project_id = message.project_id
    if isinstance(message, Unsubscribe):
        subscriber.unsubscribe(project_id)
    elif not subscriber.subscribe(project_id, limit):
        return _error(message.ref, Error_Code.TOO_MANY_SUBSCRIPTIONS, f"at most {limit} projects by id")
    return Subscribed(
        type="subscribed", ref=message.ref, all=subscriber.all, project_ids=sorted(subscriber.project_ids)
    )


def _error(ref: str | None, code: Error_Code, detail: str) -> Error_:
    return Error_(type="error", ref=ref, code=code, detail=detail)


def _object(text: str | None) -> dict[str, Any] | None:
    """The JSON object in a text frame; None for everything else."""
    try:
        data = from_json(text or "")
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _ref(data: dict[str, Any]) -> str | None:
    """The client's `ref`, when it is one that a reply may repeat."""
    ref = data.get("ref")
    return ref if isinstance(ref, str) and len(ref) <= REF_LENGTH else None


def _explain(error: ValidationError) -> str:
    """Every mistake with its place, without the values that the client sent."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"]))) for e in found)
