"""A Swift client with generated types against the running service: HTTP for real, and the websocket's own frames.

Foundation outside of Apple's systems may be built without websockets, so Python listens and Swift reads the frames.
"""

import json
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.app.conftest import AUTH, TOKEN, process
from tests.app.test_shutdown import free_port, wait_until_healthy
from tests.contracts.generate.swift_programs import exchange, run

GENERATED = Path(__file__).parents[2] / "generated" / "swift" / "Models.swift"
CLIENT = Path(__file__).with_name("client.swift")
_SEEN = """
GET Health unchanged
POST Project unchanged
Apollo true true
GET ProjectPage unchanged
true true
PATCH Project unchanged
true true
PATCH Project unchanged
true true
POST Problem unchanged
409
POST Problem unchanged
422 true
"""
_ASKED = ({"type": "ping", "ref": "a"}, {"type": "subscribe", "ref": "b"}, {"type": "nonsense"})
_TOLD = ["hello", "pong", "subscribed", "error", "project.created", "project.updated", "project.updated"]


def _frames(socket: ClientConnection, count: int) -> list[dict[str, object]]:
    return [json.loads(socket.recv(timeout=10)) for _ in range(count)]


@pytest.mark.slow
def test_a_swift_client_reads_what_the_service_sends(tmp_path: Path) -> None:
    generated = GENERATED.read_text(encoding="utf-8")
    port = free_port()
    with process("-m", "app", "--port", str(port), PROJECTS_TOKEN=TOKEN, PROJECTS_DATABASE_URL="sqlite://"):
        wait_until_healthy(port)
        with connect(f"ws://127.0.0.1:{port}/ws", additional_headers=AUTH) as socket:
            for message in _ASKED:
                socket.send(json.dumps(message))
            frames = _frames(socket, 1 + len(_ASKED))
            script = CLIENT.read_text(encoding="utf-8")
            seen = run(tmp_path, generated, script, SERVICE=f"http://127.0.0.1:{port}", TOKEN=TOKEN)
            frames += _frames(socket, len(_TOLD) - len(frames))
    assert seen.strip().splitlines() == _SEEN.strip().splitlines()
    assert [frame["type"] for frame in frames] == _TOLD
    answers = exchange(tmp_path, generated, {"m": "ServerMessage"}, [("m", frame) for frame in frames])
    assert [answer.accepted and answer.value for answer in answers] == frames
