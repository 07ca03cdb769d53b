"""The middleware: what clients get stays as it is, and what breaks a contract is told."""

import asyncio
import logging
from typing import Any

import pytest

from tests.contracts.conform.conftest import Http, Messages, answers
from xptasks.contracts.conform import Violation
from xptasks.contracts.conform.asgi import Conformance
from xptasks.contracts.conform.contracts import Contracts

Said = list[dict[str, Any]]


def app(*said: dict[str, Any]) -> Any:  # noqa: ANN401 - an ASGI application
    async def answer(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        for message in said:
            if scope["type"] == "websocket":
                await receive()
            await send(message)

    return answer


def response(body: bytes, *more: bytes, status: int = 200) -> Said:
    headers = [(b"Content-Type", b"application/json"), (b"x-a", b"1"), (b"X-A", b"2")]
    pieces = [body, *more]
    bodies = [
        {"type": "http.response.body", "body": piece, "more_body": index < len(pieces) - 1}
        for index, piece in enumerate(pieces)
    ]
    return [{"type": "http.response.start", "status": status, "headers": headers}, *bodies]


def play(middleware: Conformance, kind: str = "http", heard: Said | None = None, **scope: object) -> Said:
    """What the client gets."""
    got: Said = []
    incoming = iter(heard or [{"type": f"{kind}.connect"}] * 9)

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:  # noqa: ANN401
        got.append(message)

    asyncio.run(middleware({"type": kind, "method": "GET", "path": "/a b", **scope}, receive, send))
    return got


@pytest.fixture
def contracts(http: Http, messages: Messages) -> Contracts:
    number = {"payload": {"type": "integer"}}
    channels = {"c": {"address": "/ws", "x-subprotocols": ["v1"], "messages": {"n": number}}}
    return Contracts([http({"/{x}": answers({"type": "integer"})})], [messages(channels)])


@pytest.mark.parametrize(
    ("pieces", "limit", "rules", "skipped"),
    [
        ([b"1"], 10, [], 0),
        ([b'"', b'x"'], 10, ["body"], 0),
        ([b'"', b'xxxxxxxxxxxxxx"'], 10, [], 1),
        ([b""], 10, ["body"], 0),
    ],
)
def test_responses(contracts: Contracts, pieces: list[bytes], limit: int, rules: list[str], skipped: int) -> None:
    told: list[Violation] = []
    said = response(*pieces)
    middleware = Conformance(app(*said), contracts, sample=1, on_violation=told.append, max_body=limit)
    assert play(middleware) == said
    assert [violation.rule for violation in told] == rules
    assert (middleware.counts.responses, middleware.counts.skipped_bodies) == (1, skipped)
    assert middleware.counts.violations == len(rules)


def test_the_path_is_the_one_that_was_sent(contracts: Contracts) -> None:
    told: list[Violation] = []
    middleware = Conformance(app(*response(b"1", status=418)), contracts, sample=1, on_violation=told.append)
    play(middleware)
    play(middleware, raw_path=b"/a%2Fb?x=1")
    assert [violation.operation for violation in told] == ["GET /{x} 418"] * 2


def test_only_the_sample_is_judged(contracts: Contracts) -> None:
    numbers = iter([0.0, 0.3, 0.2, 0.9])
    middleware = Conformance(
        app(*response(b'"x"')), contracts, sample=0.25, on_violation=lambda _: None, chance=numbers.__next__
    )
    for _ in range(4):
        play(middleware)
    assert (middleware.counts.responses, middleware.counts.violations) == (2, 2)


def test_websockets(contracts: Contracts) -> None:
    told: list[Violation] = []
    accept: dict[str, Any] = {"type": "websocket.accept", "subprotocol": "v2"}
    said: Said = [accept, {"type": "websocket.send", "text": "1"}, {"type": "websocket.send", "bytes": b'"x"'}]
    heard = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "{"},
        {"type": "websocket.receive", "text": "1"},
    ]
    middleware = Conformance(app(*said), contracts, sample=1, on_violation=told.append)
    assert play(middleware, "websocket", heard, path="/ws", subprotocols=["v1", "v2"]) == said
    assert [violation.rule for violation in told] == ["handshake", "message"]
    assert middleware.counts.websockets == 1


def test_other_scopes_pass(contracts: Contracts) -> None:
    said = [{"type": "lifespan.startup.complete"}]
    assert play(Conformance(app(*said), contracts, sample=1), "lifespan") == said


def test_a_callable_that_raises_reaches_no_client(contracts: Contracts, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Violation) -> None:
        raise RuntimeError("its own fault")

    said = response(b'"x"')
    middleware = Conformance(app(*said), contracts, sample=1, on_violation=fail)
    with caplog.at_level(logging.ERROR):
        assert play(middleware) == said
    assert middleware.counts.failures == 1
    assert "its own fault" in caplog.text


def test_without_a_callable_it_is_logged(contracts: Contracts, caplog: pytest.LogCaptureFixture) -> None:
    play(Conformance(app(*response(b'"x"')), contracts, sample=1))
    assert "GET /{x} 200: body" in caplog.text
