"""The outbox: events as small files, written at once and delivered later, so that no run waits for a database.

A file is written whole, flushed and renamed into place; a name begins with the time, so that the order of names is
that of writing. Delivery reads, stores (each id once) and only then deletes: nothing is lost when the database is
away, and nothing counts twice when the deliverer dies in between. Each project of a clone has a folder of its own,
because each may have a database of its own.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xptasks.history.events import HistoryEvent, UnknownKindError
from xptasks.system import git
from xptasks.system.files import atomic_write

_DAMAGED = "damaged"
_FILES = 200  # that are stored in one transaction
_STALE = 3600.0  # seconds after which nobody finishes a temporary file any more


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery did.

    Attributes:
        events: that were stored.
        left: files that still wait: the time was up, or a later version has written them.
    """

    events: int = 0
    left: int = 0


def folder(project: Path) -> Path:
    """Where a clone keeps its history: git's common folder, which all worktrees share, else the project's `.xp`."""
    (found,) = git.capture((("git", "rev-parse", "--path-format=absolute", "--git-common-dir"),), str(project))
    return Path(os.fsdecode(found).strip()) / "xptasks" if found else project / ".xp" / "history"


def put(home: Path, events: Sequence[HistoryEvent]) -> str:
    """Write events into the outbox below a history's folder; empty, or why they could not be written. Never raises.

    Args:
        home: the history's folder.
        events: of one project.
    """
    if not events:
        return ""
    name = f"{time.time_ns():020d}-{os.getpid()}-{events[0].id[:8]}.jsonl"
    try:
        atomic_write(_of(home, events[0].project) / name, "".join(f"{each.as_json()}\n" for each in events))
    except (OSError, ValueError, TypeError) as problem:  # the last two: it is nothing that JSON can say
        return f"the history cannot be written to {home}: {getattr(problem, 'strerror', None) or problem}"
    return ""


def deliver(
    home: Path,
    project: str,
    store: Callable[[Sequence[HistoryEvent]], object],
    more: Callable[[], bool] = lambda: True,
) -> Delivered:
    """Take what waits to the store, oldest first and many files at once.

    A file that is no list of events is moved to `damaged` and stays there. What `store` raises ends the delivery;
    what was not stored stays in the outbox.

    Args:
        home: the history's folder.
        project: whose events.
        store: keeps events, each id once.
        more: asked before each part but the first: whether there is time for one.
    """
    files = waiting(home, project)
    done = events = 0
    for start in range(0, len(files), _FILES):
        if start and not more():
            break
        read = dict(_readable(files[start : start + _FILES]))
        found = [event for each in read.values() for event in each]
        store(found)
        for path in read:
            path.unlink(missing_ok=True)
        done, events = done + len(read), events + len(found)
    _sweep(_of(home, project))
    return Delivered(events, len(waiting(home, project)) if done < len(files) else 0)


def waiting(home: Path, project: str) -> list[Path]:
    """The files that wait, oldest first."""
    place = _of(home, project)
    with suppress(OSError):
        names = sorted(os.listdir(place))  # noqa: PTH208 - of thousands of files, names alone take a tenth of the time
        return [place / name for name in names if name[:1].isdigit() and name.endswith(".jsonl")]
    return []


def read(path: Path) -> list[HistoryEvent]:
    """The events of a file.

    Raises:
        UnknownKindError: a later version has written it.
        ValueError: it holds something else; the message begins with the number of the line.
        OSError: it cannot be read.
    """
    return list(events_of(path.read_text(encoding="utf-8")))


def events_of(text: str) -> Iterator[HistoryEvent]:
    """The events of a text, one a line; raises as `read` does."""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            yield HistoryEvent.from_json(line)
        except UnknownKindError as error:
            raise UnknownKindError(f"{number}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{number}: {error}") from None


def _of(home: Path, project: str) -> Path:
    return home / "outbox" / project


def _readable(paths: Sequence[Path]) -> Iterator[tuple[Path, list[HistoryEvent]]]:
    for path in paths:
        try:
            yield path, read(path)
        except (UnknownKindError, FileNotFoundError):  # it waits for that version; another process was faster
            continue
        except ValueError:
            _put_aside(path)


def _put_aside(path: Path) -> None:
    aside = path.parent / _DAMAGED
    with suppress(OSError):
        aside.mkdir(exist_ok=True)
        path.rename(aside / path.name)


def _sweep(place: Path) -> None:
    """Remove what writers that were killed have left half written."""
    with suppress(OSError):
        for path in place.glob(".*.tmp"):
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink(missing_ok=True)
