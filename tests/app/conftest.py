import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings

PROJECT = Path(__file__).parents[2]
TOKEN = "tests-only"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "contracts/openapi.yaml").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="session")
def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "contracts/asyncapi.yaml").read_text(encoding="utf-8"))
    return document


def settings(**changes: object) -> Settings:
    return Settings.model_validate({"token": TOKEN, "database_url": "sqlite://"} | changes)


@pytest.fixture
def service() -> Iterator[FastAPI]:
    app = create_app(settings())
    app.state.service.store.create_tables()
    yield app
    app.state.service.store.close()


@pytest.fixture
async def client(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=AUTH) as client:
        yield client


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve on a free loopback port in a thread, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws_max_size=65536))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it started"
            time.sleep(0.005)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@contextmanager
def process(*command: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python COMMAND` over the project; it is killed if it outlives the block."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as started:
        try:
            yield started
        finally:
            with suppress(ProcessLookupError):
                started.kill()
