"""Probes per second on loopback: connections shared by all looks, a fresh one each, and a plain new HTTP client each.

    PYTHONPATH=tools:. python benchmarks/probes.py

Each way looks at the same small server, one look after the other, for three seconds. The peer, where it is on PATH, is
`prometheus-blackbox-exporter`, asked over one connection that is kept to probe the same server.
"""

import asyncio
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from xptasks.contracts.settings import ContractsSettings
from xptasks.probes.kinds import health
from xptasks.probes.look import Looker

PROJECT = Path(__file__).resolve().parent.parent
SERVICE = PROJECT / "tests/delivery/drivers/service.py"
SECONDS = 3.0


async def rate(look: Callable[[], Awaitable[object]]) -> float:
    """How often a second `look` can be awaited, one after the other."""
    await look()
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        await look()
        count += 1
    return count / (time.perf_counter() - started)


async def measure(url: str) -> dict[str, float]:
    """The three ways against one service."""
    probes = {"health": health.Options(kind="health")}

    async def new_client() -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/health")).status_code == 200

    async with Looker(url, ContractsSettings(), {}, PROJECT) as looker:
        return {
            "shared connections": await rate(lambda: looker.look(probes)),
            "a fresh connection each": await rate(lambda: looker.look(probes, fresh=True)),
            "a new httpx client each": await rate(new_client),
        }


async def peer(port: int, url: str) -> float:
    """The blackbox exporter's rate; it opens a fresh connection for each probe."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /probe?module=http_2xx&target={url}/health HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def probe() -> None:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        answer = await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"\r\n0\r\n\r\n"))
        whole = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", answer)  # chunks end in the middle of lines
        assert b"\nprobe_success 1" in whole, whole

    found = await rate(probe)
    writer.close()
    return found


@contextmanager
def server(*words: str, port: int) -> Iterator[None]:
    """A process that listens on the port."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def main() -> None:
    """Print the rates, and each beside the peer, or beside the last where there is no peer."""
    port, other = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "blackbox.yml"
        config.write_text("modules:\n  http_2xx:\n    prober: http\n    http: { preferred_ip_protocol: ip4 }\n")
        with server(sys.executable, str(SERVICE), "target", str(port), folder, port=port):
            rates = asyncio.run(measure(url))
            exporter = shutil.which("prometheus-blackbox-exporter")
            if exporter:
                listen = f"--web.listen-address=127.0.0.1:{other}"
                with server(exporter, f"--config.file={config}", listen, port=other):
                    rates["blackbox exporter"] = asyncio.run(peer(other, url))
    last = list(rates.values())[-1]
    for name, found in rates.items():
        print(f"{name:<26} {found:8.0f} probes/s  {found / last:6.2f} x")


if __name__ == "__main__":
    main()
