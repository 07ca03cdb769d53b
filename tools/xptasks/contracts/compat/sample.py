"""Small contracts for the examples of rules."""

from typing import Any

Contract = dict[str, Any]

OK: Contract = {"200": {"description": "fine"}}


def contract(**more: Any) -> Contract:  # noqa: ANN401
    """An OpenAPI document with these top-level keys."""
    return {"openapi": "3.1.0", "info": {"title": "Example", "version": "1"}, "paths": {}, **more}


def operation(**more: Any) -> Contract:  # noqa: ANN401
    """A document whose only operation is `POST /things` with these keys."""
    return contract(paths={"/things": {"post": {"responses": OK, **more}}})


def parameter(**more: Any) -> Contract:  # noqa: ANN401
    """A document whose only operation has one parameter, `q` in the query unless told otherwise."""
    return operation(parameters=[{"name": "q", "in": "query", "schema": {"type": "string"}, **more}])


def answer(**more: Any) -> Contract:  # noqa: ANN401
    """A document whose only operation answers 200 with these keys."""
    return operation(responses={"200": {"description": "fine", **more}})


def header(**more: Any) -> Contract:  # noqa: ANN401
    """A document whose only answer has one header."""
    return answer(headers={"X-Rest": {"schema": {"type": "integer"}, **more}})


def body(content: Contract | None = None, *, required: bool = False) -> Contract:
    """A document whose only operation takes a body with this content."""
    return operation(requestBody={"required": required, "content": content or {"application/json": {}}})


def hook(**more: Any) -> Contract:  # noqa: ANN401
    """A document whose only webhook has these keys."""
    return contract(webhooks={"made": {"post": {"responses": OK, **more}}})


def schemas(direction: str, schema: Any) -> Contract:  # noqa: ANN401
    """A document whose only message of a direction has this schema."""
    content = {"application/json": {"schema": schema}}
    return body(content) if direction == "request" else answer(content=content)


def events(action: str, messages: Contract, *, address: str = "/events", **channel: Any) -> Contract:  # noqa: ANN401
    """An AsyncAPI document with one channel on which all these messages are sent or received."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Example", "version": "1"},
        "channels": {"c": {"address": address, "messages": messages, **channel}},
        "operations": {"o": {"action": action, "channel": {"$ref": "#/channels/c"}}},
    }
