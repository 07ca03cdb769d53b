"""One request again, as a finding of the contract tests tells it: what was asked, what came, what is wrong with it."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.contracts.conform import Exchange
from xptasks.contracts.conform.contracts import Contracts
from xptasks.errors import UsageError
from xptasks.settings import mask
from xptasks.steps._client import Client


@dataclass
class Request:
    """What the words say."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def parse(words: Sequence[str], headers: Mapping[str, str]) -> Request:
    """The request that words mean: `"POST /a?b=1" "--header=Name: value" --without=Name --body=TEXT --hex=BYTES`.

    Raises:
        UsageError: they mean none.
    """
    method, _, url = words[0].partition(" ")
    if not url.startswith("/"):
        hint = 'a request is one word, as "GET /api/projects?limit=1"'
        raise UsageError(f"{words[0]!r} is neither a request nor --seed=NUMBER", hint=hint)
    request = Request(method.upper(), url, dict(headers))
    for word in words[1:]:
        key, _, value = word.partition("=")
        if key == "--header":
            name, _, content = value.partition(":")
            request.headers = _without(request.headers, name) | {name: content.strip()}
        elif key == "--without":
            request.headers = _without(request.headers, value)
        elif key in ("--body", "--hex"):
            request.body = value.encode() if key == "--body" else bytes.fromhex(value)
        else:
            raise UsageError(f"{word!r} is not understood", hint="--header=, --without=, --body= and --hex= are")
    return request


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {own: value for own, value in headers.items() if own.lower() != name.lower()}


def replay(order: Mapping[str, Any], client: Client, app: Any, base_url: str | None) -> int:  # noqa: ANN401
    """Send the request, print what came, and report as a run does."""
    import requests  # noqa: PLC0415 - Schemathesis brings it
    from schemathesis.python import asgi  # noqa: PLC0415

    request = parse(order["words"], client.headers)
    with ExitStack() as stack:
        session: Any = stack.enter_context(requests.Session() if app is None else asgi.get_client(app))
        url = (base_url or f"http://{asgi.HOST}") + request.url
        response = session.request(
            request.method, url, headers=request.headers, data=request.body, allow_redirects=False, timeout=60
        )
    headers = {name.lower(): value for name, value in response.headers.items()}
    path = request.url.partition("?")[0]
    exchange = Exchange(request.method, path, response.status_code, headers, response.content)
    _show(exchange, client)
    return _report(exchange, order, client)


def _show(exchange: Exchange, client: Client) -> None:
    lines = [f"{exchange.method} {exchange.path}: {exchange.status}"]
    lines += [f"{name}: {value}" for name, value in exchange.headers.items()]
    text = "\n".join([*lines, "", (exchange.body or b"").decode("utf-8", "replace")])
    sys.stdout.write(mask(text, client.secrets) + "\n")


def _report(exchange: Exchange, order: Mapping[str, Any], client: Client) -> int:
    contracts = Contracts.load([Path(path) for path in order["openapi"]], ())
    findings = []
    for violation in contracts.check(exchange):
        place = violation.position
        at: dict[str, Any] = {"file": place.file, "line": place.line, "column": place.column}
        findings.append({"message": str(violation), "rule": violation.rule, "hint": ""} | at)
    report = {"findings": findings, "requests": 1, "operations": 1, "untested": [], "seed": order["seed"]}
    sys.stdout.write(mask(json.dumps(report), client.secrets) + "\n")
    return 1 if findings else 0
