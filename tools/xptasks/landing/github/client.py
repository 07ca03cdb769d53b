"""The thin client of GitHub's API: REST, and the few calls that only GraphQL has. An edge.

The token is sent to one host only, and stands in no message: whatever GitHub says passes a mask before anybody sees
it. A request that may be repeated is repeated; any other one is never sent twice, unless GitHub said that it did
nothing because of a rate limit.
"""

import json
import random
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urljoin, urlsplit

from xptasks.errors import CannotRunError, ConfigError
from xptasks.landing.github import refusals, waiting
from xptasks.landing.github.waiting import Got
from xptasks.settings import mask

if TYPE_CHECKING:
    import httpx

VERSION = "2022-11-28"
"""The version of the REST API that is asked for."""

_LARGEST = 32 * 2**20  # bytes of an answer
_PAGES = 50
_REPEATABLE = frozenset({"GET", "PATCH", "DELETE"})  # a PATCH of ours sets something to a value
_MOVED = frozenset({301, 302, 307, 308})
_HOPS = 3
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its reference; only the reference is ever shown."""

    value: str = field(repr=False)
    reference: str = "the token"

    def hide(self, text: str) -> str:
        """The text without the token, also where it is encoded."""
        encoded = b64encode(f"x-access-token:{self.value}".encode()).decode()
        return mask(text, (self.value, quote(self.value, safe=""), encoded))


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and chance of a client: seconds since the epoch, a pause, a number from 0 to 1."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered; `data` is its JSON, None without a body."""

    status: int
    headers: Mapping[str, str]
    data: Any


