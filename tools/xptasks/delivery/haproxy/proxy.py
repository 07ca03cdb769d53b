"""HAProxy as the proxy of one target: one that we start, or one that runs already."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from xptasks.delivery.driver import Counters
from xptasks.delivery.haproxy import configuration
from xptasks.delivery.haproxy.runtime import Runtime
from xptasks.delivery.haproxy.slots import placed
from xptasks.delivery.proxy import await_port, tail_of, write_changed
from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError
from xptasks.system import detached, machine
from xptasks.system.detached import Order

_START = 10.0  # seconds that it may take until it answers
_TICK = 0.005


class RunningHaproxy:
    """One that somebody else starts, ends and configures; see `xptasks.delivery.proxy.Proxy`."""

    ours = False

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def is_alive(self) -> bool:
        """Whether it answers."""
        return bool(self._runtime.pid())

    def split(self, traffic: Traffic) -> dict[str, int] | None:
        """The percentages that it follows; None when it does not answer."""
        try:
            return self._runtime.shares(traffic)
        except CannotRunError:
            return None

    def counters(self, traffic: Traffic) -> dict[str, Counters]:
        """What it counted, without durations."""
        return self._runtime.counters(traffic)

    def active(self, traffic: Traffic, release: str) -> tuple[int, int]:
        """How many requests and how many websockets a release has now."""
        return self._runtime.active(traffic, release)

    def follow(self, traffic: Traffic, others: Mapping[Path, str]) -> bool:
        """Make it do what is intended."""
        self._runtime.slots()  # nothing is written down for one that is not there
        write_changed(others)
        self._runtime.follow(traffic)
        return False

    def stop(self) -> None:
        """Close our slots; where nobody answers, nobody sends us anything."""
        with suppress(CannotRunError):
            self._runtime.retire()


class OwnHaproxy(RunningHaproxy):
    """One that is a process of ours.

    Args:
        folder: of its files, its log and its socket.
        backend: the name of its backend.
    """

    ours = True

    def __init__(self, folder: Path, backend: str) -> None:
        super().__init__(Runtime(folder / configuration.SOCKET, backend))
        self._backend = backend
        self._folder = folder
        self._record = folder / "haproxy.json"
        self._log = folder / "haproxy.log"

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return detached.is_alive(self._record)

    def follow(self, traffic: Traffic, others: Mapping[Path, str]) -> bool:
        """Write down what is intended, for the next start, and make it so."""
        alive = self.is_alive()
        if not alive:
            await_port(traffic.port)
        slots, slot_of = placed(self._runtime.slots()[self._backend] if alive else configuration.empty(), traffic)
        buckets = configuration.buckets(traffic.buckets, slot_of)
        texts = {
            configuration.BUCKETS_FILE: configuration.buckets_file(buckets),
            "haproxy.cfg": configuration.complete(traffic.port, self._backend, slots),
        }
        write_changed({**others, **{self._folder / name: text for name, text in texts.items()}})
        if alive:
            self._runtime.follow(traffic)
        else:
            self._start(traffic)
        return not alive

    def stop(self) -> None:
        """End it; nothing of it is left."""
        detached.stop(self._record, grace=1.0)

    def _start(self, traffic: Traffic) -> None:
        program = machine.find("haproxy") or machine.find("/usr/sbin/haproxy")
        if program is None:
            hint = "install it (apt install haproxy, brew install haproxy), or set [deploy] target"
            raise CannotRunError("the proxy `haproxy` is not installed", hint=hint)
        self.stop()
        words = (program, "-db", "-f", "haproxy.cfg")
        detached.start(Order(words, self._folder, {"PATH": "/usr/bin:/bin"}, self._log, self._record))
        give_up = time.monotonic() + _START
        while time.monotonic() < give_up:
            if self.split(traffic) == traffic.shares:
                return
            if not self.is_alive():
                raise CannotRunError(f"the proxy ended at once{tail_of(self._log)}")
            time.sleep(_TICK)
        self.stop()
        raise CannotRunError(f"the proxy did not serve after {_START:g} s{tail_of(self._log)}")
