"""What goes wrong on a host while a canary has its share: each is said clearly, and the old release keeps serving."""

import os
import re
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.loop.safety.conftest import Caller, Host, Running, ask
from tests.loop.safety.deploys import Order
from xptasks.errors import CannotRunError, ExitCode
from xptasks.loop import deploy

pytestmark = pytest.mark.pr

LONG = 60.0


@contextmanager
def canary(host: Host, order: Order) -> Iterator[tuple[Running, Caller]]:
    """A deployment whose canary has its share, and a caller of the public entrance who is always answered."""
    with host.deployer() as process:
        assert host.begin(process, Order("a")).ended() == 0
        with Caller(host.port) as caller:
            running = host.begin(process, order)
            try:
                host.local.until(lambda: host.local.driver.observe().split == {"a": 90, "b": 10})
                yield running, caller
            finally:
                with suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGKILL)
        assert caller.lost == []
        assert len(caller.answers) > 5


def settled(host: Host) -> str:
    """After the next command has ended what was left; the release that serves."""
    with host.target() as target:
        deploy.abort(target, actor="ann")
    return host.check()


@pytest.mark.slow
def test_a_full_disk(host: Host) -> None:
    """No file may grow beyond 4 KiB, and the journal is longer: it cannot be written, so nothing more is done."""
    with canary(host, Order("b", hold=0.5)) as (running, _):
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        assert running.ended() == ExitCode.CANNOT_RUN, host.said()
        assert host.local.driver.observe().split == {"a": 90, "b": 10}
        assert settled(host) == "a"
    said = re.escape(f"the journal {host.home / 'journal.db'} cannot be used: ") + (
        r"(disk I/O error|database or disk is full)\n"
        r"  free the disk or mend the rights; a journal that is damaged is moved away by hand, and the next"
        r" deployment then takes what serves now as the old release\n"
    )
    assert re.fullmatch(said, host.said())


@pytest.mark.slow
def test_a_damaged_journal(host: Host) -> None:
    with canary(host, Order("b", hold=LONG)) as (running, _):
        for path in host.home.glob("journal.db*"):
            path.write_bytes(b"not a database" * 1000)
        assert running.ended() == ExitCode.CANNOT_RUN, host.said()
        assert host.said().startswith(f"the journal {host.home / 'journal.db'} cannot be used: ")
        assert "\n  free the disk or mend the rights; a journal that is damaged is moved away by hand" in host.said()
        with pytest.raises(CannotRunError, match=r"journal\.db cannot be used: file is not a database"), host.target():
            pytest.fail("it was opened")
        for path in host.home.glob("journal.db*"):
            path.rename(path.with_name(f"moved-{path.name}"))
        with host.target() as target:
            assert deploy.serving(target) == "a"
            assert deploy.deploy(target, "c").outcome == "promoted"
        assert host.check() == "c"
        assert set(host.local.processes()) == {"a", "c", "envoy"}  # the canary of before is gone


@pytest.mark.slow
def test_damaged_files_of_the_proxy(host: Host) -> None:
    """It refuses them and goes on; the next act writes them anew."""
    folder = host.home / "local" / "envoy"
    with canary(host, Order("b", hold=1.0)) as (running, _):
        for name in ("routes.json", "clusters.json"):
            (folder / "garbage").write_text("{garbage")
            (folder / "garbage").replace(folder / name)
        assert running.ended() == 0
        assert host.check() == "b"
    assert "routes.json" in (folder / "envoy.log").read_text()
    assert host.said() == ""


@pytest.mark.slow
def test_damaged_intentions_for_the_proxy(host: Host) -> None:
    path = host.home / "local" / "traffic.json"
    with canary(host, Order("b", hold=LONG)) as (running, _):
        kept = path.read_text()
        path.write_text("{garbage")
        assert running.ended() == ExitCode.CANNOT_RUN, host.said()
        path.write_text(kept)
        assert settled(host) == "a"
    assert host.said() == (
        f"{path}: what the proxy is to do cannot be read: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)\n"
        "  the proxy goes on as it is; `inv deploy-down` ends everything, and the next deployment begins anew\n"
    )


@pytest.mark.slow
def test_a_public_port_that_another_process_has(host: Host) -> None:
    with host.deployer() as process, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert host.begin(process, Order("a", port=port)).ended() == 1
        why = f"`start a` failed 3 times: the public port {port} is taken by another process"
        assert outcome(host) == ("failed", why)
        assert host.local.processes() == {}
        taken.close()
        assert host.begin(process, Order("a", port=port)).ended() == 0
        assert ask(port) == "a"


@pytest.mark.slow
def test_a_port_that_was_changed_while_the_old_release_serves(host: Host) -> None:
    with host.deployer() as process:
        assert host.begin(process, Order("a")).ended() == 0
        port = host.port
        with Caller(port) as caller:
            assert host.begin(process, Order("b", port=port - 1)).ended() == 1
        assert caller.lost == []
    why = f"`start b` failed 3 times: the proxy listens on port {port}, and [deploy] port is {port - 1} now"
    assert outcome(host) == ("rolled back", why)
    assert host.check() == "a"


def outcome(host: Host) -> tuple[str, str]:
    with host.target() as target:
        latest = target.journal.latest()
        assert latest is not None
        return latest.state.outcome, latest.state.why


@pytest.mark.slow
@pytest.mark.parametrize("jump", [3600.0, -3600.0])
@pytest.mark.parametrize("new", ["b", "bad"])
def test_a_clock_that_jumps_by_an_hour(host: Host, jump: float, new: str) -> None:
    """A supervisor with such a clock may wait longer or less; people can still say what is to happen."""
    with host.deployer() as process:
        assert host.begin(process, Order("a")).ended() == 0
        with Caller(host.port) as caller:
            running = host.begin(process, Order(new, hold=0.5, jump=jump))
            if new == "b" and jump < 0:
                host.local.until(lambda: "b" in (host.local.driver.observe().split or {}))
                time.sleep(1.0)
                with host.target() as target:
                    deploy.ask(target, "promote", actor="ann")
            assert running.ended() == (1 if new == "bad" else 0)
        assert caller.lost == []
    assert host.check() == ("a" if new == "bad" else "b")


@pytest.mark.slow
def test_two_deployments_at_once(host: Host) -> None:
    with canary(host, Order("b", hold=3.0)) as (first, _), host.deployer() as other:
        assert host.begin(other, Order("c")).ended() == ExitCode.LOCK_BUSY
        since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        assert re.fullmatch(
            rf"`inv deploy-canary` \(process {first.pid}, {since}\) is at this target\n"
            r"  wait for it with `--wait 10m`, look with `inv deploy-status`, or end it with `inv abort`\n",
            host.said(),
        )
        second = host.begin(other, Order("c", wait=60.0))
        assert first.ended() == 0
        assert second.ended() == 0
    assert host.check() == "c"


@pytest.mark.slow
def test_a_killed_proxy_ends_no_deployment_and_needs_no_watcher(host: Host) -> None:
    with host.deployer() as process:
        assert host.begin(process, Order("a")).ended() == 0
        running = host.begin(process, Order("b", hold=2.0))
        host.local.until(lambda: host.local.driver.observe().split == {"a": 90, "b": 10})
        os.kill(host.local.pid("envoy"), signal.SIGKILL)
        host.local.until(lambda: host.local.driver.observe().split == {"a": 90, "b": 10})
        assert running.ended() == 0
    assert host.check() == "b"
