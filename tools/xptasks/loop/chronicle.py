"""Carries what the journal of a target says into the history: best effort, and as often as one likes."""

import json
import platform
from contextlib import suppress
from pathlib import Path

from xptasks.delivery.journal import Deployment, Journal
from xptasks.errors import XpError
from xptasks.loop.deployments import told
from xptasks.loop.recording import Recorder
from xptasks.system.files import atomic_write

_BEFORE = 50  # deployments that are read besides: one of them promoted what a new one gives up


def carry(record: Recorder, project: str, target: str, journal: Journal) -> None:
    """Record what the journal has said since the last time; all of it where nobody knows when that was.

    It never raises: what cannot be read or written now is carried next time, and telling it twice does no harm.

    Args:
        record: puts events into the outbox.
        project: the project's name.
        target: `TARGET@HOST`.
        journal: that of the target.
    """
    try:
        _carry(record, project, target, journal)
    except XpError as error:
        record.say(f"what the journal says is not recorded: {error.message}")
    except Exception as error:  # noqa: BLE001 - a mistake of ours must end neither a deployment nor a watch
        record.say(f"what the journal says is not recorded: {type(error).__name__}: {error}")


def _carry(record: Recorder, project: str, target: str, journal: Journal) -> None:
    latest = journal.latest()
    mark = _Mark(record.home / "journals" / f"{project}-{target}.json")
    if latest is None or mark.is_at(latest):
        return
    seen = mark.seen(journal)
    newest = journal.deployments(limit=latest.number - seen[0] + 1 + _BEFORE)
    found = [each for each in told(project, target, newest[::-1]) if (each.deployment, each.entry) >= seen]
    if record(*(each.event for each in found)):
        mark.put(newest[0])


def name_of(target: str) -> str:
    """What the history calls a target on this host: `TARGET@HOST`."""
    return f"{target}@{platform.node()}"


class _Mark:
    """How much of a journal is in the history, in a file beside it.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_at(self, latest: Deployment) -> bool:
        """Whether nothing was added."""
        return self._read() == _of(latest)

    def seen(self, journal: Journal) -> tuple[int, int]:
        """The first entry that is not in the history: the number of its deployment, and which entry of it."""
        opened, number, entries = self._read()
        with suppress(LookupError):
            if number and journal.deployment(number).entries[0].at == opened:
                return number, entries
        return 0, 0  # there was nothing, or the journal was moved away and began anew

    def put(self, latest: Deployment) -> None:
        """Remember that everything up to here is in the history."""
        atomic_write(self._path, json.dumps(_of(latest)))

    def _read(self) -> tuple[float, int, int]:
        try:
            opened, number, entries = json.loads(self._path.read_text(encoding="ascii"))
            return float(opened), int(number), int(entries)
        except (OSError, ValueError, TypeError):
            return 0.0, 0, 0


def _of(latest: Deployment) -> tuple[float, int, int]:
    return latest.entries[0].at, latest.number, len(latest.entries)
