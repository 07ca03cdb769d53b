"""The websocket probe against servers that talk well, badly, or not at all."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.probes.conftest import PROJECT, Looks, reply
from xptasks.contracts.settings import ContractsSettings
from xptasks.probes.kinds.websocket import Options
from xptasks.probes.result import ProbeResult, Trouble

pytestmark = pytest.mark.pr

CONTRACTS = ContractsSettings(asyncapi=("contracts/asyncapi.yaml",))
HELLO = {"type": "hello", "at": "2026-01-31T09:30:00Z", "release": "1"}
Talk = Callable[[ServerConnection], object]
Speak = Callable[..., ProbeResult]


@pytest.fixture
def speak() -> Iterator[Speak]:
    """`speak(talk, **options)`: serve a websocket that does `talk`, and look once."""
    with ExitStack() as stack:

        def look(talk: Talk, contracts: ContractsSettings = CONTRACTS, **options: Any) -> ProbeResult:  # noqa: ANN401
            server = stack.enter_context(serve(talk, "127.0.0.1", 0, subprotocols=options.pop("knows", None)))  # type: ignore[arg-type]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
            return Looks(url, {"TOKEN": "hunter2"}, contracts)("websocket", path="/ws", **options)

        yield look


def says(*messages: object) -> Talk:
    def talk(socket: ServerConnection) -> None:
        for message in messages:
            socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        for _ in socket:
            pass

    return talk


def test_a_websocket_that_opens_and_stays_open(speak: Speak) -> None:
    assert speak(says()).detail == ""
    assert speak(says(HELLO), exchange=[{"expect": {"type": "hello"}}]).detail == ""


def test_send_and_expect_in_turn(speak: Speak) -> None:
    def pong(socket: ServerConnection) -> None:
        socket.send(json.dumps(HELLO))
        for text in socket:
            socket.send(json.dumps({"type": "pong", "ref": json.loads(text)["ref"], "at": HELLO["at"]}))

    turns = [
        {"send": {"type": "ping", "ref": "a"}},
        {"send": {"type": "ping", "ref": "b"}},
        {"expect": {"type": "pong", "ref": "b"}},  # hello and the first pong are passed over
        {"send": {"type": "ping", "ref": "c"}},
        {"checks": [{"pointer": "/ref", "equals": "c"}]},
    ]
    assert speak(pong, exchange=turns).detail == ""


def refusing(code: int, reason: str = "") -> Talk:
    return lambda socket: socket.close(code, reason)


@pytest.mark.parametrize(
    ("talk", "options", "trouble", "told"),
    [
        (refusing(1008, "no token"), {}, Trouble.STATUS, "close code 1008 (no token)"),
        (refusing(1008), {"close_code": 1000}, Trouble.STATUS, "expected the close code 1000, got 1008"),
        (says(), {"close_code": 1000}, Trouble.TIMEOUT, "the service does not close with 1000 within 1.5 s"),
        (says(), {"exchange": [{"expect": {"type": "hello"}}]}, Trouble.TIMEOUT, "turn 1 of the exchange: no message"),
        (
            says(HELLO),
            {"exchange": [{"expect": {"release": "2"}}]},
            Trouble.TIMEOUT,
            'expected {"release": "2"}, the last message is {"type": "hello"',
        ),
        (says({"type": "odd"}), {}, Trouble.CONTRACT, "/ws sent"),
        (says({**HELLO, "at": 3}), {}, Trouble.CONTRACT, "/ws sent hello: message at /at"),
        (says("no json"), {}, Trouble.CONTRACT, "the message is not JSON"),
        (says(), {"exchange": [{"send": {"type": "pong"}}]}, Trouble.CONTRACT, "/ws received"),
        (says(), {"subprotocol": "projects.v1"}, Trouble.ASSERTION, "selected no subprotocol, expected projects.v1"),
        (says("x" * 2000), {"max_size": "1KiB"}, Trouble.ASSERTION, "a message is longer than 1024 bytes"),
        (lambda socket: socket.socket.close(), {}, Trouble.CONNECT, ""),
    ],
    ids=[
        "closed", "other code", "never closes", "silent", "other message", "unknown message", "wrong message",
        "no JSON", "we say nonsense", "subprotocol", "too long", "broken",
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_apart(
    speak: Speak, talk: Talk, options: dict[str, Any], trouble: Trouble, told: str
) -> None:
    result = speak(talk, timeout="1500ms" if trouble is Trouble.TIMEOUT else "30s", listen="25s", **options)
    assert (result.trouble, told in result.detail) == (trouble, True), result.detail
    if trouble is Trouble.CONTRACT:
        assert result.evidence is not None
        assert result.evidence.file == str(PROJECT / "contracts/asyncapi.yaml")


def test_what_is_expected_to_close_closes(speak: Speak) -> None:
    assert speak(refusing(1008), close_code=1008).detail == ""


def test_without_a_contract_anything_may_be_said(speak: Speak) -> None:
    turns = [{"expect": "no json"}]
    assert speak(says("no json", b"\xff"), contract=False, exchange=turns).detail == ""
    assert speak(says("no json"), ContractsSettings(), exchange=turns).detail == ""


def test_headers_and_subprotocol_are_sent(speak: Speak) -> None:
    heard: list[str] = []

    def listen(socket: ServerConnection) -> None:
        assert socket.request is not None
        heard.extend([socket.request.headers["Authorization"], socket.request.headers["Sec-WebSocket-Protocol"]])
        says()(socket)

    auth = {"scheme": "bearer", "token": "env:TOKEN"}
    assert speak(listen, auth=auth, subprotocol="projects.v1", knows=["projects.v1"]).detail == ""
    assert heard == ["Bearer hunter2", "projects.v1"]


@pytest.mark.parametrize(
    ("status", "headers"), [("403 Forbidden", ()), ("302 Found", ("Location: /other",)), ("200 OK", ())]
)
def test_a_handshake_that_is_refused(look: Callable[..., Looks], status: str, headers: tuple[str, ...]) -> None:
    result = look(reply(b"no", status, *headers))("websocket", path="/ws")
    assert result.trouble is Trouble.STATUS
    assert result.detail == f"expected 101, got {status[:3]} 'no'"


def test_a_handshake_that_never_ends(look: Callable[..., Looks]) -> None:
    result = look(lambda *_: time.sleep(2))("websocket", path="/ws", timeout="200ms")
    assert result.trouble is Trouble.TIMEOUT


def test_what_does_not_speak_http(look: Callable[..., Looks]) -> None:
    result = look(lambda connection, _: connection.sendall(b"220 smtp\r\n"))("websocket", path="/ws")
    assert result.trouble is Trouble.CONNECT


@pytest.mark.parametrize("turn", [{}, {"send": "a", "expect": "b"}])
def test_a_turn_does_one_thing(turn: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="each turn either has 'send'"):
        Options.model_validate({"kind": "websocket", "path": "/", "exchange": [turn]})
