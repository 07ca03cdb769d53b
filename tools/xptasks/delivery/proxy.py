"""What a proxy on this machine has to be able to do, and what those that are processes of ours have in common."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from xptasks.delivery.driver import Counters
from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError
from xptasks.system.files import atomic_write_all
from xptasks.system.http import is_taken

_PORT = 1.0  # seconds that its port may be taken after it died
_TICK = 0.002
_TAIL = 2000  # characters of its log in an error


class Proxy(Protocol):
    """The proxy of one target.

    Attributes:
        ours: whether it is a process that we start and end, with a public port that we give it.
    """

    ours: bool

    def is_alive(self) -> bool:
        """Whether it runs."""
        ...

    def split(self, traffic: Traffic) -> dict[str, int] | None:
        """The percentages that it follows, by release; None when it does not answer."""
        ...

    def counters(self, traffic: Traffic) -> dict[str, Counters]:
        """What it counted, by release.

        Raises:
            CannotRunError: it does not answer.
        """
        ...

    def active(self, traffic: Traffic, release: str) -> tuple[int, int]:
        """How many requests and how many websockets a release has now.

        Raises:
            CannotRunError: it does not answer.
        """
        ...

    def follow(self, traffic: Traffic, others: Mapping[Path, str]) -> bool:
        """Make it run and do what is intended, and return when it does; whether it had to be started.

        Args:
            traffic: what is intended.
            others: files that have to change together with its own, before them.

        Raises:
            CannotRunError: a file cannot be written, it cannot be started, or it does not follow; it goes on as it was.
        """
        ...

    def stop(self) -> None:
        """End it, or at least what it does for us."""
        ...


def write_changed(texts: Mapping[Path, str]) -> None:
    """Write the files that differ from what is there, all or none.

    Raises:
        CannotRunError: they cannot be written; nothing has changed.
    """
    try:
        atomic_write_all({path: text for path, text in texts.items() if text_of(path) != text})
    except OSError as error:
        raise CannotRunError(
            f"what the proxy is to do cannot be written: {error.strerror or error}",
            where=str(list(texts)[-1].parent),
            hint="free the disk or mend the rights; the proxy goes on as before",
        ) from error


def await_port(port: int) -> None:
    """Wait until nobody listens on the public port: a proxy that was killed may hold it for a moment.

    Raises:
        CannotRunError: it stays taken.
    """
    give_up = time.monotonic() + _PORT
    while is_taken(port):
        if time.monotonic() > give_up:
            raise CannotRunError(
                f"the public port {port} is taken by another process",
                hint=f"see whose it is with `ss -ltnp sport = :{port}`, or set another [deploy] port",
            )
        time.sleep(_TICK)


def tail_of(log: Path) -> str:
    """The end of a proxy's log, for an error; empty when it said nothing."""
    text = (text_of(log) or "")[-_TAIL:].strip()
    return f"; the end of {log}:\n{text}" if text else ""


def text_of(path: Path) -> str | None:
    """What a file holds; None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
