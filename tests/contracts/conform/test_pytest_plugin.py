"""The pytest plugin, in pytest runs of their own over a small project."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.pr

TOOLS = Path(__file__).parents[3] / "tools"

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/count": {
            "get": {
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
                }
            }
        },
        "/unused": {"get": {"responses": {"200": {"description": ""}}}},
    },
}
ASYNCAPI = {
    "asyncapi": "3.0.0",
    "info": {"title": "t", "version": "1"},
    "channels": {
        "c": {
            "address": "/ws",
            "x-subprotocols": ["v1"],
            "messages": {
                "number": {"payload": {"type": "integer"}},
                "text": {"payload": {"type": "string", "maxLength": 5}},
                "never": {"payload": {"type": "null"}},
            },
        }
    },
    "operations": {
        "send": {
            "action": "send",
            "channel": {"$ref": "#/channels/c"},
            "messages": [{"$ref": "#/channels/c/messages/number"}, {"$ref": "#/channels/c/messages/never"}],
        },
        "receive": {
            "action": "receive",
            "channel": {"$ref": "#/channels/c"},
            "messages": [{"$ref": "#/channels/c/messages/text"}],
        },
    },
}
APP = '''
import json

class App:
    """Answers what it is told to."""

    def __init__(self, value, status=200, subprotocol=None):
        self.value, self.status, self.subprotocol = value, status, subprotocol

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept", "subprotocol": self.subprotocol})
            await receive()
            await send({"type": "websocket.send", "text": json.dumps(self.value)})
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(self.value).encode()})
'''
TESTS = """
import asyncio, threading
import httpx, pytest
from starlette.testclient import TestClient
from websockets.sync.client import connect
from websockets.sync.server import serve
from app import App

def get(app, path="/count", **options):
    async def run():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service", **options) as client:
            return await client.get(path)
    return asyncio.run(run())

def test_good(): get(App(1))
def test_bad(): get(App("1"))
def test_bad_status(): get(App(1, 418))
def test_bad_by_test_client(): TestClient(App("1")).get("/count")
def test_good_by_test_client(): TestClient(App(1)).get("/count")
def test_unknown_path(): get(App(1), "/nowhere")
def test_refused(): get(App(1, 404), "/nowhere")
def test_ignored_path(): get(App(1), "/openapi.json")
@pytest.mark.no_contract("on purpose")
def test_marked(): get(App("1"))
def test_raises_itself():
    get(App("1"))
    assert 0, "its own"
@pytest.fixture
def asked(): get(App("1"))
def test_with_a_bad_fixture(asked): pass
def test_mock():
    httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(418))).get("http://127.0.0.1/count")
def ws(app, said, **options):
    with TestClient(app).websocket_connect("/ws", **options) as session:
        session.send_text(said)
        session.receive_text()
def test_ws_good(): ws(App(1), '"abc"')
def test_ws_bad(): ws(App("x"), '"abc"')
def test_ws_client_is_wrong(): ws(App(1), "{")
def test_ws_subprotocol(): ws(App(1, subprotocol="v1"), '"abc"', subprotocols=["v1"])
def test_ws_bad_subprotocol(): ws(App(1), '"abc"', subprotocols=["v1"])
def real(answer, path="/ws"):
    def handle(socket):
        socket.recv()
        socket.send(answer)
    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with connect(f"ws://127.0.0.1:{server.socket.getsockname()[1]}{path}?q=1") as socket:
                socket.send('"abc"')
                socket.recv()
        finally:
            server.shutdown()
            thread.join()
def test_real_good(): real("1")
def test_real_bad(): real("x")
def test_real_other_service(): real("x", "/other")
def test_real_async_bad():
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import serve
    async def handle(socket): await socket.send(await socket.recv())
    async def run():
        async with serve(handle, "127.0.0.1", 0) as server:
            async with connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws") as socket:
                await socket.send('"abc"')
                await socket.recv()
    asyncio.run(run())
"""
BAD = {
    "test_bad", "test_bad_status", "test_bad_by_test_client", "test_unknown_path", "test_raises_itself", "test_ws_bad",
    "test_ws_bad_subprotocol", "test_real_bad", "test_real_async_bad",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "xpconfig.toml": 'version = 1\n[contracts]\nopenapi = "openapi.json"\nasyncapi = ["asyncapi.json"]\n',
        "openapi.json": json.dumps(OPENAPI),
        "asyncapi.json": json.dumps(ASYNCAPI, indent=1),
        "app.py": APP,
        "test_it.py": TESTS,
        "pytest.ini": "[pytest]\nfilterwarnings = ignore::DeprecationWarning\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, *words: str, **environ: str) -> tuple[str, dict[str, str]]:
    """The output, and the outcome of each test."""
    plugins = ("-p", "xptasks.contracts.pytest_conform", "-p", "no:randomly", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-W", "ignore", *plugins, *words],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{TOOLS}:{project}", "HOME": str(project), **environ},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = re.findall(r"^(PASSED|FAILED|ERROR) test_it\.py::(\w+)", done.stdout, re.MULTILINE)
    return done.stdout + done.stderr, {name: outcome.lower() for outcome, name in said}


@pytest.mark.parametrize("words", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_the_test_that_heard_a_violation_fails(project: Path, words: tuple[str, ...]) -> None:
    report = project / "report.json"
    output, outcomes = run(project, *words, XPTASKS_CONFORMANCE=str(report))
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == BAD, output
    assert {name for name, outcome in outcomes.items() if outcome == "error"} == {"test_with_a_bad_fixture"}, output
    assert len(outcomes) == 21
    assert 'GET /count 200: body: "1" must be of the type integer' in output
    assert re.search(r"contract  openapi\.json:1:\d+\n  heard at  test_it\.py:\d+", output)
    assert "/ws sent" in output
    assert "1 of 2 operations of the contracts were touched\n  not touched: GET /unused" in output
    assert "2 of 3 messages of the contracts were touched\n  not touched: /ws sent never" in output
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["operations"] == {"touched": ["GET /count"], "untouched": ["GET /unused"], "percent": 50.0}
    assert found["violations"] == len(BAD) + 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("pytest.ini", "[pytest]\ncontract_conformance = false\n", marks=pytest.mark.slow),
        ("pytest.ini", "[pytest]\ncontract_paths = elsewhere\n"),
        pytest.param("xpconfig.toml", "version = 1\n", marks=pytest.mark.slow),
    ],
)
def test_ways_to_leave_it(project: Path, file: str, text: str) -> None:
    (project / file).write_text(text, encoding="utf-8")
    output, outcomes = run(project, "-k", "test_bad or test_good")
    assert set(outcomes.values()) == {"passed"}, output
    assert "of the contracts" not in output


def test_a_contract_that_cannot_be_read_is_said_in_one_block(project: Path) -> None:
    (project / "openapi.json").write_text("{", encoding="utf-8")
    output, _ = run(project, "-k", "test_good")
    assert "openapi.json:1:2: is not JSON" in output


def test_a_pytest_without_contracts_imports_next_to_nothing() -> None:
    code = "import sys, xptasks.contracts.pytest_conform; print(*[m for m in sys.modules if m.startswith('xptasks')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(TOOLS)},
    )
    assert done.stdout.split() == ["xptasks", "xptasks.contracts", "xptasks.contracts.pytest_conform"]
