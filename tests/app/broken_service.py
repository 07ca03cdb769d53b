"""The reference service with one fault planted: `FAULT=wrong-type python -m tests.app.broken_service --port 8000`.

A wrapper around the real application changes what goes in or comes out; the service itself stays as it is.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

import uvicorn

from app.main import create_app

Message = dict[str, Any]
Headers = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    """A response before it is sent, and what was asked."""

    method: str
    path: str
    asked: bytes
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def edit(self, change: Callable[[Any], None]) -> None:
        """Change the body's JSON."""
        value = json.loads(self.body)
        change(value)
        self.body = json.dumps(value).encode()


def projects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    yield from value.get("items", [value] if "created_at" in value else [])


def wrong_type(answer: Answer) -> None:
    if b'"next_cursor"' in answer.body:
        answer.edit(lambda page: page.update(next_cursor=3))


def without_time(value: Any) -> None:  # noqa: ANN401 - JSON
    for project in projects(value):
        del project["updated_at"]


def missing_field(answer: Answer) -> None:
    if answer.status in (200, 201) and answer.path.startswith("/api/"):
        answer.edit(without_time)


def wrong_enum(answer: Answer) -> None:
    if answer.status == 201:
        answer.edit(lambda project: project.update(status=project["status"].upper()))


def undocumented_status(answer: Answer) -> None:
    answer.status = 200 if answer.status == 201 else answer.status


def missing_header(answer: Answer) -> None:
    answer.headers.pop(b"location", None)


def wrong_media_type(answer: Answer) -> None:
    if answer.status == 404 and answer.path.startswith("/api/projects/"):
        answer.headers[b"content-type"] = b"application/json"


def crash(answer: Answer) -> None:
    if answer.method == "PATCH" and b'"description": null' in answer.asked:
        answer.status = 500


def known_fields_only(body: bytes) -> bytes:
    """Forget what the contract does not know, so that it is not refused."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    known = ("name", "description", "status")
    return json.dumps({key: value[key] for key in known if key in value}).encode() if isinstance(value, dict) else body


def pong_without_time(message: Message) -> Message | None:
    value = json.loads(message.get("text") or "{}")
    if value.get("type") == "pong":
        del value["at"]
        return message | {"text": json.dumps(value)}
    return message


def other_ref(message: Message) -> Message | None:
    value = json.loads(message.get("text") or "{}")
    return message | {"text": json.dumps(value | {"ref": "other"})} if value.get("ref") else message


def no_refusal(message: Message) -> Message | None:
    return None if '"type":"error"' in (message.get("text") or "") else message


def refusal_by_1011(message: Message) -> Message | None:
    return {"type": "websocket.close", "code": 1011} if '"type":"error"' in (message.get("text") or "") else message


def other_subprotocol(message: Message) -> Message | None:
    return message | {"subprotocol": None} if message["type"] == "websocket.accept" else message


RESPONSES = {
    "wrong-type": wrong_type, "missing-field": missing_field, "wrong-enum": wrong_enum, "crash": crash,
    "undocumented-status": undocumented_status, "missing-header": missing_header, "wrong-media-type": wrong_media_type,
}  # fmt: skip
MESSAGES: dict[str, Callable[[Message], Message | None]] = {
    "bad-message": pong_without_time, "wrong-ref": other_ref, "no-refusal": no_refusal,
    "refusal-by-1011": refusal_by_1011, "wrong-subprotocol": other_subprotocol,
}  # fmt: skip


class Broken:
    """The application with the fault of that name."""

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._app = create_app()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - what ASGI says
        if self._fault == "ignored-auth" and scope["type"] != "lifespan":
            scope = scope | {"headers": [*_without(scope["headers"]), _authorization()]}
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, self._messages(send))
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        asked, more = b"", True
        while more:
            message = await receive()
            asked, more = asked + message.get("body", b""), message.get("more_body", False)
        if self._fault == "open-object" and scope["method"] == "POST":
            asked = known_fields_only(asked)
            scope = scope | {
                "headers": [(name, value) for name, value in scope["headers"] if name != b"content-length"]
            }
        sent: list[MutableMapping[str, Any]] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def again() -> Message:
            return {"type": "http.request", "body": asked, "more_body": False}

        await self._app(scope, again, keep)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        answer = Answer(scope["method"], scope["path"], asked, sent[0]["status"], dict(sent[0]["headers"]), body)
        RESPONSES.get(self._fault, lambda _: None)(answer)
        if b"content-length" in answer.headers:
            answer.headers[b"content-length"] = str(len(answer.body)).encode()
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers.items())})
        await send({"type": "http.response.body", "body": answer.body})

    def _messages(self, send: Any) -> Any:  # noqa: ANN401
        change = MESSAGES.get(self._fault, dict)

        async def changed(message: Message) -> None:
            new = change(message) if message["type"] != "websocket.close" else message
            if new is not None:
                await send(new)

        return changed


def _without(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name != b"authorization"]


def _authorization() -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {os.environ['PROJECTS_TOKEN']}".encode()


app = Broken(os.environ.get("FAULT", ""))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port, log_config=None, access_log=False)
