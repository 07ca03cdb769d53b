"""Drivers with a real proxy and real services; nothing of them is left after a test."""

import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil
import pytest

from xptasks.delivery import drivers
from xptasks.delivery.driver import Driver
from xptasks.delivery.drivers import Setup
from xptasks.delivery.launch import Launch
from xptasks.errors import CannotRunError
from xptasks.system import machine

_CONTEXT = ssl.create_default_context()  # once: making it takes as long as twenty requests
SERVICE = Path(__file__).with_name("service.py")


@dataclass
class Local:
    """A home with the driver of a target, and what a test asks of it."""

    home: Path
    target: str = "local"
    launches: dict[str, Launch] = field(default_factory=dict)
    setup: Setup = field(init=False)

    def __post_init__(self) -> None:
        self.setup = Setup(self.home, self.launch, drain_timeout=5, stop_timeout=2)

    @property
    def driver(self) -> Driver:
        """A new one each time, as every command makes its own."""
        return drivers.load(self.target).driver(self.setup)

    def launch(self, release: str) -> Launch:
        if release == "unknown":
            raise CannotRunError("there is no release unknown")
        argv = (sys.executable, "-S", str(SERVICE), release, "{port}", str(self.home))
        return self.launches.get(release) or Launch(argv, self.home, dict(os.environ))

    def change(self, **changes: object) -> None:
        self.setup = replace(self.setup, **changes)  # type: ignore[arg-type]

    def up(self, shares: Mapping[str, int], *more: str, sticky: bool = False) -> None:
        """Start releases, wait until they are ready, and split."""
        for release in (*shares, *more):
            self.driver.start(release)
        wanted = {*shares, *more}
        self.until(lambda: all(self.driver.observe().condition(release) == "ready" for release in wanted))
        self.driver.split(shares, sticky=sticky)

    def until(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < give_up, f"not so after 20 s: {self.driver.observe()}"
            time.sleep(0.02)

    def ask(self, path: str = "/", *, method: str = "GET", cookie: str = "") -> httpx.Response:
        headers = {"cookie": cookie} if cookie else {}
        return httpx.request(method, self.driver.address() + path, headers=headers, timeout=20, verify=_CONTEXT)

    def answers(self, number: int = 20) -> set[str]:
        return {self.ask().text for _ in range(number)}

    def processes(self) -> dict[str, int]:
        """The pids of everything that was started here and lives, by the name of the release or the proxy."""
        found: dict[str, int] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                record = process.environ().get("XPTASKS_DETACHED", "")
                if record.startswith(str(self.home)) and process.status() != psutil.STATUS_ZOMBIE:
                    found[Path(record).stem] = process.pid
        return found

    def pid(self, name: str) -> int:
        """The process of a release, or of the proxy."""
        return self.processes()[name]

    def websocket(self, path: str = "/ws") -> str:
        return self.driver.address().replace("http:", "ws:") + path


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    if machine.find("envoy") is None:
        pytest.skip("envoy is not installed (extra `deploy`)")
    made = Local(tmp_path)
    yield made
    made.driver.down()
    assert made.processes() == {}


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Local]:
    if machine.find("haproxy") is None:
        pytest.skip("haproxy is not installed")
    made = Local(tmp_path, "haproxy")
    yield made
    made.driver.down()
    assert made.processes() == {}
