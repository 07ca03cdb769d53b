"""A child that may use only so much memory and time: it limits itself, and the parent waits only so long."""

import math
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """How a limited child ended: its exit code (negative for a signal), the end of what it said on stderr."""

    exit_code: int
    errors: str
    timed_out: bool


def limit_memory(size: int) -> None:
    """Lets this process use at most `size` bytes of addresses, and leave no core file; macOS does not enforce it."""
    _limit("RLIMIT_AS", size)
    _limit("RLIMIT_CORE", 0)


def limit_cpu(seconds: float) -> None:
    """Ends this process (SIGXCPU) when it uses more than so many further seconds of CPU; may be called again."""
    _limit("RLIMIT_CPU", math.ceil(time.process_time() + seconds))


def _limit(name: str, value: int) -> None:
    """Lowers or raises the soft limit; Windows has none, there only the parent's patience ends a child."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def run_limited(argv: Sequence[str], seconds: float, take: Callable[[str], None]) -> Ending:
    """Runs a child in this process group and gives each line that it prints to `take`.

    It is killed when the next line takes longer than `seconds`.
    """
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as child:
        watchdog = _Watchdog(child, seconds)
        errors: list[str] = []
        listener = threading.Thread(
            target=lambda: errors.append((child.stderr.read() if child.stderr else "")[-2_000:])
        )
        threads = (watchdog, listener)
        for thread in threads:
            thread.start()
        try:
            for line in child.stdout or ():
                watchdog.feed()
                take(line)
            code = child.wait()
        finally:
            child.kill()
            watchdog.stop()
            for thread in threads:
                thread.join()
    return Ending(code, "".join(errors), watchdog.bit)


class _Watchdog(threading.Thread):
    """Kills a child that was silent for too long."""

    def __init__(self, child: "subprocess.Popen[str]", seconds: float) -> None:
        super().__init__()
        self.bit = False
        self._child = child
        self._seconds = seconds
        self._done = threading.Event()
        self._deadline = time.monotonic() + seconds

    def feed(self) -> None:
        self._deadline = time.monotonic() + self._seconds

    def stop(self) -> None:
        self._done.set()

    def run(self) -> None:
        while not self._done.wait(max(0.0, self._deadline - time.monotonic())):
            if time.monotonic() >= self._deadline:
                self.bit = True
                self._child.kill()
                return


def signal_name(code: int) -> str:
    """The name of the signal that a negative exit code stands for."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
