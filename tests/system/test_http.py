"""The small questions over HTTP, at real sockets."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xptasks.system import http


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A server on a Unix socket for one connection."""
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize("name", ["short", "long" * 40])
def test_a_unix_socket_is_asked_however_long_its_path_is(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with answering(tmp_path / name / "s", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nLIVE"):
        assert http.get_from_socket(tmp_path / name / "s", "/ready", 5) == b"LIVE"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", b"hello\r\n\r\n", b""])
def test_any_other_answer_is_an_error(answer: bytes, tmp_path: Path) -> None:
    with answering(tmp_path / "s", answer), pytest.raises(OSError, match=r"503|no HTTP"):
        http.get_from_socket(tmp_path / "s", "/ready", 5)


def test_a_free_port_is_not_one_that_is_taken_nor_one_of_a_clients() -> None:
    first = http.free_port(7)
    with socket.create_server(("127.0.0.1", first)):
        assert http.is_taken(first)
        assert http.free_port(7) == first + 1
    assert first < 32768
