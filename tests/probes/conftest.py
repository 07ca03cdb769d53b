"""Small servers that misbehave, and one look at them."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.settings import ContractsSettings
from xptasks.probes import kinds
from xptasks.probes.look import look_once
from xptasks.probes.result import ProbeResult

PROJECT = Path(__file__).parents[2]
Handler = Callable[[socket.socket, bytes], None]


@contextmanager
def server(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Hand each connection and its request to `handler` in a thread; yields the address without the scheme."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
                with wrapped:
                    handler(wrapped, _request(wrapped))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _request(connection: socket.socket) -> bytes:
    """A whole request; its head and its body may come in two pieces."""
    request = connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
        request += piece
    return request


def reply(body: bytes = b"", status: str = "200 OK", *headers: str) -> Handler:
    """Answer every request with this."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers))
    return lambda connection, _: connection.sendall(head.encode() + b"\r\n\r\n" + body)


@dataclass(frozen=True)
class Looks:
    """One look of one probe."""

    url: str
    environ: Mapping[str, str]
    contracts: ContractsSettings = field(default_factory=ContractsSettings)

    def __call__(self, kind: str, **options: Any) -> ProbeResult:  # noqa: ANN401
        given = {"kind": kind, "timeout": "30s"} | options
        probe = kinds.load(kind).Options.model_validate(given)
        (result,) = look_once(self.url, {"it": probe}, self.contracts, self.environ, PROJECT)
        assert result.ok == (result.trouble is None)
        return result


Look = Callable[..., ProbeResult]


@pytest.fixture
def look() -> Iterator[Callable[..., Looks]]:
    """`look(handler)(kind, **options)`: serve, and look once."""
    with ExitStack() as stack:

        def start(handler: Handler, contracts: ContractsSettings | None = None, **environ: str) -> Looks:
            return Looks(f"http://{stack.enter_context(server(handler))}", environ, contracts or ContractsSettings())

        yield start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that ends in ten days."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: TLS is not tried")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -subj /CN=test"
    extension = "subjectAltName=IP:127.0.0.1"
    argv = [openssl, *words.split(), "-addext", extension, "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
