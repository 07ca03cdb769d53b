"""A child that may use only so much memory and time: it limits itself, and the parent waits only so long."""

import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """How a limited child ended: its exit code (negative for a signal), the end of what it said on stderr."""

    exit_code: int
    errors: str
    timed_out: bool


def limit_self(memory: int, cpu: int) -> None:
    """Lets this process use at most `memory` bytes of addresses and `cpu` seconds; more ends it.

    macOS does not enforce the first, and Windows neither: there only the parent's patience ends a child.
    """
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    for kind, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, cpu), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))


def run_limited(argv: Sequence[str], seconds: float, take: Callable[[str], None]) -> Ending:
    """Runs a child in this process group, gives each line that it prints to `take`, and kills it after `seconds`."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as child:
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(seconds, end)
        errors: list[str] = []
        listener = threading.Thread(
            target=lambda: errors.append((child.stderr.read() if child.stderr else "")[-2_000:])
        )
        timer.start()
        listener.start()
        try:
            for line in child.stdout or ():
                take(line)
            code = child.wait()
        finally:
            timer.cancel()
            child.kill()
            listener.join()
    return Ending(code, "".join(errors), late.is_set())


def signal_name(code: int) -> str:
    """The name of the signal that a negative exit code stands for."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
