import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.conform import Exchange, HttpContract, MessageContract

JSON = {"content-type": "application/json"}
Http = Callable[..., HttpContract]
Messages = Callable[..., MessageContract]


@pytest.fixture
def http(tmp_path: Path) -> Http:
    """A contract with these paths."""

    def make(paths: dict[str, Any], version: str = "3.1.0", **more: object) -> HttpContract:
        file = tmp_path / "openapi.json"
        info = {"title": "t", "version": "1"}
        file.write_text(json.dumps({"openapi": version, "info": info, "paths": paths} | more), encoding="utf-8")
        return HttpContract.load(file)

    return make


@pytest.fixture
def messages(tmp_path: Path) -> Messages:
    """A contract with these channels."""

    def make(channels: dict[str, Any], version: str = "3.0.0", **more: object) -> MessageContract:
        file = tmp_path / "asyncapi.json"
        info = {"title": "t", "version": "1"}
        document = {"asyncapi": version, "info": info, "channels": channels} | more
        file.write_text(json.dumps(document), encoding="utf-8")
        return MessageContract.load(file)

    return make


def answers(schema: object, media_type: str = "application/json", **more: object) -> dict[str, Any]:
    """A path item whose GET answers 200 with this schema."""
    return {"get": {"responses": {"200": {"description": "", "content": {media_type: {"schema": schema}}} | more}}}


def exchange(
    body: object = None, status: int = 200, path: str = "/", method: str = "GET", headers: dict[str, str] | None = None
) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(method, path, status, JSON if headers is None else headers, content)
