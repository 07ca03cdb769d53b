"""Deployments by real processes that can be killed, with a real Envoy, real services and a caller who counts."""

import http.client
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from tests.delivery.drivers.conftest import Local, local
from tests.loop.safety.deploys import Order, target_of
from xptasks.delivery import lock
from xptasks.delivery.journal import Journal
from xptasks.loop.deploy import Target

__all__ = ["local"]
PROJECT = Path(__file__).parents[3]


@dataclass
class Caller:
    """Somebody who asks the public entrance all the time, on a new connection each time, and keeps every answer."""

    port: int
    answers: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._call)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _call(self) -> None:
        while not self._stop.wait(0.02):
            self.answers.append(ask(self.port))

    @property
    def lost(self) -> list[str]:
        return [answer for answer in self.answers if answer.startswith("!")]


def ask(port: int) -> str:
    """The name of the release that answered; something with `!` when none did."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return f"! {error!r}"
    return text if answer.status == 200 else f"! {answer.status} {text}"


@dataclass
class Running:
    """A deployment that another process drives."""

    pid: int
    process: "subprocess.Popen[str]"

    def ended(self) -> int:
        """Its exit code; -9 when it was killed."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def kill(self) -> int:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.ended()


@dataclass
class Host:
    """A home, and other processes that deploy to it."""

    local: Local
    log: Path

    @property
    def home(self) -> Path:
        return self.local.home

    @property
    def port(self) -> int:
        return int(self.local.driver.address().rpartition(":")[2])

    @contextmanager
    def deployer(self) -> "Iterator[subprocess.Popen[str]]":
        """A process that takes orders."""
        environ = {**os.environ, "PYTHONPATH": f"{PROJECT / 'tools'}:{PROJECT}"}
        argv = [sys.executable, "-m", "tests.loop.safety.deploys", str(self.home)]
        with (
            self.log.open("a") as log,
            subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environ, cwd=PROJECT
            ) as process,
        ):
            yield process

    def begin(self, process: "subprocess.Popen[str]", order: Order) -> Running:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order.dump())
        process.stdin.flush()
        return Running(int(process.stdout.readline()), process)

    @contextmanager
    def target(self, order: Order | None = None) -> Iterator[Target]:
        """The same place, for this process."""
        with closing(Journal(self.home / "journal.db")) as journal:
            yield target_of(self.home, order or Order(""), journal)

    def said(self) -> str:
        """What the other processes said on stderr."""
        return self.log.read_text()

    def check(self) -> str:
        """Everything is as after a deployment that ended by itself; the release that serves."""
        with self.target() as target:
            latest = target.journal.latest()
            assert latest is not None
            assert latest.state.outcome in {"promoted", "rolled back"}, latest
            world = target.driver.observe()
        serving = latest.plan.new if latest.state.outcome == "promoted" else latest.plan.old
        assert serving is not None
        assert world.split == {serving: 100}
        assert set(world.conditions.values()) == {"ready"}, world
        assert set(self.local.processes()) == {*world.conditions, "envoy"}
        assert lock.is_free(self.home)
        assert lock.holder(self.home) == ""
        assert {ask(self.port) for _ in range(5)} == {serving}
        with closing(sqlite3.connect(self.home / "journal.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert list(self.home.rglob("*.tmp")) == []
        return serving


@pytest.fixture
def host(local: Local, tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(local, tmp_path_factory.mktemp("log") / "log")