class Client:
    """Asks GitHub.

    Args:
        api: the address of the REST API.
        token: who asks.
        timeout: seconds for one answer.
        patience: seconds that are waited in all.
        machine: clock and chance.

    Raises:
        ConfigError: the address would send the token unencrypted over a network.
    """

    def __init__(
        self, api: str, token: Token, *, timeout: float = 20.0, patience: float = 120.0, machine: Time | None = None
    ) -> None:
        self._api = api.rstrip("/")
        self.token = token
        self._timeout = timeout
        self._patience = patience
        self._machine = machine or Time()
        self._http = self._connected()
        weakref.finalize(self, self._http.close)  # nobody who looks at a forge has to close it
        self._known: dict[str, tuple[str, Answer]] = {}  # what was answered with an ETag, by address

    def _connected(self) -> "httpx.Client":
        import ssl  # noqa: PLC0415 - as heavy as the next one

        import httpx  # noqa: PLC0415 - heavy, and only whoever asks GitHub needs it

        address = urlsplit(self._api)
        local = address.hostname in _LOCAL
        if address.scheme != "https" and not local:
            hint = "write https://"
            raise ConfigError(f"the token would be sent unencrypted to {self._api}", where="xpconfig.toml", hint=hint)
        headers = {
            "Authorization": f"Bearer {self.token.value}",
            "Accept": "application/vnd.github+json",
            "User-Agent": "xptasks",
            "X-GitHub-Api-Version": VERSION,
        }
        # Without TLS no certificates are needed, and loading them takes longer than a request: this one trusts nobody.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if address.scheme == "http" else True
        return httpx.Client(
            headers=headers, timeout=self._timeout, trust_env=not local, follow_redirects=False, verify=tls
        )

    def __repr__(self) -> str:
        return f"Client({self._api!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: object) -> Answer:
        """Read something; what has not changed since the last time is not sent again, and costs no rate limit."""
        return self._ask("GET", self._api + path, query=query)

    def find(self, path: str, **query: object) -> Answer | None:
        """Read something that may not be there."""
        try:
            return self.get(path, **query)
        except refusals.RefusedError as error:
            if error.status == 404:  # noqa: PLR2004 - not found
                return None
            raise

    def pages(self, path: str, key: str = "", **query: object) -> Iterator[Any]:
        """The items of a list, page after page.

        Args:
            path: of the list.
            key: where the items are in each page, when it is no list itself.
            query: of the first page.
        """
        answer = self.get(path, per_page=100, **query)
        for _ in range(_PAGES):
            yield from answer.data[key] if key else answer.data
            following = next_page(answer.headers)
            if not following:
                return
            answer = self._ask("GET", self._same_host(following))

    def send(self, method: str, path: str, body: object = None, *, repeatable: bool | None = None) -> Answer:
        """Write something.

        Args:
            method: of HTTP.
            path: of the API.
            body: to be sent as JSON.
            repeatable: whether sending it twice does no more than once; by the method without it.
        """
        # What failed may have printed the token; what we report is read by many.
        shown = json.loads(self.token.hide(json.dumps(body))) if body is not None else None
        return self._ask(method, self._api + path, body=shown, repeatable=repeatable)

    def query(self, name: str, document: str, variables: Mapping[str, object], *, repeatable: bool = True) -> Any:  # noqa: ANN401 - any JSON
        """Ask GraphQL; the answer's data.

        Args:
            name: of the operation, for messages.
            document: what is asked.
            variables: of the operation.
            repeatable: False for what changes something.

        Raises:
            RefusedError: there are errors, also beside data.
        """
        body = {"query": document, "variables": variables, "operationName": name}
        data = self._ask("POST", graphql_address(self._api), body=body, repeatable=repeatable).data
        if not isinstance(data, dict) or data.get("errors") or not isinstance(data.get("data"), dict):
            errors = data.get("errors") if isinstance(data, dict) else None
            raise self._masked(refusals.refused_query(name, errors or [], self.token.reference))
        return data["data"]

    def _ask(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Ask until there is an answer, or patience ends."""
        again = method in _REPEATABLE if repeatable is None else repeatable
        asked = f"{method} {urlsplit(url).path}"
        waited, tried, hops = 0.0, 0, 0
        while True:
            tried += 1
            answer, problem = self._once(method, url, query, body)
            if answer.status in _MOVED and method == "GET" and hops < _HOPS:
                hops, tried, query = hops + 1, 0, None
                url = self._same_host(answer.headers.get("location", ""))
                continue
            got = _got(answer)
            if answer.status in {200, 201, 202, 204} and not got.limited:
                return answer
            seconds = waiting.pause(got, tried, self._machine.now(), self._machine.chance(), repeatable=again)
            if seconds is None or waited + seconds > self._patience:
                raise self._refused(asked, answer, got, problem, seconds)
            self._machine.sleep(seconds)
            waited += seconds

    def _once(self, method: str, url: str, query: Mapping[str, object] | None, body: object) -> tuple[Answer, str]:
        """One request; status 0 and why, when no answer came."""
        import httpx  # noqa: PLC0415 - as above

        given = {name: str(value) for name, value in (query or {}).items()}
        try:
            request = self._http.build_request(method, url, params=given or None, json=body)
            known = self._known.get(str(request.url)) if method == "GET" else None
            if known:
                request.headers["If-None-Match"] = known[0]
            response = self._http.send(request, stream=True)
            try:
                content = self._read(response)
            finally:
                response.close()
        except httpx.InvalidURL as error:
            raise ConfigError(f"{self._api} is no address: {error}", where="xpconfig.toml") from None
        except httpx.TransportError as error:
            return Answer(0, {}, None), str(error) or type(error).__name__
        return self._answer(str(request.url), response, content, known), ""

    def _read(self, response: "httpx.Response") -> bytes:
        """The body, as long as it is neither endless nor for ever on its way."""
        import httpx  # noqa: PLC0415 - as above

        content, until = b"", time.monotonic() + self._timeout
        for piece in response.iter_bytes():
            content += piece
            if len(content) > _LARGEST:
                raise CannotRunError(f"GitHub's answer is larger than {_LARGEST // 2**20} MiB")
            if time.monotonic() > until:
                raise httpx.ReadTimeout(f"no whole answer within {self._timeout:g} s")
        return content

    def _answer(self, url: str, response: "httpx.Response", content: bytes, known: tuple[str, Answer] | None) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status_code == 304 and known:  # noqa: PLR2004 - not modified
            return known[1]
        answer = Answer(response.status_code, headers, _json(content))
        if answer.status == 200 and answer.data is None:  # noqa: PLR2004 - ok
            return Answer(0, headers, None)  # no JSON: a proxy's page, or an answer that was cut off
        if response.request.method == "GET" and "etag" in headers and answer.status == 200:  # noqa: PLR2004
            self._known[url] = headers["etag"], answer
        return answer

    def _same_host(self, url: str) -> str:
        """The address, if it is at the host that may see the token.

        Raises:
            CannotRunError: it is not.
        """
        url = urljoin(self._api, url)
        here, there = urlsplit(self._api), urlsplit(url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise CannotRunError(self.token.hide(f"GitHub sends us to another host: {there.netloc}"))
        return url

    def _refused(self, asked: str, answer: Answer, got: Got, problem: str, pause: float | None) -> CannotRunError:
        if waiting.is_limited(got):
            return self._masked(_limited(asked, got, self._machine.now(), pause, self.token.reference))
        if not answer.status:
            said = problem or "its answer is no JSON"
            hint = "nobody knows whether it was done: ask for the state" if not asked.startswith("GET ") else None
            return CannotRunError(self.token.hide(f"GitHub did not answer {asked}: {said}"), hint=hint)
        return self._masked(refusals.refusal(asked, answer.status, answer.headers, answer.data, self.token.reference))

    def _masked(self, error: refusals.RefusedError) -> refusals.RefusedError:
        hint = self.token.hide(error.hint) if error.hint else None
        hide = self.token.hide
        return refusals.RefusedError(
            hide(error.message), hint=hint, status=error.status, kinds=error.kinds, said=hide(error.said)
        )


def graphql_address(api: str) -> str:
    """Where GraphQL is, beside the REST API; GitHub Enterprise Server has it at `/api/graphql`."""
    return f"{api.removesuffix('/v3')}/graphql" if api.endswith("/api/v3") else f"{api}/graphql"


def next_page(headers: Mapping[str, str]) -> str:
    """The address of the next page, from the header `Link`; empty behind the last one."""
    for part in headers.get("link", "").split(","):
        address, *attributes = (piece.strip() for piece in part.split(";"))
        if 'rel="next"' in attributes and address[:1] == "<" and address[-1:] == ">":
            return address[1:-1]
    return ""


def _json(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return None


def _got(answer: Answer) -> Got:
    limited = False
    if isinstance(answer.data, dict) and isinstance(answer.data.get("errors"), list):
        kinds = [each.get("type") for each in answer.data["errors"] if isinstance(each, dict)]
        limited = answer.status == 200 and "RATE_LIMITED" in kinds  # noqa: PLR2004 - ok
    return Got(answer.status, answer.headers, refusals.words(answer.data), limited)


def _limited(asked: str, got: Got, now: float, pause: float | None, token: str) -> refusals.RefusedError:
    if pause is None:
        hint = "ask less often, or wait"
    else:
        hint = (
            f"it is free again at {time.strftime('%H:%M:%S', time.gmtime(now + pause))} UTC; ask less often until then"
        )
    message = f"the rate limit of the token {token} is used up, GitHub did not do {asked}"
    return refusals.RefusedError(message, hint=hint, status=got.status, said=got.message)
