"""The local driver with a real Envoy and real processes."""

import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.delivery.drivers.conftest import Local
from xptasks.delivery import drivers
from xptasks.delivery.driver import Capability
from xptasks.delivery.plan import World
from xptasks.errors import CannotRunError
from xptasks.system import detached

pytestmark = pytest.mark.pr


def test_the_folder_is_the_registry(tmp_path: Path) -> None:
    assert "local" in drivers.names()
    for name in drivers.names():
        driver = drivers.load(name).driver(drivers.Setup(tmp_path / name, Local(tmp_path).launch))
        assert driver.capabilities <= frozenset(Capability)
        assert not (tmp_path / name).exists(), "nothing is touched before something is started"
    assert drivers.load("local").driver(drivers.Setup(tmp_path / "x", Local(tmp_path).launch)).observe() == World()


def test_a_release_is_replaced_by_another_and_everything_may_be_said_twice(local: Local) -> None:
    local.up({"a": 100}, "b")
    assert local.driver.observe() == World({"a": "ready", "b": "ready"}, {"a": 100}, frozenset({"b"}))
    for _ in range(2):
        local.driver.start("b")
        local.driver.split({"a": 50, "b": 50})
    assert local.answers(60) == {"a", "b"}
    assert local.driver.observe().split == {"a": 50, "b": 50}
    for _ in range(2):
        local.driver.split({"b": 100})
        local.driver.drain("a")
        local.driver.stop("a")
    assert local.driver.observe() == World({"b": "ready"}, {"b": 100}, frozenset())
    assert local.answers() == {"b"}
    assert local.driver.repair() == ()
    for _ in range(2):
        local.driver.down()
    assert local.driver.observe() == World()


def test_each_release_can_be_asked_past_the_split(local: Local) -> None:
    local.up({"a": 100}, "b")
    assert httpx.get(local.driver.address("b")).text == "b"
    with pytest.raises(CannotRunError, match="c was not started, so it has no address"):
        local.driver.address("c")


def test_what_has_a_share_neither_drains_nor_stops_and_what_is_unknown_gets_none(local: Local) -> None:
    local.up({"a": 100})
    for act in (local.driver.drain, local.driver.stop):
        with pytest.raises(CannotRunError, match="a has a share of the traffic"):
            act("a")
    with pytest.raises(CannotRunError, match="b gets a share of the traffic but was not started"):
        local.driver.split({"a": 50, "b": 50})
    with pytest.raises(CannotRunError, match="there is no release unknown"):
        local.driver.start("unknown")
    assert local.answers(3) == {"a"}


def test_conditions_follow_the_health_check(local: Local) -> None:
    (local.home / "a.ill").touch()
    local.driver.start("a")
    assert local.driver.observe().condition("a") == "starting"
    assert local.driver.observe().condition("b") == "absent"
    (local.home / "a.ill").unlink()
    local.until(lambda: local.driver.observe().condition("a") == "ready")
    (local.home / "a.ill").touch()
    assert local.driver.observe().condition("a") == "unhealthy"
    os.kill(local.pid("a"), signal.SIGKILL)
    local.until(lambda: local.driver.observe().condition("a") == "dead")
    local.driver.start("a")
    assert local.driver.observe().condition("a") == "starting"  # a new process has not been ready yet


@pytest.mark.slow
def test_a_release_that_hangs_is_unhealthy(local: Local) -> None:
    local.up({"a": 100})
    os.kill(local.pid("a"), signal.SIGSTOP)
    assert local.driver.observe().condition("a") == "unhealthy"
    os.kill(local.pid("a"), signal.SIGCONT)
    assert local.driver.observe().condition("a") == "ready"


def test_before_the_first_split_nobody_serves_and_the_proxy_says_so(local: Local) -> None:
    local.driver.start("a")
    assert local.driver.observe().split == {}
    assert (local.ask().status_code, local.ask().text) == (503, "no release serves\n")


def test_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotRunError, match=r"file/local cannot be used: Not a directory\n.*XDG_STATE_HOME"):
        Local(tmp_path / "file").driver.start("a")


