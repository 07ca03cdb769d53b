"""Unix sockets: connecting to one wherever it lies, and asking a line of one that answers and hangs up."""

import os
import socket
import time
from pathlib import Path

_LONGEST = 100  # bytes of the path of a Unix socket that every system takes
_PIECE = 65536


def connect(path: Path, seconds: float) -> socket.socket:
    """A connection; a path that is too long for a socket is reached through its folder's descriptor (Linux).

    Args:
        path: of the socket.
        seconds: that the connecting, and later each reading and writing, may take.

    Raises:
        OSError: nobody listens there.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        if len(os.fsencode(path)) <= _LONGEST:
            connection.connect(str(path))
        else:
            _connect_below(path, connection)
    except OSError:
        connection.close()
        raise
    return connection


def ask(path: Path, line: str, seconds: float) -> str:
    """Send a line and read until the other side hangs up.

    Raises:
        OSError: nobody listens there, or it has not ended after so many seconds.
    """
    until = time.monotonic() + seconds
    pieces: list[bytes] = []
    with connect(path, seconds) as connection:
        connection.sendall(f"{line}\n".encode())
        while piece := connection.recv(_PIECE):
            pieces.append(piece)
            connection.settimeout(max(0.001, until - time.monotonic()))
    return b"".join(pieces).decode(errors="replace")


def _connect_below(path: Path, connection: socket.socket) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
