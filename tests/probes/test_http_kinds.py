"""Probes over HTTP against servers that answer, misbehave, or do not answer at all."""

import gzip
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.probes.conftest import PROJECT, Handler, Looks, reply
from xptasks.contracts.settings import ContractsSettings
from xptasks.errors import UsageError
from xptasks.probes.result import Trouble

Start = Callable[..., Looks]
CONTRACTS = ContractsSettings(openapi=("contracts/openapi.yaml",))


def hang(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _number in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def endless(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def cut(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def garbage(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"220 smtp.example ready\r\n")


BOMB = reply(gzip.compress(b"\0" * 10_000_000), "200 OK", "Content-Encoding: gzip")


@pytest.mark.parametrize(
    ("handler", "trouble", "says"),
    [
        (hang, Trouble.TIMEOUT, "no complete answer within 0.3 s"),
        (drip, Trouble.TIMEOUT, "no complete answer within 0.3 s"),
        (reset, Trouble.CONNECT, "broke"),
        (lambda *_: None, Trouble.CONNECT, "disconnected"),
        (cut, Trouble.CONNECT, "closed"),
        (garbage, Trouble.CONNECT, ""),
        (endless, Trouble.ASSERTION, "the body is longer than 1048576 bytes"),
        (BOMB, Trouble.ASSERTION, "the body is encoded as gzip"),
        (reply(b"ill", "503 No"), Trouble.STATUS, "expected 200, got 503 'ill'"),
        (reply(b"", "302 Found", "Location: /other"), Trouble.STATUS, "expected 200, got 302 to /other"),
        (reply(b"<html>"), Trouble.ASSERTION, "the body is not JSON: '<html>'"),
        (reply(b"{}"), Trouble.ASSERTION, "/status does not exist in {}"),
    ],
    ids=["hang", "drip", "reset", "nothing", "cut", "garbage", "endless", "gzip", "503", "redirect", "html", "check"],
)
def test_what_a_sick_service_does_is_told_apart(look: Start, handler: Handler, trouble: Trouble, says: str) -> None:
    timeout = "300ms" if trouble is Trouble.TIMEOUT else "30s"
    result = look(handler)("health", timeout=timeout, checks=[{"pointer": "/status"}])
    assert result.trouble is trouble, result.detail
    assert says in result.detail
    assert result.detail


def test_a_healthy_service(look: Start) -> None:
    result = look(reply(b'{"status": "ok"}'))("health", checks=[{"pointer": "/status", "equals": "ok"}])
    assert result.ok
    assert 0 < result.latency < 30


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = Looks(f"http://127.0.0.1:{taken.getsockname()[1]}", {})("health")
    assert result.trouble is Trouble.CONNECT


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://[::1", "http://", "", "http://h/?a=b", "x"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a service"):
        Looks(url, {})("health")


def redirecting(connection: socket.socket, request: bytes) -> None:
    moved = request.startswith(b"GET /health ")
    (reply(b"", "307 Moved", "Location: /other") if moved else reply(b"{}"))(connection, request)


def test_a_redirect_is_followed_when_asked(look: Start) -> None:
    assert look(redirecting)("health", follow_redirects=True).ok
    assert look(redirecting)("health").detail.startswith("expected 200, got 307 to /other")
    assert look(redirecting)("health", expect=307).ok


def test_a_redirect_in_circles_ends(look: Start) -> None:
    result = look(reply(b"", "302 Found", "Location: /health"))("health", follow_redirects=True)
    assert result.trouble is Trouble.STATUS


def test_too_slow_is_a_failure_only_with_a_limit(look: Start) -> None:
    def slow(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.05)
        reply(b"{}")(connection, request)

    looks = look(slow)
    assert looks("health").ok
    result = looks("health", max_latency="20ms")
    assert result.trouble is Trouble.ASSERTION
    assert "allowed are 20 (max_latency)" in result.detail


# -- who the probe is ------------------------------------------------------------------------------------------------


def echo(connection: socket.socket, request: bytes) -> None:
    reply(request, "500 Oops")(connection, request)


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        ({"scheme": "bearer", "token": "env:TOKEN"}, "Authorization: Bearer ***"),
        ({"scheme": "basic", "token": "env:TOKEN"}, "Authorization: Basic ***"),
        ({"scheme": "header", "token": "env:TOKEN", "header": "X-Key"}, "X-Key: ***"),
    ],
    ids=["bearer", "basic", "header"],
)
def test_a_secret_is_sent_and_never_told(look: Start, auth: dict[str, Any], sent: str) -> None:
    heard: list[bytes] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        echo(connection, b"\r\n".join(request.split(b"\r\n")[-4:]))  # the excerpt in the message is short

    result = look(handler, TOKEN="ada:hunter2", OTHER="s3cret")(
        "health", auth=auth, headers={"X-Other": "env:OTHER", "X-Plain": "plain"}
    )
    assert result.trouble is Trouble.STATUS
    assert "hunter2" not in result.detail
    assert "s3cret" not in result.detail
    assert sent.lower() in result.detail.lower().replace("\\r\\n", "\n")
    assert b"x-other: s3cret\r\n" in heard[0].lower()
    assert b"x-plain: plain\r\n" in heard[0].lower()


def test_a_secret_that_is_missing_is_told_by_its_probe(look: Start) -> None:
    result = look(reply(b"{}"))("health", auth={"scheme": "bearer", "token": "env:XP_NOT_SET"})
    assert result.trouble is Trouble.SETUP
    assert "the secret env:XP_NOT_SET is not set" in result.detail


# -- metrics ---------------------------------------------------------------------------------------------------------

TEXT = "Content-Type: text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "Content-Type: application/openmetrics-text; version=1.0.0"
REQUESTS = b"""# HELP requests_total All of them.
# TYPE requests_total counter
requests_total{method="GET",status="200"} 5
requests_total{method="GET",status="500"} 1
requests_total{method="PUT",status="500"} 2
# TYPE errors_total counter
# TYPE load gauge
load NaN
"""


@pytest.mark.parametrize(
    "check",
    [
        {"metric": "requests_total", "min": 8, "max": 8},
        {"metric": "requests_total", "labels": {"status": "500"}, "equals": 3},
        {"metric": "requests_total", "labels": {"status": "500", "method": "PUT"}, "equals": 2},
        {"metric": "requests_total", "labels": {"status": "404"}, "max": 0},
        {"metric": "errors_total", "max": 0},
    ],
    ids=str,
)
def test_metrics_that_are_as_they_should(look: Start, check: dict[str, Any]) -> None:
    assert look(reply(REQUESTS, "200 OK", TEXT))("metrics", checks=[check]).detail == ""


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ({"metric": "nothing"}, "there is no metric nothing"),
        (
            {"metric": "requests_total", "labels": {"status": "500"}, "max": 2},
            '{status="500"}: expected at most 2, got 3',
        ),
        ({"metric": "requests_total", "equals": 1}, "requests_total: expected 1, got 8"),
        ({"metric": "load", "min": 0}, "load: expected at least 0, got nan"),
        ({"metric": "load", "max": 0}, "load: expected at most 0, got nan"),
    ],
    ids=str,
)
def test_metrics_that_are_not(look: Start, check: dict[str, Any], says: str) -> None:
    result = look(reply(REQUESTS, "200 OK", TEXT))("metrics", checks=[check])
    assert result.trouble is Trouble.ASSERTION
    assert says in result.detail


