"""Releases as processes of this machine on loopback ports, behind any proxy that can be told how to split.

Everything lies in one folder: `traffic.json` says what is intended, `processes/` which processes there are, `logs/`
what services said, and beside them what the proxy follows. All of it outlives the command; only `down` ends it.
"""

import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import reduce
from pathlib import Path

from xptasks.delivery.driver import Capability, Counters
from xptasks.delivery.drivers import Setup
from xptasks.delivery.plan import Condition, World
from xptasks.delivery.proxy import Proxy
from xptasks.delivery.traffic import Traffic, load
from xptasks.errors import CannotRunError
from xptasks.system import detached
from xptasks.system.detached import Order
from xptasks.system.files import atomic_write
from xptasks.system.http import HOST, free_port, health, is_taken

_ANSWER = 2.0  # seconds that one answer of the health check may take
_CONFIRMED = 3  # a release that was ready is unhealthy after so many bad answers, each on a fresh connection
_BETWEEN = 0.1  # seconds between two of them
_TICK = 0.02
_SETTLE = 0.05  # seconds until the last worker of the proxy has taken up new routes, and has sent what it was sending
_LOCK = 30.0  # seconds to wait for another process that changes the same target


class HostDriver:
    """See `xptasks.delivery.driver.Driver`. Any number of processes may use a target's driver at once.

    Args:
        setup: what it is made from.
        folder: where it keeps what it has to know; made when something is started.
        proxy: what splits the traffic.
    """

    capabilities = frozenset(Capability)

    def __init__(self, setup: Setup, folder: Path, proxy: Proxy) -> None:
        self._setup = setup
        self._folder = folder
        self._state = folder / "traffic.json"
        self._proxy = proxy

    def observe(self) -> World:
        """How the world is now: processes, health checks past the proxy, and what the proxy itself reports."""
        traffic = load(self._state)
        split = self._proxy.split(traffic) if traffic.running else {}
        conditions = {release: self._condition(release, traffic) for release in traffic.ports}
        drained = self._drained(traffic, conditions.keys() - split.keys()) if split is not None else frozenset()
        return World(conditions, split, drained)

    def start(self, release: str) -> None:
        """Make the release's process run, and the proxy know it."""
        with self._changing() as traffic:
            if release in traffic.ports and detached.is_alive(self._record(release)):
                self._follow(traffic)
            else:
                self._run(release, traffic)

    def split(self, shares: Mapping[str, int], *, sticky: bool = False) -> None:
        """Give each release its share; a proxy that died is started with it."""
        with self._changing() as traffic:
            intended = replace(traffic.split(shares, sticky=sticky), running=True)
            self._follow(intended)
            if self._proxy.split(intended) != intended.shares:
                raise CannotRunError(f"the proxy does not split as it was told: {intended.shares}")

    def drain(self, release: str) -> None:
        """Wait for its requests, then ask it to end, which closes its websockets; at most `drain_timeout` for all."""
        traffic = load(self._state)
        traffic.stopped(release)
        give_up = time.monotonic() + self._setup.drain_timeout
        time.sleep(_SETTLE)
        while time.monotonic() < give_up and self._active(traffic, release)[0]:
            time.sleep(_TICK)
        detached.ask_to_end(self._record(release))
        give_up = max(give_up, time.monotonic() + self._setup.stop_timeout)
        while time.monotonic() < give_up and detached.is_alive(self._record(release)):
            time.sleep(_TICK)

    def stop(self, release: str) -> None:
        """End its processes and forget it."""
        load(self._state).stopped(release)
        self._end(self._record(release), self._setup.stop_timeout)  # may take time that nobody should wait for
        with self._changing() as traffic:
            left = traffic.stopped(release)
            if left != traffic:
                self._follow(left)

    def counters(self) -> Mapping[str, Counters]:
        """The proxy's own counters."""
        return self._proxy.counters(load(self._state))

    def address(self, release: str = "") -> str:
        """The base URL."""
        traffic = load(self._state)
        port = traffic.ports.get(release, 0) if release else traffic.port
        if not port:
            raise CannotRunError(f"{release or 'the proxy'} was not started, so it has no address")
        return f"http://{HOST}:{port}"

    def memory(self, release: str) -> int:
        """The resident memory of its process and of all that it started."""
        return detached.memory(self._record(release))

    def repair(self, *, releases: bool = True) -> tuple[str, ...]:
        """Start what died: the proxy with the same weights, and releases with a share; mend the proxy's files."""
        with self._changing() as traffic:
            proxy = ["the proxy"] if traffic.running and self._follow(traffic) else []
            serving = traffic.shares if releases else ()
            dead = [release for release in serving if not detached.is_alive(self._record(release))]
            reduce(lambda intended, release: self._run(release, intended), dead, traffic)
        return (*proxy, *dead)

    def down(self) -> None:
        """End the proxy and every release; only the public port is remembered."""
        with self._lock():
            self._proxy.stop()
            for record in sorted((self._folder / "processes").glob("*.json")):
                self._end(record, self._setup.stop_timeout)
            port = self._kept_port()
            self._state.unlink(missing_ok=True)
            with suppress(OSError):  # the disk is full, and a port is no reason to fail now
                atomic_write(self._state, Traffic(port=port).dump())

    # -- what is intended ---------------------------------------------------------------------------------------

    @contextmanager
    def _lock(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed to list tasks

        lock = FileLock(self._folder / "lock", timeout=_LOCK)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            problem = f"another process has been changing {self._folder} for {_LOCK:g} s"
            raise CannotRunError(problem, hint="see who it is with `inv deploy-status`") from None
        except OSError as error:
            problem = f"{self._folder} cannot be used: {error.strerror or error}"
            raise CannotRunError(problem, hint="mend its rights, or set XDG_STATE_HOME to another folder") from error
        try:
            for stray in self._folder.rglob(".*.tmp"):  # of one who was killed while writing
                stray.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    @contextmanager
    def _changing(self) -> Iterator[Traffic]:
        """What is intended, for one process at a time."""
        with self._lock():
            yield load(self._state)

    def _follow(self, intended: Traffic) -> bool:
        """Write down what is intended and make the proxy follow it; whether the proxy had to be started."""
        placed = self._placed(intended)
        return self._proxy.follow(placed, {self._state: placed.dump()})

    def _placed(self, intended: Traffic) -> Traffic:
        """With the public port: a proxy that runs keeps its own."""
        wanted, kept = self._setup.port, intended.port
        if not self._proxy.ours:
            return replace(intended, port=wanted)
        if self._proxy.is_alive():
            if wanted not in {0, kept}:
                hint = f"set [deploy] port = {kept}, or end everything with `inv deploy-down` first"
                raise CannotRunError(f"the proxy listens on port {kept}, and [deploy] port is {wanted} now", hint=hint)
            return intended
        seed = zlib.crc32(str(self._folder).encode())
        nobody_knows_it = not intended.shares and is_taken(kept)
        free = free_port(seed) if not wanted and (not kept or nobody_knows_it) else kept
        return replace(intended, port=wanted or free)

    def _kept_port(self) -> int:
        try:
            return load(self._state).port
        except CannotRunError:  # damaged: this is how it is mended
            return 0

    # -- releases -----------------------------------------------------------------------------------------------

    def _record(self, release: str) -> Path:
        return self._folder / "processes" / f"{release}.json"

    def _port(self, release: str, traffic: Traffic) -> int:
        """The port that it had, unless somebody took it."""
        kept = traffic.ports.get(release)
        if kept and not is_taken(kept):
            return kept
        return free_port(zlib.crc32(f"{self._folder}/{release}".encode()))

    def _run(self, release: str, traffic: Traffic) -> Traffic:
        """Start a release and tell the proxy where it is; what is intended then."""
        launch = self._setup.launch_of(release)
        record = self._record(release)
        self._end(record, 0)  # what a dead process left may hold its port
        port = self._port(release, traffic)
        log = self._folder / "logs" / f"{release}.log"
        intended = traffic.started(release, port, launch.health)
        if traffic.ports.get(release, port) != port:  # else, if we are killed, it lives where nobody looks
            self._follow(intended)
        detached.start(Order(launch.words(port), launch.cwd, launch.environment, log, record))
        try:
            self._follow(intended)
        except CannotRunError:
            self._end(record, self._setup.stop_timeout)
            raise
        return intended

    def _end(self, record: Path, grace: float) -> None:
        detached.stop(record, grace)
        record.with_suffix(".ready").unlink(missing_ok=True)

    def _condition(self, release: str, traffic: Traffic) -> Condition:
        """A release that was ready once and fails its check is unhealthy; before, it starts."""
        record = self._record(release)
        if not detached.is_alive(record):
            return "dead"
        was_ready = _read(record.with_suffix(".ready")) == str(detached.identity_of(record))
        for attempt in range(_CONFIRMED if was_ready else 1):
            time.sleep(_BETWEEN if attempt else 0)
            status, _ = health(traffic.ports[release], traffic.checks[release], _ANSWER)
            if status // 100 == 2:  # noqa: PLR2004 - 2xx
                if not was_ready:
                    self._remember_ready(record)
                return "ready"
        if not detached.is_alive(record):
            return "dead"
        return "unhealthy" if was_ready else "starting"

    def _remember_ready(self, record: Path) -> None:
        with suppress(OSError):  # the disk is full: the next look tries again
            atomic_write(record.with_suffix(".ready"), str(detached.identity_of(record)))

    def _drained(self, traffic: Traffic, leaving: Iterable[str]) -> frozenset[str]:
        try:
            return frozenset(release for release in leaving if self._active(traffic, release) == (0, 0))
        except CannotRunError:  # the proxy died while we asked
            return frozenset()

    def _active(self, traffic: Traffic, release: str) -> tuple[int, int]:
        """Requests and websockets that are open through the proxy; none when there is no proxy."""
        return self._proxy.active(traffic, release) if self._proxy.is_alive() else (0, 0)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
