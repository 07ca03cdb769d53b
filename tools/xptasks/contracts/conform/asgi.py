"""ASGI middleware for staging: a sample of real traffic is held against the contracts, and nothing is changed.

    app.add_middleware(Conformance, contracts=Contracts.load(openapi, asyncapi), sample=0.01)

What a client gets is passed on first and judged afterwards. Bodies above a limit are not kept: their status and headers
are judged alone, and they are counted.
"""

import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from xptasks.contracts.conform.contracts import Contracts
from xptasks.contracts.conform.http import Exchange
from xptasks.contracts.conform.messages import Conversation
from xptasks.contracts.conform.violation import Violation

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)
_SAFE = "/:@!$&'()*+,;=~-._"


def log(violation: Violation) -> None:
    """Write a violation as a warning to this module's logger."""
    _log.warning("%s", violation)


@dataclass
class Counts:
    """What was done since the start, for the metrics of the service.

    Attributes:
        responses, websockets: how many were judged.
        skipped_bodies: of those responses, how many had a body that was not kept.
        violations: how many were told.
        failures: how often judging itself, or the callable, raised.
    """

    responses: int = 0
    websockets: int = 0
    skipped_bodies: int = 0
    violations: int = 0
    failures: int = 0


class Conformance:
    """The middleware.

    Args:
        app: the application.
        contracts: what it promised.
        sample: the share of responses and websockets that are judged, 0 to 1.
        on_violation: told each violation; it runs in the event loop, so that it must not block.
        max_body: bytes of a body that are kept at most.
        chance: a number from 0 to 1 for each request; it is judged when the number is below `sample`.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        app: App,
        contracts: Contracts,
        *,
        sample: float = 0.01,
        on_violation: Callable[[Violation], object] = log,
        max_body: int = 2**20,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._app = app
        self._contracts = contracts
        self._sample = sample
        self._on_violation = on_violation
        self._max_body = max_body
        self._chance = chance
        self.counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; watch what the sample holds."""
        kind = scope["type"]
        if kind not in ("http", "websocket") or self._chance() >= self._sample:
            await self._app(scope, receive, send)
        elif kind == "http":
            await self._app(scope, receive, _Response(self, scope, send, self._max_body))
        else:
            websocket = _Websocket(self, scope, receive, send)
            await self._app(scope, websocket.receive, websocket.send)

    def judge(self, exchange: Exchange) -> None:
        """Hold a response against the contracts."""
        self.counts.responses += 1
        self.counts.skipped_bodies += exchange.body is None
        self.tell(lambda: self._contracts.check(exchange))

    def conversation(self, path: str, offered: list[str], chosen: str | None) -> Conversation | None:
        """Hold a handshake against the contracts; what is returned hears the rest."""
        self.counts.websockets += 1
        self.tell(lambda: self._contracts.handshake(path, offered, chosen))
        return self._contracts.conversation(path)

    def tell(self, violations: Callable[[], tuple[Violation, ...]]) -> None:
        """Tell each violation; whatever goes wrong in here is counted and never reaches a client."""
        try:
            for violation in violations():
                self.counts.violations += 1
                self._on_violation(violation)
        except Exception:  # noqa: BLE001 - what watches a service must not harm it
            self.counts.failures += 1
            _log.exception("conformance could not be judged")


def _path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    return raw.partition(b"?")[0].decode("ascii") if raw else quote(scope["path"], safe=_SAFE)


class _Response:
    """Stands for `send` of one request."""

    def __init__(self, owner: Conformance, scope: Scope, send: Send, max_body: int) -> None:
        self._owner = owner
        self._scope = scope
        self._send = send
        self._max_body = max_body
        self._start: Message = {}
        self._body: bytearray | None = bytearray()

    async def __call__(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._keep(message.get("body", b""))
            if not message.get("more_body", False):
                self._judge()

    def _keep(self, piece: bytes) -> None:
        if self._body is not None and len(self._body) + len(piece) > self._max_body:
            self._body = None
        if self._body is not None:
            self._body += piece

    def _judge(self) -> None:
        headers: dict[str, str] = {}
        for raw_name, raw_value in self._start.get("headers", ()):
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        whole = None if self._body is None or "content-encoding" in headers else bytes(self._body)
        self._owner.judge(Exchange(self._scope["method"], _path(self._scope), self._start["status"], headers, whole))


class _Websocket:
    """Stands for `receive` and `send` of one websocket."""

    def __init__(self, owner: Conformance, scope: Scope, receive: Receive, send: Send) -> None:
        self._owner = owner
        self._scope = scope
        self._receive = receive
        self._send = send
        self._conversation: Conversation | None = None

    async def receive(self) -> Message:
        """What the client says counts for replies only: a client may be wrong."""
        message = await self._receive()
        conversation = self._conversation
        if message["type"] == "websocket.receive" and conversation is not None:
            data = _data(message)
            self._owner.tell(lambda: conversation.received(data).violations[:0])
        return message

    async def send(self, message: Message) -> None:
        """Pass it on, then judge it."""
        await self._send(message)
        if message["type"] == "websocket.accept":
            offered = list(self._scope.get("subprotocols", ()))
            self._conversation = self._owner.conversation(_path(self._scope), offered, message.get("subprotocol"))
        conversation = self._conversation
        if message["type"] == "websocket.send" and conversation is not None:
            self._owner.tell(lambda: conversation.sent(_data(message)).violations)


def _data(message: Message) -> str | bytes:
    text: str | None = message.get("text")
    return text if text is not None else bytes(message.get("bytes") or b"")
