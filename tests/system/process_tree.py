"""A program that grows a tree of processes which are hard to end, prints `ready`, and sleeps, or exits at once.

Usage: process_tree.py KIND TOKEN sleep|exit. Every process of the tree has TOKEN in its command line.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

SECONDS = 60  # what escapes a failing test does not stay for ever


def main() -> None:
    kind, _, then = sys.argv[1:4]
    KINDS[kind]()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if then == "sleep":
        time.sleep(SECONDS)


def plain() -> None:
    _fork(_sleep)


def setsid() -> None:
    _fork(_in_new_session(_sleep))


def daemonised() -> None:
    _wait_for(_fork(_in_new_session(lambda: _fork(_silently(_sleep)))))


def ignoring() -> None:
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    _fork(_sleep)
    _wait_for(_fork(_in_new_session(lambda: _fork(_sleep))))


def holding() -> None:
    """A daemon that keeps the pipes open."""
    _wait_for(_fork(_in_new_session(lambda: _fork(_sleep))))


def scrubbed() -> None:
    """A daemon with an empty environment, so without the mark of the run."""
    _wait_for(_fork(_in_new_session(lambda: _fork(_silently(_forget_environment)))))


def nothing() -> None:
    pass


def respawning() -> None:
    """Two processes that start each other again, and neither listens to SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _fork(_in_new_session(_keep_alive))


def hopping() -> None:
    """A process that becomes another one every few milliseconds, each time in a new session."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _wait_for(_fork(_hop))


KINDS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (plain, setsid, daemonised, ignoring, holding, scrubbed, nothing, respawning, hopping)
}


def _fork(act: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    act()
    os._exit(0)


def _wait_for(pid: int) -> None:
    os.waitpid(pid, 0)


def _sleep() -> None:
    time.sleep(SECONDS)


def _in_new_session(act: Callable[[], object]) -> Callable[[], object]:
    def leader() -> object:
        os.setsid()
        return act()

    return leader


def _forget_environment() -> None:
    again = [sys.executable, "-S", __file__, "nothing", sys.argv[2], "sleep"]
    os.execve(again[0], again, {})  # noqa: S606 - the point is an environment that is empty


def _silently(act: Callable[[], object]) -> Callable[[], object]:
    def silent() -> object:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        return act()

    return silent


def _keep_alive() -> None:
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop:
        _wait_for(_fork(_in_new_session(_sleep)))


def _hop() -> None:
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(0.002)


if __name__ == "__main__":
    main()