@pytest.mark.parametrize(
    ("body", "header", "says"),
    [
        (b"<html>\n", TEXT, "cannot be parsed"),
        (b"requests_total five\n", TEXT, "cannot be parsed"),
        (b'requests_total{a="b" 5\n', TEXT, "cannot be parsed"),
        (b"\xff\xfe", TEXT, "cannot be parsed"),
        (b"", TEXT, "there are no metrics"),
        (b"requests_total 5\n", OPENMETRICS, "cannot be parsed"),  # no # EOF
        (REQUESTS, "Content-Type: text/html", "expected the content type text/plain, got text/html"),
        (REQUESTS, "X: y", "got none"),
    ],
    ids=str,
)
def test_an_exposition_that_is_none(look: Start, body: bytes, header: str, says: str) -> None:
    result = look(reply(body, "200 OK", header))("metrics")
    assert result.trouble is Trouble.ASSERTION
    assert says in result.detail


def test_openmetrics(look: Start) -> None:
    body = b"# TYPE jobs counter\njobs_total 3\n# EOF\n"
    assert look(reply(body, "200 OK", OPENMETRICS))("metrics", checks=[{"metric": "jobs_total", "equals": 3}]).ok


# -- api -------------------------------------------------------------------------------------------------------------

JSON = "Content-Type: application/json"
PAGE = b'{"items": [], "next_cursor": null}'


