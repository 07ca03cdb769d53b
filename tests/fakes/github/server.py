"""The fake GitHub on a real socket: every request is held against GitHub's own description, and so is every answer."""

import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.github import description, graph, rest
from tests.fakes.github.world import World

Json = dict[str, Any]


@dataclass
class Fault:
    """What goes wrong with the next requests that match.

    Attributes:
        match: a pattern of `METHOD path`, for GraphQL with the operation's name behind.
        status: the answer's; 0 breaks the connection.
        headers, body: of the answer.
        times: so often.
        after: whether the request is carried out all the same, and only its answer is lost.
        slow: seconds to wait before the answer.
        raw: the body as it is.
        act: called with the world before anything else: what others do at this very moment.
    """

    match: str
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1
    after: bool = False
    slow: float = 0.0
    raw: bytes | None = None
    act: Any = None


@dataclass
class Asked:
    """A request as it came, without who asked."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    operation: str


@dataclass
class FakeGitHub:
    """The server; `world` is what it knows."""

    world: World
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def operations(self) -> list[str]:
        return [each.operation for each in self.asked]

    def wrote(self) -> list[str]:
        """The requests that change something."""
        reading = {"Reviews", "Pull", "Pulls", "Comments", "Workflows", "Happened"}
        return [each.operation for each in self.asked if each.method != "GET" and each.operation not in reading]

    def fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.match, name):
                fault.times -= 1
                return fault
        return None


@contextmanager
def serving(world: World) -> Iterator[FakeGitHub]:
    """A server for the time of a test; what it was asked wrongly fails the test."""
    graph.schema()  # loaded now, so that no request waits for it
    description.index()
    fake = FakeGitHub(world)

    class Handler(_Handler):
        github = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert fake.violations == [], "\n".join(fake.violations)


class _Handler(BaseHTTPRequestHandler):
    github: FakeGitHub
    protocol_version = "HTTP/1.1"
    timeout = 10
    disable_nagle_algorithm = True  # a header and a body that wait for each other cost 40 ms

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):  # whoever asked has gone
            super().handle()

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body: Any = json.loads(content) if content else None
        query = dict(parse_qsl(parts.query))
        graphql = parts.path == "/graphql" and body is not None
        with self.github.lock:
            found = None if graphql else description.operation_of(method, parts.path)
            name = str(body.get("operationName")) if graphql else found[0] if found else f"{method} {parts.path}"
            headers = {key.lower(): value for key, value in self.headers.items()}
            token = headers.pop("authorization", "")
            self.github.asked.append(Asked(method, parts.path, query, body, headers, name))
            self._check_headers(name, headers, body)
            fault = self.github.fault(f"{method} {parts.path} {name}")
            if fault and self._failed(fault, after=False):
                return
            if token != f"Bearer {self.github.world.token}":
                self._send(*rest.error(401, "Bad credentials"), {})
                return
            if graphql:
                status, answer, more = self._graphql(body)
            else:
                status, answer, more = self._rest(method, parts.path, query, body, found)
            if not (fault and self._failed(fault, after=True)):
                self._send(status, answer, more)

    def _failed(self, fault: Fault, *, after: bool) -> bool:
        if fault.act and not after:
            fault.act(self.github.world)
            return False
        if fault.act or fault.after != after:
            return False
        time.sleep(fault.slow)
        if not fault.status:
            # An end without the goodbye of TCP.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return True
        self._send(fault.status, fault.body, fault.headers, raw=fault.raw)
        return True

    def _check_headers(self, name: str, headers: dict[str, str], body: object) -> None:
        wanted = {
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
            "user-agent": "xptasks",
        }
        for header, value in wanted.items():
            if headers.get(header) != value:
                self.github.violations.append(f"{name}: header {header} is {headers.get(header)!r}")
        if body is not None and headers.get("content-type") != "application/json":
            self.github.violations.append(f"{name}: the body is no JSON")

    def _graphql(self, body: Json) -> tuple[int, Any, dict[str, str]]:
        wrong = graph.problems(body)
        if wrong:
            self.github.violations += wrong
            return 400, {"message": "; ".join(wrong)}, {}
        answer = graph.run(self.github.world, body)
        internal = [each["message"] for each in answer.get("errors", ()) if each["type"] == "INTERNAL"]
        self.github.violations += [f"the fake is wrong about {body['operationName']}: {each}" for each in internal]
        return 200, answer, {}

    def _rest(
        self, method: str, path: str, query: dict[str, str], body: Json, found: tuple[str, dict[str, str]] | None
    ) -> tuple[int, Any, dict[str, str]]:
        if found is None:
            self.github.violations.append(f"{method} {path}: GitHub's description has no such operation")
            return 404, {"message": "Not Found"}, {}
        key, given = found
        self.github.violations += [
            f"{key}: {each}" for each in description.problems_of_request(key, given, query, body)
        ]
        permission, level = rest.PERMISSIONS.get(key, ("metadata", ""))
        if level and self.github.world.permissions.get(permission) != level:
            message = "Resource not accessible by personal access token"
            return *rest.error(403, message), {"X-Accepted-GitHub-Permissions": f"{permission}={level}"}
        status, value = rest.run(self.github.world, key, given, query, body)
        value, headers = self._paged(value, path, query) if isinstance(value, list) else (value, {})
        self.github.violations += [
            f"{key} {status}: {each}" for each in description.problems_of_answer(key, status, value)
        ]
        return status, value, headers

    def _paged(self, items: list[Any], path: str, query: dict[str, str]) -> tuple[list[Any], dict[str, str]]:
        size = min(int(query.get("per_page", 30)), self.github.world.page_size)
        page = int(query.get("page", 1))
        rest_of = {name: value for name, value in query.items() if name != "page"}
        words = "&".join(f"{name}={value}" for name, value in {**rest_of, "page": str(page + 1)}.items())
        more = {"Link": f'<{self.github.url}{path}?{words}>; rel="next"'} if page * size < len(items) else {}
        return items[(page - 1) * size : page * size], more

    def _send(self, status: int, value: object, headers: dict[str, str], *, raw: bytes | None = None) -> None:
        content = raw if raw is not None else b"" if value is None else json.dumps(value).encode()
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if self.command == "GET" and status == 200 and raw is None:
            if self.headers.get("If-None-Match") == tag:
                status, content = 304, b""
            headers = {**headers, "ETag": tag}
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 304:
            self.wfile.write(content)
