"""One child that this process stands in for: it gets our signals, and we wait for it however long its end takes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_FORWARDED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def run_in_foreground(argv: Sequence[str]) -> int:
    """Run a command with our output and no input; its exit code, or 128 + N when a signal ended it.

    The child has a process group of its own, so that a Ctrl-C reaches it exactly once: through us. After a signal this
    process ends as the signal demands, but only when the child has cleaned up.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    received: list[int] = []
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, process_group=0) as child:

        def forward(signum: int, _frame: FrameType | None) -> None:
            received.append(signum)
            child.send_signal(signum)

        with _handling(forward):
            code = child.wait()
    if received:
        _end_by(received[0])
    return code if code >= 0 else 128 - code


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Install the handler where that is possible (in the main thread) and restore the old ones."""
    old = {}
    try:
        for signum in _FORWARDED:
            old[signum] = signal.signal(signum, handler)
    except ValueError:  # not the main thread: whoever owns it forwards signals
        pass
    try:
        yield
    finally:
        for signum, before in old.items():
            signal.signal(signum, before)


def _end_by(signum: int) -> None:
    """What this process would have done at the signal, had it not waited for its child."""
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
