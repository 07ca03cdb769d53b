"""The reference service behind the local driver: two releases of it, a switch, and a goodbye to its websockets."""

import json
import os
import sys
import time
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.delivery.drivers.conftest import Local
from xptasks.delivery.launch import Launch

pytestmark = pytest.mark.pr

PROJECT = Path(__file__).parents[3]
TOKEN = {"Authorization": "Bearer only-for-tests"}


def launch(release: str, home: Path) -> Launch:
    environment = {
        **os.environ,
        "PROJECTS_TOKEN": "only-for-tests",
        "PROJECTS_DATABASE_URL": f"sqlite:///{home}/projects.sqlite3",
        "PROJECTS_RELEASE": release,
    }
    return Launch((sys.executable, "-m", "app", "--port", "{port}"), PROJECT, environment)


def hello(websocket: ClientConnection) -> str:
    said: str = json.loads(websocket.recv(timeout=10))["release"]
    return said


@pytest.mark.slow
def test_two_releases_change_places_under_requests_and_websockets(local: Local) -> None:
    local.launches = {release: launch(release, local.home) for release in ("one", "two")}
    local.up({"one": 100})
    local.up({"one": 90, "two": 10})
    address = local.driver.address()
    created = httpx.post(f"{address}/api/projects", json={"name": "Ada"}, headers=TOKEN)
    assert created.status_code == 201
    with connect(local.websocket(), additional_headers=TOKEN) as websocket:
        first = hello(websocket)
        other = "two" if first == "one" else "one"
        local.driver.split({other: 100})
        websocket.send('{"type": "ping", "ref": "1"}')
        assert json.loads(websocket.recv(timeout=10))["type"] == "pong"  # where it is, it stays
        assert httpx.get(f"{address}/health").json()["release"] == other
        began = time.monotonic()
        local.driver.drain(first)
        assert time.monotonic() - began < local.setup.drain_timeout
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    local.driver.stop(first)
    with connect(local.websocket(), additional_headers=TOKEN) as websocket:
        assert hello(websocket) == other
    listed = httpx.get(f"{address}/api/projects", headers=TOKEN).json()
    assert "Ada" in str(listed)


def test_the_log_of_a_release_that_does_not_start_is_kept(local: Local) -> None:
    broken = launch("one", local.home)
    local.launches = {"one": Launch((*broken.argv, "--no-such-option"), PROJECT, broken.environment)}
    local.driver.start("one")
    local.until(lambda: local.driver.observe().condition("one") == "dead")
    assert "unrecognized arguments" in (local.home / "local" / "logs" / "one.log").read_text()