# -- failures -------------------------------------------------------------------------------------------------------


def test_a_killed_release_loses_nothing_while_another_has_a_share(local: Local) -> None:
    local.up({"a": 50, "b": 50})
    os.kill(local.pid("b"), signal.SIGKILL)
    assert {local.ask(method=method).text for method in ("GET", "POST") for _ in range(40)} == {"a"}
    assert local.driver.observe() == World({"a": "ready", "b": "dead"}, {"a": 50, "b": 50}, frozenset())
    local.until(lambda: local.driver.counters()["b"].errors > 0)
    counted = local.driver.counters()
    assert counted["b"].errors == counted["b"].requests  # what a answered in its place is not to its credit
    assert counted["a"].errors == 0


def test_a_killed_proxy_comes_back_with_the_same_weights_on_the_same_port(local: Local) -> None:
    local.up({"a": 90, "b": 10})
    address, epoch = local.driver.address(), local.driver.counters()["a"].epoch
    os.kill(local.pid("envoy"), signal.SIGKILL)
    local.until(lambda: local.driver.observe().split is None)
    assert local.driver.repair() == ("the proxy",)
    assert local.driver.observe().split == {"a": 90, "b": 10}
    assert local.driver.address() == address
    assert local.driver.counters()["a"].epoch != epoch


@pytest.mark.slow
def test_repair_starts_what_has_a_share_and_leaves_alone_what_has_none(local: Local) -> None:
    local.up({"a": 100}, "b")
    for name in ("a", "b", "envoy"):
        os.kill(local.pid(name), signal.SIGKILL)
    local.until(lambda: local.driver.observe().condition("a") == "dead")
    assert local.driver.repair() == ("the proxy", "a")
    local.until(lambda: local.driver.observe().condition("a") == "ready")
    assert local.driver.observe() == World({"a": "ready", "b": "dead"}, {"a": 100}, frozenset({"b"}))
    assert local.answers() == {"a"}


@pytest.mark.slow
def test_a_release_whose_port_was_taken_gets_another_one(local: Local) -> None:
    local.up({"a": 100})
    port = int(local.driver.address("a").rpartition(":")[2])
    os.kill(local.pid("a"), signal.SIGKILL)
    local.until(lambda: local.driver.observe().condition("a") == "dead")
    with socket.create_server(("127.0.0.1", port)):
        assert local.driver.repair() == ("a",)
        local.until(lambda: local.driver.observe().condition("a") == "ready")
        assert local.answers() == {"a"}