def test_an_answer_that_the_contract_describes(look: Start) -> None:
    result = look(reply(PAGE, "200 OK", JSON, "Cache-Control: no-store, private"), CONTRACTS)(
        "api",
        path="/api/projects?limit=1",
        expect_headers={"Cache-Control": "no-store.*"},
        checks=[{"pointer": "/items", "equals": []}],
    )
    assert result.detail == ""


@pytest.mark.parametrize(
    ("body", "says", "line"),
    [
        (b'{"items": 3, "next_cursor": null}', "GET /api/projects 200: body at /items", "type: array"),
        (b'{"items": []}', "'next_cursor'", "required: [items, next_cursor]"),
        (b"nonsense", "GET /api/projects 200: body", "application/json"),
    ],
)
def test_an_answer_that_the_contract_does_not_describe(look: Start, body: bytes, says: str, line: str) -> None:
    result = look(reply(body, "200 OK", JSON), CONTRACTS)("api", path="/api/projects")
    assert result.trouble is Trouble.CONTRACT
    assert says in result.detail
    assert result.evidence is not None
    assert result.evidence.file == str(PROJECT / "contracts/openapi.yaml")
    lines = (PROJECT / "contracts/openapi.yaml").read_text().splitlines()
    assert line in lines[(result.evidence.line or 0) - 1]


def test_an_operation_that_no_contract_knows(look: Start) -> None:
    result = look(reply(b"{}", "200 OK", JSON), CONTRACTS)("api", path="/api/unknown")
    assert result.trouble is Trouble.CONTRACT
    assert "the contract has no such operation" in result.detail
    assert look(reply(b"{}", "200 OK", JSON), CONTRACTS)("api", path="/api/unknown", contract=False).ok


def test_a_contract_that_cannot_be_read_is_told_by_the_probe(look: Start) -> None:
    missing = ContractsSettings(openapi=("contracts/missing.yaml",))
    result = look(reply(b"{}"), missing)("api", path="/")
    assert result.trouble is Trouble.SETUP
    assert "contracts/missing.yaml" in result.detail


@pytest.mark.parametrize("value", ["public", ""])
def test_a_header_that_is_wrong(look: Start, value: str) -> None:
    headers = (JSON, f"Cache-Control: {value}") if value else (JSON,)
    result = look(reply(PAGE, "200 OK", *headers))("api", path="/", expect_headers={"Cache-Control": "no-store"})
    assert result.trouble is Trouble.ASSERTION
    assert result.detail == f"header Cache-Control: expected no-store, got {value or 'none'}"


def test_a_body_is_sent_as_json(look: Start) -> None:
    heard: list[bytes] = []

    def handler(connection: socket.socket, request: bytes) -> None:
        heard.append(request)
        reply(b"", "201 Created")(connection, request)

    options = {"path": "/api/projects", "method": "POST", "body": {"name": "Apollo", "tags": ("a",)}, "expect": 201}
    assert look(handler)("api", **options).ok
    assert heard[0].startswith(b"POST /api/projects HTTP/1.1\r\n")
    assert b"content-type: application/json\r\n" in heard[0].lower()
    assert heard[0].endswith(b'{"name": "Apollo", "tags": ["a"]}')
