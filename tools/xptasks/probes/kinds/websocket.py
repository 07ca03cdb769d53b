"""A websocket opens, talks and closes as it should; every message is what the AsyncAPI contract describes."""

import json
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from xptasks.probes.checks import contains, fault, short
from xptasks.probes.contracts import complain
from xptasks.probes.result import ProbeError, Seen, Trouble
from xptasks.probes.settings import Checks, Json, ProbeOptions
from xptasks.probes.target import Target
from xptasks.probes.tls import certificate_end, is_tls
from xptasks.settings import Duration, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from xptasks.contracts.conform.messages import Conversation

NEEDS = ("anyio", "httpx", "websockets")
IMPORTS = ("websockets.asyncio.client",)
EXAMPLE = """\
kind = "websocket"
path = "/ws"
subprotocol = "projects.v1"
auth = { scheme = "bearer", token = "env:PROJECTS_TOKEN" }
exchange = [{ expect = { type = "hello" } }, { send = { type = "ping", ref = "p" } }, { expect = { type = "pong" } }]
"""
_TOO_LONG = 1009  # RFC 6455, section 7.4.1
_CLOSING = 0.5  # seconds that the service gets to answer our closing


class Turn(Settings):
    """One turn of the exchange: something to send, or something to wait for."""

    send: Annotated[
        Json, Field(description="A message to send: a text as it is, all else as JSON.", examples=[{"type": "ping"}])
    ] = None
    expect: Annotated[
        Json,
        Field(description="Part of a message to wait for; it may have more keys.", examples=[{"type": "pong"}]),
    ] = None
    checks: Checks = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> "Turn":
        if (self.send is None) == (self.expect is None and not self.checks):
            raise ValueError("each turn either has 'send', or has 'expect' or 'checks'")
        return self


class Options(ProbeOptions):
    """Handshake, messages, close code; by the AsyncAPI contract."""

    kind: Annotated[Literal["websocket"], Field(description="Which kind of probe this is.", examples=["websocket"])]
    subprotocol: Annotated[
        str | None, Field(description="The subprotocol to offer; the service must select it.", examples=["projects.v1"])
    ] = None
    exchange: Annotated[
        tuple[Turn, ...],
        Field(
            description="What is said in turn: `send`, or `expect` and `checks` for a message to wait for; messages "
            "that do not fit are passed over until the time is up.",
            examples=[[{"send": {"type": "ping"}}, {"expect": {"type": "pong"}}]],
            json_schema_extra={"$comment": "list of tables"},
        ),
    ] = ()
    close_code: Annotated[
        int | None,
        Field(
            ge=1000,
            le=4999,
            description="The code with which the service must close after the exchange. Without it the socket must "
            "still be open, and the probe closes it.",
            examples=[1008],
        ),
    ] = None
    listen: Annotated[
        Duration,
        Field(
            description="How long after the exchange the socket must stay open; what comes is held against the "
            "contract, and the latency does not count it.",
            examples=["100ms"],
        ),
    ] = 0.1
    contract: Annotated[
        bool,
        Field(description="Whether handshake and messages are held against `[contracts] asyncapi`.", examples=[True]),
    ] = True


async def look(options: Options, target: Target) -> Seen:
    """Open, talk, close."""
    offered = [options.subprotocol] if options.subprotocol else []
    url = f"{target.websocket_url}{options.path}"
    started = time.monotonic()
    async with _opened(url, options, target, offered) as socket:
        chosen = socket.subprotocol
        if options.subprotocol and chosen != options.subprotocol:
            problem = f"the service selected {chosen or 'no subprotocol'}, expected {options.subprotocol}"
            raise ProbeError(Trouble.ASSERTION, problem)
        conversation = target.contracts.conversation(url, offered, chosen) if options.contract else None
        talk = _Talk(socket, conversation, target)
        await talk.run(options)
        seconds = time.monotonic() - started
        if options.close_code is None:
            await talk.stay(options.listen)
        return Seen(seconds, certificate_end(socket.transport.get_extra_info("ssl_object")))


