"""Listen to what HTTP and websocket clients in this process hear: httpx, Starlette's TestClient, websockets.

    with intercepted(observer):
        ...

Classes of those libraries that are installed are wrapped for the length of the block. An observer never changes what
a client gets.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import wraps
from typing import Any, Literal, Protocol
from weakref import WeakKeyDictionary

from xptasks.contracts.conform.http import Exchange

Door = Literal["app", "loopback", "network"]
"""How a client reaches what answers: an application in this process, a server on this machine, any other server."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_IN_PROCESS = frozenset({"ASGITransport", "WSGITransport", "_TestClientTransport"})
_REAL = frozenset({"HTTPTransport", "AsyncHTTPTransport"})


class Talk(Protocol):
    """Hears one websocket."""

    def sent(self, data: str | bytes) -> object:
        """The service said this."""

    def received(self, data: str | bytes) -> object:
        """The client said this."""


class Observer(Protocol):
    """Hears everything."""

    def response(self, exchange: Exchange, door: Door, address: str) -> None:
        """A response came; `address` is the URL up to the path."""

    def websocket(self, path: str, offered: list[str], chosen: str | None, door: Door, address: str) -> Talk | None:
        """A handshake was accepted; what is returned hears the messages."""


@contextmanager
def intercepted(observer: Observer) -> Iterator[None]:
    """Wrap the clients that are installed."""
    with ExitStack() as stack:
        for name in ("httpx", "httpx2"):
            with suppress(ImportError):
                _http(stack, importlib.import_module(name), observer)
        for name in ("websockets.sync.client", "websockets.asyncio.client"):
            with suppress(ImportError):
                _websockets(stack, importlib.import_module(name), observer)
        _starlette(stack, observer)
        yield