@pytest.mark.pr
def test_a_release_that_moved_is_found_though_who_started_it_was_killed(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.up({"a": 100})
    port = int(local.driver.address("a").rpartition(":")[2])
    os.kill(local.pid("a"), signal.SIGKILL)
    local.until(lambda: local.driver.observe().condition("a") == "dead")
    start = detached.start

    def killed(order: detached.Order) -> None:
        start(order)
        raise KeyboardInterrupt

    with socket.create_server(("127.0.0.1", port)), monkeypatch.context() as patch:
        patch.setattr(detached, "start", killed)
        with pytest.raises(KeyboardInterrupt):
            local.driver.repair()
    local.until(lambda: local.driver.observe().condition("a") == "ready")
    assert local.answers(3) == {"a"}


@pytest.mark.slow
def test_a_public_port_that_is_taken_is_told_and_nothing_is_left(local: Local) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        local.change(port=port)
        with pytest.raises(CannotRunError, match=f"the public port {port} is taken by another process"):
            local.driver.start("a")
        assert local.processes() == {}
    local.up({"a": 100})
    assert local.driver.address() == f"http://127.0.0.1:{port}"
    os.kill(local.pid("envoy"), signal.SIGKILL)
    local.until(lambda: local.driver.observe().split is None)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(CannotRunError, match="is taken by another"):
        local.driver.repair()
    local.driver.repair()
    assert local.answers(3) == {"a"}
    local.change(port=port + 1)
    with pytest.raises(CannotRunError, match=f"the proxy listens on port {port}, and .* is {port + 1} now"):
        local.driver.split({"a": 100})
    assert local.answers(3) == {"a"}


@pytest.mark.slow
def test_a_damaged_file_of_the_proxy_is_written_anew_and_it_goes_on_meanwhile(local: Local) -> None:
    local.up({"a": 100}, "b")
    folder = local.home / "local" / "envoy"
    for name in ("routes.json", "clusters.json"):
        (folder / "garbage").write_text("{garbage")
        (folder / "garbage").replace(folder / name)
    time.sleep(0.3)
    assert local.answers(3) == {"a"}
    assert local.driver.repair() == ()
    assert "garbage" not in (folder / "routes.json").read_text() + (folder / "clusters.json").read_text()
    local.driver.split({"b": 100})
    assert local.answers(3) == {"b"}


@pytest.mark.slow
def test_a_proxy_that_lost_sight_of_its_files_can_still_be_told_to_roll_back(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.up({"a": 90, "b": 10})
    folder = local.home / "local" / "envoy"
    monkeypatch.setattr("xptasks.delivery.envoy.proxy._FOLLOW", 0.5)
    folder.rename(folder.with_name("moved"))
    folder.mkdir()
    for path in folder.with_name("moved").iterdir():
        path.rename(folder / path.name)
    local.driver.split({"a": 100})
    assert local.driver.observe().split == {"a": 100}
    assert local.answers() == {"a"}


@contextmanager
def no_room() -> Iterator[None]:
    """No file can grow beyond 100 bytes, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_old_release_keeps_serving(local: Local) -> None:
    local.up({"a": 100}, "b")
    before = {path: path.read_bytes() for path in local.home.rglob("*.json")}
    with no_room():
        with pytest.raises(CannotRunError, match=r"cannot be written: File too large\n.*the proxy goes on as before"):
            local.driver.split({"b": 100})
        with pytest.raises(CannotRunError, match="cannot be written: File too large"):
            local.driver.start("c")
    assert {path: path.read_bytes() for path in local.home.rglob("*.json")} == before
    assert set(local.processes()) == {"a", "b", "envoy"}
    assert local.driver.observe() == World({"a": "ready", "b": "ready"}, {"a": 100}, frozenset({"b"}))
    assert local.answers() == {"a"}
    local.driver.split({"b": 100})
    assert local.answers() == {"b"}


@pytest.mark.slow
def test_damaged_intentions_stop_every_change_until_all_is_ended(local: Local) -> None:
    local.up({"a": 100})
    (local.home / "local" / "traffic.json").write_text("{")
    for act in (lambda: local.driver.split({}), local.driver.observe, local.driver.repair):
        with pytest.raises(CannotRunError, match=r"traffic\.json: what the proxy is to do cannot be read"):
            act()
    local.driver.down()
    assert local.processes() == {}
    local.up({"b": 100})
    assert local.answers(3) == {"b"}


@pytest.mark.slow
def test_two_that_split_at_once_leave_one_of_both_splits(local: Local) -> None:
    local.up({"a": 100}, "b")
    wishes = [{"a": 90, "b": 10}, {"b": 100}, {"a": 100}] * 4
    problems: list[Exception] = []

    def wish(shares: dict[str, int]) -> None:
        try:
            local.driver.split(shares)
        except Exception as error:  # noqa: BLE001 - told below
            problems.append(error)

    threads = [threading.Thread(target=wish, args=(shares,)) for shares in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert local.driver.observe().split in wishes


# -- callers --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_sticky_callers_stay_and_an_abort_takes_them_back(local: Local) -> None:
    local.up({"a": 50, "b": 50}, sticky=True)
    first = [local.ask() for _ in range(30)]
    cookies = {answer.headers["set-cookie"].split(";")[0]: answer.text for answer in first}
    assert set(cookies.values()) == {"a", "b"}
    for cookie, release in cookies.items():
        again = [local.ask(cookie=f"x=1; {cookie}") for _ in range(3)]
        assert {answer.text for answer in again} == {release}
        assert all("set-cookie" not in answer.headers for answer in again)
    local.driver.split({"a": 100}, sticky=True)
    assert {local.ask(cookie=cookie).text for cookie in cookies} == {"a"}
    local.driver.split({"a": 100})
    assert {local.ask(cookie=cookie).text for cookie in cookies} == {"a"}


@pytest.mark.slow
def test_a_sticky_caller_of_a_killed_release_is_answered_by_the_other(local: Local) -> None:
    local.up({"a": 50, "b": 50}, sticky=True)
    answers = [local.ask() for _ in range(30)]
    cookie = next(answer.headers["set-cookie"].split(";")[0] for answer in answers if answer.text == "b")
    os.kill(local.pid("b"), signal.SIGKILL)
    assert {local.ask(cookie=cookie).text for _ in range(5)} == {"a"}


def test_websockets_survive_switches_and_are_closed_with_1001_when_their_release_leaves(local: Local) -> None:
    local.up({"a": 100}, "b")
    with connect(local.websocket()) as websocket:
        for shares in ({"a": 50, "b": 50}, {"b": 100}, {"a": 90, "b": 10}, {"b": 100}):
            local.driver.split(shares)
            websocket.send("who?")
            assert websocket.recv(timeout=5) == "a"
        assert local.driver.observe().drained == frozenset()  # it is still open
        local.driver.drain("a")
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert local.driver.observe().drained == {"a"}
    local.driver.stop("a")
    with connect(local.websocket()) as websocket:
        websocket.send("who?")
        assert websocket.recv(timeout=5) == "b"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_draining_waits_for_the_requests_that_run(method: str, local: Local) -> None:
    local.up({"a": 100}, "b")
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(local.ask("/slow", method=method).text))
    thread.start()
    time.sleep(0.2)
    local.driver.split({"b": 100})
    local.driver.drain("a")
    local.driver.stop("a")
    thread.join()
    assert answers == ["a"]


@pytest.mark.slow
def test_a_release_that_ignores_the_request_to_end_is_killed_in_time(local: Local) -> None:
    script = "import signal, time; signal.signal(15, 1); print('deaf', flush=True); time.sleep(600)"
    launch = local.launch("a")
    local.launches["b"] = type(launch)((launch.argv[0], "-S", "-c", script), launch.cwd, launch.environment)
    local.change(drain_timeout=0.2, stop_timeout=0.2)
    local.up({"a": 100})
    local.driver.start("b")
    local.until(lambda: "deaf" in (local.home / "local" / "logs" / "b.log").read_text())
    local.driver.drain("b")
    assert local.driver.observe().condition("b") == "starting"
    local.driver.stop("b")
    assert local.driver.observe().condition("b") == "absent"


def test_errors_and_durations_are_counted_by_release(local: Local) -> None:
    local.up({"a": 100}, "b")
    assert [local.ask(path).status_code for path in ("/", "/500", "/slow", "/500")] == [200, 500, 200, 500]
    with pytest.raises(httpx.RemoteProtocolError):
        local.ask("/cut")
    local.until(lambda: local.driver.counters()["a"].durations[-1] >= 4)
    counted = local.driver.counters()
    assert (counted["a"].requests, counted["a"].errors) == (5, 3)
    assert (counted["b"].requests, counted["b"].errors) == (0, 0)
    fast = dict(zip(counted["a"].bounds, counted["a"].durations, strict=False))
    assert fast[0.3] == counted["a"].durations[-1] - 1  # all but the slow one


@pytest.mark.slow
def test_websockets_that_are_refused_or_break_at_once_are_counted(local: Local) -> None:
    local.up({"a": 100})
    with connect(local.websocket()) as websocket:
        websocket.send("who?")
        websocket.recv(timeout=5)
        for _ in range(2):
            with pytest.raises(InvalidStatus):
                connect(local.websocket("/refuse"))
        assert (local.driver.counters()["a"].websockets, local.driver.counters()["a"].websocket_errors) == (3, 2)
        for _ in range(4):
            with connect(local.websocket("/drop")) as dropped, pytest.raises(ConnectionClosed):
                dropped.recv(timeout=5)
        # One of the four may have got a connection that was open before.
        local.until(lambda: local.driver.counters()["a"].websocket_errors >= 3)
    assert local.driver.counters()["a"].requests == 0
