"""A service for the tests of drivers, on bare sockets: `service.py NAME PORT FOLDER`.

`/` says NAME, `/slow` says it after half a second, `/cut` breaks off, `/500` fails; `/health` fails while
FOLDER/NAME.ill exists. A websocket answers every message with NAME, and is closed with 1001 on SIGTERM; at `/refuse` it
is refused, at `/drop` dropped at once. At its end it writes to FOLDER/NAME.last when it was asked last (monotonic).
"""

import asyncio
import base64
import hashlib
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

NAME, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
websockets: set[asyncio.StreamWriter] = set()
requests = 0
last = 0.0


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global requests, last  # noqa: PLW0603 - the whole of this small program
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            requests += 1
            last = last if b" /health " in head else time.monotonic()
            try:
                if not await answer(head, reader, writer):
                    break
            finally:
                requests -= 1
    writer.close()


async def answer(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    path = head.split(b" ", 2)[1].decode()
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    headers = {name.lower(): value.strip() for name, _, value in lines}
    await reader.readexactly(int(headers.get(b"content-length", 0)))
    if b"upgrade" in headers and path != "/refuse":
        await websocket(headers[b"sec-websocket-key"], reader, writer, drop=path == "/drop")
        return False
    if path == "/slow":
        await asyncio.sleep(0.5)
    ill = path == "/health" and (FOLDER / f"{NAME}.ill").exists()
    status = 503 if ill else 500 if path == "/500" else 403 if path == "/refuse" else 200
    length = 100 if path == "/cut" else len(NAME)
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{NAME}".encode())
    await writer.drain()
    return path != "/cut"


async def websocket(key: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, drop: bool) -> None:
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - what the protocol asks for
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\n\r\n")
    await writer.drain()
    if drop:
        return
    websockets.add(writer)
    try:
        while data := await reader.read(1000):
            if data[0] == 0x88:  # the other side closes
                return
            writer.write(bytes([0x81, len(NAME)]) + NAME.encode())
    finally:
        websockets.discard(writer)


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", PORT, backlog=1000)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()
    for writer in list(websockets):
        writer.write(bytes([0x88, 2]) + (1001).to_bytes(2, "big"))
        await writer.drain()
    while requests:  # noqa: ASYNC110 - a test's service may poll
        await asyncio.sleep(0.01)
    (FOLDER / f"{NAME}.last").write_text(str(last))


asyncio.run(main())