def _replace(stack: ExitStack, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:  # noqa: ANN401
    original = getattr(owner, name)
    own = name in vars(owner)
    setattr(owner, name, wraps(original)(wrap(original)))
    stack.callback(setattr, owner, name, original) if own else stack.callback(delattr, owner, name)


def _http(stack: ExitStack, httpx: Any, observer: Observer) -> None:  # noqa: ANN401
    def sync(original: Any) -> Any:  # noqa: ANN401
        def send(self: Any, request: Any, **options: Any) -> Any:  # noqa: ANN401
            response = original(self, request, **options)
            _tell(observer, self, response)
            return response

        return send

    def asynchronous(original: Any) -> Any:  # noqa: ANN401
        async def send(self: Any, request: Any, **options: Any) -> Any:  # noqa: ANN401
            response = await original(self, request, **options)
            _tell(observer, self, response)
            return response

        return send

    _replace(stack, httpx.Client, "send", sync)
    _replace(stack, httpx.AsyncClient, "send", asynchronous)


def _tell(observer: Observer, client: Any, last: Any) -> None:  # noqa: ANN401
    """Every response on the way, redirects too; a body that is still streaming is not known."""
    for response in (*last.history, last):
        url = response.request.url
        door = _door(client._transport_for_url(url), url.host)  # noqa: SLF001 - httpx has no other word for it
        if door is not None:
            raw_path = url.raw_path.partition(b"?")[0].decode("ascii")
            body = response.content if response.is_stream_consumed else None
            headers = _joined(response.headers)
            exchange = Exchange(response.request.method, raw_path, response.status_code, headers, body)
            observer.response(exchange, door, f"{url.scheme}://{url.netloc.decode('ascii')}{raw_path}")


def _joined(headers: Any) -> Mapping[str, str]:  # noqa: ANN401
    return {name.lower(): headers[name] for name in headers}


def _door(transport: Any, host: str) -> Door | None:  # noqa: ANN401
    """None for a transport that only plays a server, as httpx.MockTransport does."""
    names = {cls.__name__ for cls in type(transport).__mro__}
    if names & _IN_PROCESS:
        return "app"
    return _by_host(host) if names & _REAL else None


def _by_host(host: str) -> Door:
    return "loopback" if host in _LOOPBACK or host.startswith("127.") else "network"


def _websockets(stack: ExitStack, module: Any, observer: Observer) -> None:  # noqa: ANN401
    talks: WeakKeyDictionary[Any, Talk] = WeakKeyDictionary()

    def begin(connection: Any) -> None:  # noqa: ANN401
        request = connection.request
        offered = [
            part.strip() for line in request.headers.get_all("Sec-WebSocket-Protocol") for part in line.split(",")
        ]
        host = request.headers.get("Host", "")
        path = request.path.partition("?")[0]
        address = f"ws://{host}{path}"
        talk = observer.websocket(path, offered, connection.subprotocol, _by_host(_without_port(host)), address)
        if talk is not None:
            talks[connection] = talk

    def hear(connection: Any, way: str, data: Any) -> None:  # noqa: ANN401
        talk = talks.get(connection)
        if talk is not None and isinstance(data, str | bytes):
            (talk.sent if way == "sent" else talk.received)(data)

    wrappers = _awaited(begin, hear) if "asyncio" in module.__name__ else _called(begin, hear)
    for name, wrap in wrappers.items():
        _replace(stack, module.ClientConnection, name, wrap)


def _called(begin: Callable[..., None], hear: Callable[..., None]) -> dict[str, Callable[[Any], Any]]:
    def handshake(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any, *words: Any, **options: Any) -> None:  # noqa: ANN401
            original(self, *words, **options)
            begin(self)

        return wrapped

    def recv(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any, *words: Any, **options: Any) -> Any:  # noqa: ANN401
            data = original(self, *words, **options)
            hear(self, "sent", data)
            return data

        return wrapped

    def send(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any, message: Any, *words: Any, **options: Any) -> None:  # noqa: ANN401
            hear(self, "received", message)
            original(self, message, *words, **options)

        return wrapped

    return {"handshake": handshake, "recv": recv, "send": send}


def _awaited(begin: Callable[..., None], hear: Callable[..., None]) -> dict[str, Callable[[Any], Any]]:
    def handshake(original: Any) -> Any:  # noqa: ANN401
        async def wrapped(self: Any, *words: Any, **options: Any) -> None:  # noqa: ANN401
            await original(self, *words, **options)
            begin(self)

        return wrapped

    def recv(original: Any) -> Any:  # noqa: ANN401
        async def wrapped(self: Any, *words: Any, **options: Any) -> Any:  # noqa: ANN401
            data = await original(self, *words, **options)
            hear(self, "sent", data)
            return data

        return wrapped

    def send(original: Any) -> Any:  # noqa: ANN401
        async def wrapped(self: Any, message: Any, *words: Any, **options: Any) -> None:  # noqa: ANN401
            hear(self, "received", message)
            await original(self, message, *words, **options)

        return wrapped

    return {"handshake": handshake, "recv": recv, "send": send}


def _without_port(host: str) -> str:
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


def _starlette(stack: ExitStack, observer: Observer) -> None:
    """Wrap the test websocket where Starlette is in use; what its module warns of is for those who import it."""
    if "starlette" not in sys.modules:
        return
    with warnings.catch_warnings(), suppress(ImportError, RuntimeError):
        warnings.simplefilter("ignore")
        importlib.import_module("starlette.testclient")
    module = sys.modules.get("starlette.testclient")
    if module is not None:
        for name, wrap in _played(observer).items():
            _replace(stack, module.WebSocketTestSession, name, wrap)


def _played(observer: Observer) -> dict[str, Callable[[Any], Any]]:
    talks: WeakKeyDictionary[Any, Talk] = WeakKeyDictionary()

    def enter(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any) -> Any:  # noqa: ANN401
            session = original(self)
            path, offered = self.scope["path"], list(self.scope["subprotocols"])
            talk = observer.websocket(path, offered, self.accepted_subprotocol, "app", f"ws://app{path}")
            if talk is not None:
                talks[self] = talk
            return session

        return wrapped

    def receive(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any) -> Any:  # noqa: ANN401
            message = original(self)
            if message["type"] == "websocket.send" and self in talks:
                talks[self].sent(_data(message))
            return message

        return wrapped

    def send(original: Any) -> Any:  # noqa: ANN401
        def wrapped(self: Any, message: Any) -> None:  # noqa: ANN401
            if message["type"] == "websocket.receive" and self in talks:
                talks[self].received(_data(message))
            original(self, message)

        return wrapped

    return {"__enter__": enter, "receive": receive, "send": send}


def _data(message: Mapping[str, Any]) -> str | bytes:
    text: str | bytes | None = message.get("text")
    return message.get("bytes") or b"" if text is None else text
