"""Ends processes that try to get away: all of them are stopped before the first is killed."""

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from xptasks.system.process_table import Row

_PASSES = 20
"""How often we look for processes that appeared while the others were being stopped."""


def send(rows: Iterable[Row], signum: int) -> None:
    """Signal the process groups of `rows`: the kernel does that in one go, so nothing can fork in between."""
    mine = os.getpgrp()
    for group in {row.group for row in rows}:
        with suppress(ProcessLookupError, PermissionError):  # gone already, or another user's
            if group == mine:
                _send_each([row for row in rows if row.group == mine], signum)
            else:
                os.killpg(group, signum)


def kill(find: Callable[[], Sequence[Row]]) -> None:
    """Kill all that `find` finds. Two processes that restart each other cannot, once both are stopped.

    Args:
        find: a fresh look at the processes to end; called again until it finds no group that is not stopped yet.
    """
    stopped: dict[int, Row] = {}
    for _ in range(_PASSES):
        new = [row for row in find() if row.group not in stopped]
        if not new:
            break
        send(new, signal.SIGSTOP)
        stopped.update((row.group, row) for row in new)
    send(list(stopped.values()), signal.SIGKILL)


def _send_each(rows: Iterable[Row], signum: int) -> None:
    for row in rows:
        os.kill(row.pid, signum)
