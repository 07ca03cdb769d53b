"""One question over HTTP, with a bounded answer: an edge."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xptasks.probes.checks import fault
from xptasks.probes.result import ProbeError, Seen, Trouble
from xptasks.probes.settings import Check, HttpOptions
from xptasks.probes.target import Target
from xptasks.probes.tls import certificate_end, is_tls

if TYPE_CHECKING:
    import httpx

_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `path` is that of the URL which answered in the end, without its query."""

    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    seen: Seen

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON.

        Raises:
            ProbeError: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise ProbeError(Trouble.ASSERTION, f"the body is not JSON: {excerpt(self.body)}") from None


def excerpt(body: bytes) -> str:
    """The beginning of a body, for a message."""
    text = repr(body[:_EXCERPT].decode("utf-8", "replace"))
    return text if len(body) <= _EXCERPT else f"{text}..."


async def ask(
    options: HttpOptions,
    target: Target,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Ask, and read the whole answer.

    The body is asked for as it is, so that no compressed one can grow beyond its limit.

    Raises:
        ProbeError: no answer came, its status is not the expected one, or it is too long.
    """
    sent = {"Accept-Encoding": "identity", **(headers or {}), **target.vault.open(options)}
    started = time.monotonic()
    with _failures():
        async with target.client.stream(
            method,
            f"{target.url}{options.path}",
            headers=sent,
            content=body,
            follow_redirects=options.follow_redirects,
        ) as response:
            read = await _read(response, options.max_size)
            stream = response.extensions.get("network_stream")
            ssl_object = stream.get_extra_info("ssl_object") if stream else None
    seen = Seen(time.monotonic() - started, certificate_end(ssl_object))
    if response.status_code != options.expect:
        raise ProbeError(Trouble.STATUS, f"expected {options.expect}, got {_told(response, read)}")
    path = response.request.url.raw_path.partition(b"?")[0].decode("ascii")
    return Answer(path, response.status_code, dict(response.headers), read, seen)


def check_json(answer: Answer, checks: tuple[Check, ...]) -> None:
    """Apply checks to the body.

    Raises:
        ProbeError: one of them fails.
    """
    document = answer.json() if checks else None
    for check in checks:
        if problem := fault(document, check):
            raise ProbeError(Trouble.ASSERTION, problem)


def _told(response: "httpx.Response", body: bytes) -> str:
    place = f" to {response.headers['location']}" if "location" in response.headers else ""
    return f"{response.status_code}{place} {excerpt(body)}"


async def _read(response: "httpx.Response", limit: int) -> bytes:
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise ProbeError(Trouble.ASSERTION, f"the body is encoded as {coding}, although only identity was accepted")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > limit:
            raise ProbeError(Trouble.ASSERTION, f"the body is longer than {limit} bytes (max_size)")
    return bytes(body)


@contextmanager
def _failures() -> Iterator[None]:
    """What httpx raises, as ours."""
    import httpx  # noqa: PLC0415 - heavy, and this runs only when it is loaded already

    try:
        yield
    except httpx.TooManyRedirects as error:
        raise ProbeError(Trouble.STATUS, f"{error}") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ProbeError(Trouble.SETUP, f"this URL cannot be used: {error}") from None
    except httpx.TransportError as error:
        trouble = Trouble.TLS if is_tls(error) else Trouble.CONNECT
        raise ProbeError(trouble, str(error) or f"the connection broke ({type(error).__name__})") from None
