"""Who inherits a process whose parent is gone: two requests to the kernel, which only Linux understands."""

import ctypes
import os
import signal
import sys
import threading
import time

# From <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_POLL_SECONDS = 0.5


def die_with_parent() -> None:
    """Ask for a SIGTERM to this process when its parent is gone, so that a killed nox takes the runner along.

    Linux sends it at once; elsewhere a thread looks every half second. To be called by the main thread, first thing.
    """
    parent = os.getppid()
    if not _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM):
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    elif os.getppid() != parent:  # it died while we asked
        os.kill(os.getpid(), signal.SIGTERM)


def adopt_orphans(*, on: bool) -> bool:
    """Become (or stop being) the parent of descendants whose own parent has exited; False where that cannot be had."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, int(on))


def adopts_orphans() -> bool:
    """Whether this process inherits the orphans among its descendants."""
    flag = ctypes.c_int(0)
    return _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.addressof(flag)) and bool(flag.value)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    unused = ctypes.c_ulong(0)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(prctl(option, ctypes.c_ulong(value), unused, unused, unused) == 0)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
