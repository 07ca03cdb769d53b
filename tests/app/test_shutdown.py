"""The whole service as a process: SIGTERM finishes requests, says goodbye on websockets and exits as it should."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.app.conftest import AUTH, TOKEN, process

BODY = b'{"name": "Apollo"}'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_healthy(port: int) -> None:
    for _ in range(400):
        try:
            httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.025)
        else:
            return
    pytest.fail("the service did not start within 10 s")


@contextmanager
def half_a_request(port: int) -> Iterator[socket.socket]:
    """A request that is as slow as its caller: the body is still on its way."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(
            b"POST /api/projects HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n"
            + f"Authorization: {AUTH['Authorization']}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
            + BODY[:5]
        )
        yield slow


@pytest.mark.parametrize(
    ("command", "number", "exit_code"),
    [
        (["-m", "app", "--port"], signal.SIGTERM, 0),
        pytest.param(["-m", "app", "--port"], signal.SIGINT, 0, marks=pytest.mark.slow),
        # Bare uvicorn ends with the signal itself once it has drained.
        pytest.param(
            ["-m", "uvicorn", "app.main:app", "--log-level", "warning", "--port"],
            signal.SIGTERM,
            -signal.SIGTERM,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_drains(tmp_path: Path, command: list[str], number: signal.Signals, exit_code: int) -> None:
    port = free_port()
    database = f"sqlite:///{tmp_path / 'projects.sqlite3'}"
    with process(*command, str(port), PROJECTS_TOKEN=TOKEN, PROJECTS_DATABASE_URL=database) as service:
        wait_until_healthy(port)
        with connect(f"ws://127.0.0.1:{port}/ws", additional_headers=AUTH) as events, half_a_request(port) as slow:
            events.recv(timeout=5)
            service.send_signal(number)
            with pytest.raises(ConnectionClosed) as closed:
                events.recv(timeout=5)
            slow.sendall(BODY[5:])
            answer = slow.makefile("rb").read()
        stdout, stderr = service.communicate(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert answer.startswith(b"HTTP/1.1 201 Created")
    assert (service.returncode, stderr) == (exit_code, b"")
    assert TOKEN.encode() not in stdout
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert {"started", "request", "stopped"} <= {line["event"] for line in lines}
    assert all(line["request_id"] for line in lines if line["event"] == "request")


@pytest.mark.slow
def test_wrong_setting_is_told_without_a_traceback() -> None:
    with process("-m", "app", PROJECTS_WEBSOCKET_QUEUE="0", PROJECTS_LOG_LEVEL="loud") as service:
        stdout, stderr = service.communicate(timeout=10)
    assert (service.returncode, stdout) == (2, b"")
    assert stderr.decode().splitlines() == [
        "PROJECTS_WEBSOCKET_QUEUE: Input should be greater than or equal to 1",
        "PROJECTS_LOG_LEVEL: String should match pattern '^(DEBUG|INFO|WARNING|ERROR)$'",
    ]
