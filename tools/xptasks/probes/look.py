"""Let probes look at a service, all at the same time, each within its own time: an edge."""

import os
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Self

import anyio
import httpx

from xptasks.contracts.settings import ContractsSettings
from xptasks.errors import UsageError, XpError
from xptasks.probes import kinds
from xptasks.probes.contracts import Contracts
from xptasks.probes.result import ProbeError, ProbeResult, Seen, Trouble
from xptasks.probes.settings import ProbeOptions
from xptasks.probes.target import Target, Vault, is_local

_DAY = 86_400.0
Probes = Mapping[str, ProbeOptions]


class Looker:
    """Looks at one service, as often as asked; an asynchronous context manager.

    Args:
        url: where the service listens, e.g. `http://127.0.0.1:8000`.
        contracts: what answers and messages are held against.
        environ: where secrets `env:NAME` are.
        project: the project's folder, where contracts and secrets `file:PATH` are.

    Raises:
        UsageError: this is no address.
    """

    def __init__(self, url: str, contracts: ContractsSettings, environ: Mapping[str, str], project: Path) -> None:
        self._url = _address(url)
        self._vault = Vault(environ, project)
        self._contracts = Contracts(contracts, project)
        self._tls = _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        self._client = self._new_client()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()

    async def look(self, probes: Probes, *, fresh: bool = False) -> list[ProbeResult]:
        """The result of every probe, in the order of their names.

        Args:
            probes: the probes by name.
            fresh: every probe opens a connection of its own, so that a bad connection is told from a bad service.
        """
        results: list[ProbeResult] = []
        _prepare(probes, self._contracts)

        async def one(name: str, options: ProbeOptions) -> None:
            results.append(await self._one(name, options, fresh=fresh))

        async with anyio.create_task_group() as group:
            for name, options in probes.items():
                group.start_soon(one, name, options)
        return sorted(results, key=lambda result: result.name)

    def target(self, client: httpx.AsyncClient | None = None) -> Target:
        """The service, for whoever asks it himself; on the shared connections unless another client is given."""
        return Target(self._url, client or self._client, self._tls, self._vault, self._contracts)

    async def _one(self, name: str, options: ProbeOptions, *, fresh: bool) -> ProbeResult:
        if not fresh:
            return await self._tried(name, options, self._client)
        async with self._new_client() as client:
            return await self._tried(name, options, client)

    async def _tried(self, name: str, options: ProbeOptions, client: httpx.AsyncClient) -> ProbeResult:
        target = self.target(client)
        started = time.monotonic()
        try:
            seen = await self._bounded(options, target)
        except ProbeError as error:
            took = time.monotonic() - started
            detail = self._vault.hide(error.detail)
            return ProbeResult(name, options.kind, False, took, error.trouble, detail, error.evidence)  # noqa: FBT003
        return ProbeResult(name, options.kind, True, seen.seconds)  # noqa: FBT003

    async def _bounded(self, options: ProbeOptions, target: Target) -> Seen:
        try:
            with anyio.fail_after(options.timeout):
                seen = await kinds.load(options.kind).look(options, target)
        except TimeoutError:
            waiting = target.waiting or "no complete answer"
            raise ProbeError(Trouble.TIMEOUT, f"{waiting} within {options.timeout:g} s") from None
        except XpError as error:
            raise ProbeError(Trouble.SETUP, str(error)) from None
        except ProbeError:
            raise
        except ImportError as error:
            needs = ", ".join(kinds.load(options.kind).NEEDS)
            raise ProbeError(Trouble.SETUP, f"{error}; the environment must hold: {needs}") from None
        except Exception as error:  # a watcher must outlive whatever a kind did not think of
            problem = f"the probe itself failed: {type(error).__name__}: {error}"
            raise ProbeError(Trouble.SETUP, problem) from error
        _check_limits(options, seen, time.time())
        return seen

    def _new_client(self) -> httpx.AsyncClient:
        """Its own time limits are off: they count pieces, ours counts the whole."""
        return httpx.AsyncClient(verify=self._tls, timeout=httpx.Timeout(None), trust_env=not is_local(self._url))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """One for all: to make it takes longer than a probe. The variables are those that say where authorities are."""
    return httpx.create_ssl_context()


def _address(url: str) -> str:
    try:
        parts = httpx.URL(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.host) and not parts.query and not parts.fragment
    except (httpx.InvalidURL, ValueError):
        fits = False
    if not fits:
        raise UsageError(f"{url!r} is no address of a service", hint="write it as https://projects.example")
    return url.rstrip("/")


def _prepare(probes: Probes, contracts: Contracts) -> None:
    """Import and load what looking needs before any clock runs; the probe that needs what is missing tells it."""
    for kind in {options.kind for options in probes.values()}:
        for module in kinds.load(kind).IMPORTS:
            with suppress(ImportError):
                import_module(module)
    if any(getattr(options, "contract", False) for options in probes.values()):
        with suppress(XpError):
            contracts.prepare()


def _check_limits(options: ProbeOptions, seen: Seen, now: float) -> None:
    if options.max_latency is not None and seen.seconds > options.max_latency:
        limit = options.max_latency * 1000
        raise ProbeError(
            Trouble.ASSERTION, f"it took {seen.seconds * 1000:.0f} ms, allowed are {limit:g} (max_latency)"
        )
    if options.tls_min_days is None:
        return
    if seen.certificate_end is None:
        raise ProbeError(Trouble.TLS, "there is no certificate: the connection is not encrypted (tls_min_days)")
    days = (seen.certificate_end - now) / _DAY
    if days < options.tls_min_days:
        raise ProbeError(
            Trouble.TLS, f"the certificate ends in {days:.1f} days, wanted are {options.tls_min_days} (tls_min_days)"
        )


def look_once(
    url: str, probes: Probes, contracts: ContractsSettings, environ: Mapping[str, str], project: Path
) -> Sequence[ProbeResult]:
    """Let every probe look once; for callers that are not asynchronous."""

    async def look() -> list[ProbeResult]:
        async with Looker(url, contracts, environ, project) as looker:
            return await looker.look(probes)

    return anyio.run(look)
