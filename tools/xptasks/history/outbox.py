"""The outbox: events as small files, written at once and delivered later, so that no run waits for a database.

A file is written whole, flushed and renamed into place; a name begins with the time, so that the order of names is
that of writing. Delivery reads, stores (each id once) and only then deletes: nothing is lost when the database is
away, and nothing counts twice when the deliverer dies in between.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from xptasks.history.events import HistoryEvent
from xptasks.system import git
from xptasks.system.files import atomic_write

_DAMAGED = "damaged"


def folder(project: Path) -> Path:
    """Where a clone keeps its history: git's common folder, which all worktrees share, else the project's `.xp`."""
    (found,) = git.capture((("git", "rev-parse", "--path-format=absolute", "--git-common-dir"),), str(project))
    return Path(os.fsdecode(found).strip()) / "xptasks" if found else project / ".xp" / "history"


def put(home: Path, events: Sequence[HistoryEvent]) -> str:
    """Write events into the outbox below a history's folder; empty, or why they could not be written. Never raises."""
    if not events:
        return ""
    name = f"{time.time_ns():020d}-{os.getpid()}-{events[0].id[:8]}.jsonl"
    try:
        atomic_write(home / "outbox" / name, "".join(f"{each.as_json()}\n" for each in events))
    except OSError as problem:
        return f"the history cannot be written to {home}: {problem.strerror or problem}"
    return ""


def deliver(home: Path, store: Callable[[Sequence[HistoryEvent]], None]) -> int:
    """Take what waits to the store, oldest first; the number of events that were delivered.

    A file that is no list of events is moved to `outbox/damaged` and stays there. What `store` raises ends the
    delivery; what was not stored stays in the outbox.
    """
    delivered = 0
    for path in waiting(home):
        try:
            events = [HistoryEvent.from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:  # another process was faster
            continue
        except (ValueError, TypeError, KeyError):
            _put_aside(path)
            continue
        store(events)
        path.unlink(missing_ok=True)
        delivered += len(events)
    return delivered


def waiting(home: Path) -> list[Path]:
    """The files that wait, oldest first."""
    with suppress(OSError):
        return sorted((home / "outbox").glob("[0-9]*.jsonl"))
    return []


def _put_aside(path: Path) -> None:
    aside = path.parent / _DAMAGED
    with suppress(OSError):
        aside.mkdir(exist_ok=True)
        path.rename(aside / path.name)
