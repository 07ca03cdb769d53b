"""One deployment at a time per host and target: a lock of the kernel, which ends with its holder, and who holds it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xptasks.errors import CannotRunError, LockBusyError
from xptasks.system.files import atomic_write

_MOMENT = 0.5
"""Seconds for which the lock may be taken by somebody who only looks whether it is free."""


@contextmanager
def held(home: Path, what: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the target for the length of the block.

    Args:
        home: the target's folder.
        what: what the holder does, for whoever comes second.
        wait: seconds to wait for another holder.

    Raises:
        LockBusyError: another process holds it; the message names it.
        CannotRunError: the folder cannot be used.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed to list tasks

    lock = FileLock(home / "deploy.lock", timeout=max(wait, _MOMENT), poll_interval=0.01)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        hint = "wait for it with `--wait 10m`, look with `inv deploy-status`, or end it with `inv abort`"
        raise LockBusyError(f"{holder(home) or 'another process'} is at this target", hint=hint) from None
    except OSError as error:
        problem = f"{home} cannot be used: {error.strerror or error}"
        hint = "free the disk, mend its rights, or set XDG_STATE_HOME to another folder"
        raise CannotRunError(problem, hint=hint) from error
    note = home / "deploy.holder.json"
    try:
        with suppress(OSError):  # the disk is full, and what comes next says so better
            atomic_write(note, json.dumps({"pid": os.getpid(), "what": what, "since": time.time()}))
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


def is_free(home: Path) -> bool:
    """Whether nobody holds the target now."""
    from filelock import FileLock, Timeout  # noqa: PLC0415

    if not (home / "deploy.lock").exists():
        return True
    try:
        with FileLock(home / "deploy.lock", timeout=0):
            return True
    except Timeout:
        return False


def holder(home: Path) -> str:
    """Who said last that it holds the target; empty when nobody did. Only `held` knows whether that is still so."""
    try:
        note = json.loads((home / "deploy.holder.json").read_text(encoding="utf-8"))
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(note["since"]))
        return f"`{note['what']}` (process {note['pid']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
