"""Probes per second on loopback: connections shared by all looks, a fresh one each, and a plain new HTTP client each.

    python benchmarks/probes.py

Starts the reference service as `xpconfig.toml` says, and sends it at most a few thousand requests, one after the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from xptasks import config
from xptasks.contracts.settings import ContractsSettings
from xptasks.probes.kinds import health
from xptasks.probes.look import Looker
from xptasks.service.launch import running

PROJECT = Path(__file__).resolve().parent.parent
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


def main() -> None:
    """Print the rates, and each beside the last."""
    with running(config.load(PROJECT).config.service, PROJECT) as service:
        rates = asyncio.run(measure(service.url))
    peer = rates["a new httpx client each"]
    for name, found in rates.items():
        print(f"{name:<26} {found:8.0f} probes/s  {found / peer:6.1f} x")


if __name__ == "__main__":
    main()
