"""The target `haproxy` with a real HAProxy and real processes: what differs from `local`, and what must not."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.delivery.drivers.conftest import Local
from xptasks.delivery.haproxy.configuration import BUCKETS_FILE, empty, proxies
from xptasks.delivery.plan import World
from xptasks.delivery.settings import HaproxySettings
from xptasks.errors import CannotRunError
from xptasks.system import machine
from xptasks.system.http import free_port

pytestmark = pytest.mark.pr


@dataclass
class Load:
    """Requests on connections that are kept, until it is closed: what was answered, and what was not."""

    address: str
    workers: int = 2
    pause: float = 0.005
    answers: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.workers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self.address, timeout=10) as client:
            while not self._ended.wait(self.pause):
                try:
                    answer = client.get("/")
                    self.answers[answer.text] += 1
                    if answer.status_code != 200:
                        self.lost.append(str(answer.status_code))
                except httpx.HTTPError as error:
                    self.lost.append(repr(error))

    def more(self, number: int = 100) -> None:
        """Wait for so many more answers."""
        enough = self.answers.total() + number
        while self.answers.total() < enough and not self.lost:
            time.sleep(0.01)


def test_a_release_is_replaced_by_another_and_everything_may_be_said_twice(haproxy: Local) -> None:
    haproxy.driver.start("a")
    assert haproxy.driver.observe().split == {}
    assert haproxy.ask().status_code == 503  # nobody serves yet
    haproxy.up({"a": 100}, "b")
    assert haproxy.driver.observe() == World({"a": "ready", "b": "ready"}, {"a": 100}, frozenset({"b"}))
    for _ in range(2):
        haproxy.driver.start("b")
        haproxy.driver.split({"a": 90, "b": 10})
    with httpx.Client(base_url=haproxy.driver.address()) as client:
        answers = Counter(client.get("/").text for _ in range(200))
    assert 19 <= answers["b"] <= 21, "round robin by weight is exact"
    assert haproxy.driver.observe().split == {"a": 90, "b": 10}
    for _ in range(2):
        haproxy.driver.split({"b": 100})
        haproxy.driver.drain("a")
        haproxy.driver.stop("a")
    assert haproxy.driver.observe() == World({"b": "ready"}, {"b": 100}, frozenset())
    assert haproxy.answers() == {"b"}
    assert haproxy.driver.repair() == ()
    for _ in range(2):
        haproxy.driver.down()
    assert haproxy.driver.observe() == World()


def test_switches_and_a_killed_canary_lose_no_get_under_load(haproxy: Local) -> None:
    haproxy.up({"a": 100}, "b")
    with Load(haproxy.driver.address()) as load:
        for shares in ({"a": 90, "b": 10}, {"b": 100}, {"a": 50, "b": 50}, {"a": 100}, {"a": 50, "b": 50}):
            haproxy.driver.split(shares)
            load.more(40)
        os.kill(haproxy.pid("b"), signal.SIGKILL)
        load.more(100)
        haproxy.driver.split({"a": 100})
        load.more(20)
    assert load.lost == []
    assert haproxy.driver.observe() == World({"a": "ready", "b": "dead"}, {"a": 100}, frozenset({"b"}))
    counted = haproxy.driver.counters()
    assert (counted["a"].requests, counted["a"].errors) == (load.answers["a"], 0)
    failed = counted["b"].requests - load.answers["b"]
    assert 0 < failed <= counted["b"].errors <= failed + load.workers  # what was reset may count twice


@pytest.mark.slow
def test_replacements_under_load_lose_nothing(haproxy: Local) -> None:
    haproxy.up({"r0": 100})
    with Load(haproxy.driver.address(), workers=4) as load:
        for number in range(1, 11):  # more than there are slots
            old, new = f"r{number - 1}", f"r{number}"
            haproxy.up({old: 50, new: 50})
            load.more(20)
            haproxy.driver.split({new: 100})
            haproxy.driver.drain(old)
            haproxy.driver.stop(old)
            load.more(20)
    assert load.lost == []
    assert haproxy.driver.observe() == World({"r10": "ready"}, {"r10": 100}, frozenset())


def test_websockets_survive_switches_and_are_closed_with_1001_when_their_release_leaves(haproxy: Local) -> None:
    haproxy.up({"a": 100}, "b")
    with connect(haproxy.websocket()) as websocket:
        for shares in ({"a": 50, "b": 50}, {"b": 100}, {"a": 90, "b": 10}, {"b": 100}):
            haproxy.driver.split(shares)
            websocket.send("who?")
            assert websocket.recv(timeout=5) == "a"
        assert haproxy.driver.observe().drained == frozenset()  # it is still open
        haproxy.driver.drain("a")
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    haproxy.until(lambda: haproxy.driver.observe().drained == {"a"})
    with connect(haproxy.websocket()) as websocket:
        websocket.send("who?")
        assert websocket.recv(timeout=5) == "b"


def test_errors_and_refused_websockets_are_counted_by_release(haproxy: Local) -> None:
    haproxy.up({"a": 100}, "b")
    assert [haproxy.ask(path).status_code for path in ("/", "/500", "/500")] == [200, 500, 500]
    with pytest.raises(httpx.RemoteProtocolError):
        haproxy.ask("/cut")
    with connect(haproxy.websocket()), pytest.raises(InvalidStatus):
        connect(haproxy.websocket("/refuse"))
    haproxy.until(lambda: haproxy.driver.counters()["a"].errors >= 3)
    counted = haproxy.driver.counters()
    assert (counted["a"].requests, counted["a"].errors) == (4, 3)
    assert (counted["a"].websockets, counted["a"].websocket_errors) == (2, 1)
    assert (counted["b"].requests, counted["b"].errors, counted["b"].durations) == (0, 0, ())


def test_a_post_that_a_dying_release_had_read_is_not_sent_twice(haproxy: Local) -> None:
    haproxy.up({"a": 100}, "b")
    pid = haproxy.pid("a")
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(haproxy.ask, "/slow", method="POST")
        haproxy.until(lambda: haproxy.driver.counters()["a"].requests == 1)
        os.kill(pid, signal.SIGKILL)
        assert asked.result().status_code == 502
    haproxy.driver.split({"a": 50, "b": 50})
    assert {haproxy.ask(method="POST").text for _ in range(20)} == {"b"}


def test_a_killed_proxy_comes_back_with_the_same_weights_and_buckets_on_the_same_port(haproxy: Local) -> None:
    haproxy.up({"a": 90, "b": 10}, sticky=True)
    address, epoch = haproxy.driver.address(), haproxy.driver.counters()["a"].epoch
    cookies = callers(haproxy, 30)
    os.kill(haproxy.pid("haproxy"), signal.SIGKILL)
    haproxy.until(lambda: haproxy.driver.observe().split is None)
    assert haproxy.driver.repair() == ("the proxy",)
    assert haproxy.driver.observe().split == {"a": 90, "b": 10}
    assert haproxy.driver.address() == address
    assert haproxy.driver.counters()["a"].epoch != epoch
    assert {cookie: haproxy.ask(cookie=cookie).text for cookie in cookies} == cookies


def callers(haproxy: Local, number: int) -> dict[str, str]:
    """The cookies of new callers, and who answered them."""
    answers = [haproxy.ask() for _ in range(number)]
    return {answer.headers["set-cookie"].split(";")[0]: answer.text for answer in answers}


@pytest.mark.slow
def test_sticky_callers_stay_move_with_the_weights_and_an_abort_takes_them_back(haproxy: Local) -> None:
    haproxy.up({"a": 50, "b": 50}, sticky=True)
    cookies = callers(haproxy, 40)
    assert set(cookies.values()) == {"a", "b"}
    for cookie, release in cookies.items():
        again = [haproxy.ask(cookie=f"x=1; {cookie}") for _ in range(2)]
        assert {answer.text for answer in again} == {release}
        assert all("set-cookie" not in answer.headers for answer in again)
    os.kill(haproxy.pid("b"), signal.SIGKILL)
    assert {haproxy.ask(cookie=cookie).text for cookie in cookies} == {"a"}  # the other one stands in
    haproxy.driver.repair()
    haproxy.until(lambda: haproxy.driver.observe().condition("b") == "ready")
    haproxy.driver.split({"a": 100}, sticky=True)
    assert {haproxy.ask(cookie=cookie).text for cookie in cookies} == {"a"}
    haproxy.driver.split({"b": 100})
    assert {haproxy.ask(cookie=cookie).text for cookie in cookies} == {"b"}
    assert "set-cookie" not in haproxy.ask().headers
    assert haproxy.ask(cookie="xptasks-bucket=1000").text == "b"


def test_more_releases_than_slots_are_refused_and_nothing_of_them_is_left(haproxy: Local) -> None:
    haproxy.up({"r0": 100}, *(f"r{number}" for number in range(1, 8)))
    with pytest.raises(CannotRunError, match="HAProxy has 8 slots, and 9 releases run"):
        haproxy.driver.start("r8")
    assert "r8" not in haproxy.processes()
    assert haproxy.answers(3) == {"r0"}


def test_a_public_port_that_is_taken_is_told_and_nothing_is_left(haproxy: Local) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        haproxy.change(port=taken.getsockname()[1])
        with pytest.raises(CannotRunError, match=r"the public port \d+ is taken by another process"):
            haproxy.driver.start("a")
    assert haproxy.processes() == {}


# -- an HAProxy that runs already -----------------------------------------------------------------------------------


@dataclass
class Existing:
    """The HAProxy of somebody else, with our part in its configuration."""

    folder: Path
    port: int
    part: str
    level: str = "admin"
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def socket(self) -> Path:
        return self.folder / "run.sock"

    def start(self) -> None:
        program = machine.find("haproxy")
        assert program is not None
        head = f"global\n    stats socket unix@{self.socket} level {self.level}\ndefaults\n    mode http\n"
        timeouts = "".join(f"    timeout {name} 1h\n" for name in ("connect", "client", "server", "tunnel"))
        (self.folder / "haproxy.cfg").write_text(head + timeouts + self.part)
        self.process = subprocess.Popen(
            [program, "-db", "-f", "haproxy.cfg"], cwd=self.folder, stderr=subprocess.DEVNULL
        )

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def existing(haproxy: Local) -> Iterator[Existing]:
    port = free_port(1)
    folder = haproxy.home / "etc"
    folder.mkdir()
    (folder / BUCKETS_FILE).touch()
    made = Existing(folder, port, proxies(port, "web", empty(), folder=f"{folder}/"))
    haproxy.change(port=port, haproxy=HaproxySettings(socket=str(made.socket), backend="web"))
    yield made
    made.end()


def test_one_that_runs_already_is_told_what_to_do_and_never_started_or_ended(
    haproxy: Local, existing: Existing
) -> None:
    with pytest.raises(CannotRunError, match="HAProxy does not answer: No such file or directory"):
        haproxy.driver.start("a")
    assert haproxy.processes() == {}
    existing.start()
    haproxy.until(existing.socket.exists)
    haproxy.up({"a": 90, "b": 10}, sticky=True)
    assert set(haproxy.processes()) == {"a", "b"}
    assert haproxy.driver.address() == f"http://127.0.0.1:{existing.port}"
    assert set(callers(haproxy, 250).values()) == {"a", "b"}  # of 30, one in 24 times none would get b
    existing.end()
    assert haproxy.driver.observe().split is None
    with pytest.raises(CannotRunError, match=r"run.sock: HAProxy does not answer: Connection refused\n.*level admin"):
        haproxy.driver.repair()
    existing.start()
    haproxy.until(lambda: haproxy.driver.observe().split == {})  # its owner's configuration knows nothing of us
    haproxy.driver.repair()
    assert haproxy.driver.observe().split == {"a": 90, "b": 10}
    haproxy.driver.down()
    assert haproxy.processes() == {}
    assert existing.process is not None
    assert existing.process.poll() is None
    assert httpx.get(f"http://127.0.0.1:{existing.port}").status_code == 503


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("backend web-websockets", "backend other"),
        ("server slot8", "server another"),
    ],
)
def test_one_without_our_part_in_its_configuration_is_refused(
    before: str, after: str, haproxy: Local, existing: Existing
) -> None:
    existing.part = existing.part.replace("use_backend web-websockets", "use_backend web").replace(before, after, 1)
    existing.start()
    haproxy.until(existing.socket.exists)
    with pytest.raises(CannotRunError, match="HAProxy has no backends `web` and `web-websockets` with the same"):
        haproxy.driver.start("a")
    assert haproxy.processes() == {}


def test_a_socket_that_may_not_change_anything_is_told(haproxy: Local, existing: Existing) -> None:
    existing.level = "user"
    existing.start()
    haproxy.until(existing.socket.exists)
    with pytest.raises(CannotRunError, match=r"HAProxy does not do as it was told: .*Permission denied"):
        haproxy.driver.start("a")
    assert haproxy.processes() == {}