@asynccontextmanager
async def _opened(url: str, options: Options, target: Target, offered: list[str]) -> "AsyncIterator[ClientConnection]":
    """The open socket; what the library raises becomes ours."""
    from websockets import exceptions  # noqa: PLC0415 - only this kind needs it
    from websockets.asyncio.client import connect  # noqa: PLC0415

    class Straight(connect):
        """Goes nowhere else: a redirect is an answer like any other."""

        def process_redirect(self, exc: Exception) -> Exception:
            return exc

    connecting = Straight(
        url,
        additional_headers=target.vault.open(options),
        subprotocols=offered or None,  # type: ignore[arg-type]  # a NewType of str
        ssl=target.tls if url.startswith("wss") else None,
        proxy=None if target.is_local else True,
        compression=None,
        open_timeout=None,
        ping_interval=None,
        close_timeout=_CLOSING,
        max_size=options.max_size,
    )
    try:
        socket = await connecting
        try:
            yield socket
            await socket.close()
        finally:
            socket.transport.abort()  # a probe that is out of time has none left to say goodbye
    except exceptions.InvalidStatus as error:
        body = (error.response.body or b"")[:200].decode("utf-8", "replace")
        raise ProbeError(Trouble.STATUS, f"expected 101, got {error.response.status_code} {body!r}") from None
    except exceptions.ConnectionClosed as error:
        if error.sent and error.sent.code == _TOO_LONG and not error.rcvd_then_sent:
            raise ProbeError(
                Trouble.ASSERTION, f"a message is longer than {options.max_size} bytes (max_size)"
            ) from None
        trouble = Trouble.STATUS if error.rcvd else Trouble.CONNECT
        raise ProbeError(trouble, f"the service ended the websocket with {_code(error)}") from None
    except exceptions.InvalidURI as error:
        raise ProbeError(Trouble.SETUP, str(error)) from None
    except (exceptions.WebSocketException, OSError, EOFError) as error:
        if isinstance(error, TimeoutError):
            raise
        trouble = Trouble.TLS if is_tls(error) else Trouble.CONNECT
        raise ProbeError(trouble, str(error) or f"the connection broke ({type(error).__name__})") from None


class _Talk:
    """One socket: says and hears what the exchange wants, and judges whatever comes."""

    def __init__(self, socket: "ClientConnection", conversation: "Conversation | None", target: Target) -> None:
        self._socket = socket
        self._conversation = conversation
        self._target = target

    async def run(self, options: Options) -> None:
        """Take turns; then the service closes when it should."""
        for number, turn in enumerate(options.exchange, 1):
            if turn.send is not None:
                await self._send(turn.send)
            else:
                await self._expect(turn, f"turn {number} of the exchange")
        if options.close_code is not None:
            await self._see_closing(options.close_code)

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - any JSON
        text = message if isinstance(message, str) else json.dumps(message)
        if self._conversation:
            complain(self._conversation.received(text).violations)
        await self._socket.send(text)

    async def _expect(self, turn: Turn, where: str) -> None:
        self._target.waits(f"{where}: no message came")
        while problem := _unfit(await self._hear(), turn):
            self._target.waits(f"{where}: {problem}")

    async def stay(self, seconds: float) -> None:
        """The service answers a ping and does not close; whatever it says meanwhile is judged, too."""
        import anyio  # noqa: PLC0415 - as slow to import as the whole configuration

        self._target.waits("the service does not answer a ping")
        pong = await self._socket.ping()
        with anyio.move_on_after(seconds):
            while True:
                await self._hear()
        await pong

    async def _see_closing(self, code: int) -> None:
        self._target.waits(f"the service does not close with {code}")
        with suppress(_closed()):
            while True:
                await self._hear()
        if self._socket.close_code != code:
            raise ProbeError(Trouble.STATUS, f"expected the close code {code}, got {self._socket.close_code}")

    async def _hear(self) -> Any:  # noqa: ANN401 - any JSON, or a text that is none
        data = await self._socket.recv()
        if self._conversation:
            complain(self._conversation.sent(data).violations)
        try:
            return json.loads(data)
        except ValueError:
            return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _closed() -> type[Exception]:
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - only this kind needs it

    return ConnectionClosed


def _unfit(message: Any, turn: Turn) -> str:  # noqa: ANN401 - any JSON
    """Why a message is not the one that a turn waits for; empty when it is."""
    if turn.expect is not None and not contains(turn.expect, message):
        return f"expected {short(turn.expect)}, the last message is {short(message)}"
    return next(filter(None, (fault(message, check) for check in turn.checks)), "")


def _code(error: Exception) -> str:
    received = getattr(error, "rcvd", None)
    if received is None:
        return "no close frame: the connection broke"
    return f"the close code {received.code}" + (f" ({received.reason})" if received.reason else "")
