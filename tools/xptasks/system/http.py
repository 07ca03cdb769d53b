"""Two small questions over HTTP, too small for a client library: is a service healthy, what does an admin say."""

import http.client
import socket
import time
from pathlib import Path

from xptasks.system import unix

HOST = "127.0.0.1"
_LONGEST_LINE = 4096


def health(port: int, path: str, seconds: float) -> tuple[int, str]:
    """The status of a GET, 0 without one, and what happened in words; empty when nothing listens yet.

    Args:
        port: at 127.0.0.1.
        path: of the health check.
        seconds: for all of it, not for each piece of the answer.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\nAccept: */*\r\n\r\n"
    try:
        with socket.create_connection((HOST, port), timeout=seconds) as connection:
            connection.sendall(request.encode())
            line = _first_line(connection, time.monotonic() + seconds)
    except ConnectionRefusedError:
        return 0, ""
    except OSError as error:
        return 0, f"{path} does not answer ({str(error) or type(error).__name__})"
    version, _, rest = line.partition(" ")
    if not version.startswith("HTTP/") or not rest[:3].isdigit():
        return 0, f"{path} does not answer in HTTP"
    return int(rest[:3]), f"{path} answers {rest[:3]}"


def get_from_socket(path: Path, target: str, seconds: float) -> bytes:
    """The body of a 200 from a server on a Unix socket.

    Raises:
        OSError: nobody listens there, or the answer is another one or late.
    """
    connection = _UnixConnection(path, seconds)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise OSError(0, f"no HTTP ({type(error).__name__})", str(path)) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise OSError(0, f"{target} answers {answer.status}", str(path))
    return body


def free_port(seed: int) -> int:
    """A port at 127.0.0.1 that nobody uses.

    It lies below those that systems hand out to clients. Otherwise a client's connection could sit on it while its
    owner restarts, or connect to itself when nobody listens.
    """
    first, count = 15000, 15000
    ports = (first + (seed + step) % count for step in range(count))
    return next(port for port in ports if not is_taken(port))


def is_taken(port: int) -> bool:
    """Whether somebody listens on a port, so that nobody else can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _first_line(connection: socket.socket, until: float) -> str:
    """What comes before the first end of line."""
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_LINE:
        connection.settimeout(max(0.001, until - time.monotonic()))
        piece = connection.recv(_LONGEST_LINE)
        if not piece:
            break
        line += piece
    return line.split(b"\r\n", 1)[0].decode("ascii", "replace")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = unix.connect(self._path, self.timeout or 0.0)
