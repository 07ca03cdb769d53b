"""What the watcher tells the history: that it looks, what its probes turned to, and the incident that follows.

An incident begins when the first probe is down and ends when all are up again, whoever or whatever mended it. It
survives a restart of the watcher in a file of the target. Nothing here looks at a clock or raises.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.system.files import atomic_write

EVERY = 60.0
"""Seconds between two signs of life."""


@dataclass
class _Incident:
    """What is broken now.

    Attributes:
        id: its name; empty while all is well.
        deployment: the one that is likely the reason.
        down: the probes that are down.
        how: what was done about it.
    """

    id: str = ""
    deployment: str = ""
    down: list[str] = field(default_factory=list)
    how: str = ""


@dataclass
class Diary:
    """Keeps the watcher's part of the history.

    Args:
        record: takes events.
        project: the project's name.
        target: `TARGET@HOST`.
        memory: the file that survives a restart; None to forget all.
        process: tells this watcher from every other.
    """

    record: Callable[..., object]
    project: str
    target: str
    memory: Path | None = None
    process: str = field(default_factory=lambda: f"{os.getpid()}-{os.urandom(4).hex()}")
    _states: dict[str, str] = field(default_factory=dict)
    _incident: _Incident = field(default_factory=_Incident)
    _signs: int = 0

    def begin(self, at: float, names: Sequence[str]) -> None:
        """The watch begins; what was down when the last watcher ended still is."""
        self._incident = _load(self.memory)
        self._incident.down = [name for name in self._incident.down if name in names]
        self._states = dict.fromkeys(self._incident.down, "down")
        if self._incident.id and not self._incident.down:  # what was down is no probe any more
            self.record(*self._closed(at, "its probes are gone"))
        self.record(self._sign(Kind.WATCH_STARTED, at))

    def alive(self, at: float) -> None:
        """A sign of life."""
        self.record(self._sign(Kind.WATCH_ALIVE, at))

    def end(self, at: float) -> None:
        """The watch ends."""
        told = {"target": self.target, "process": self.process}
        self.record(event(Kind.WATCH_ENDED, at, self.project, self.process, **told))

    def looked(self, name: str) -> None:
        """A look went well, with nothing to be taken back."""
        self._states.setdefault(name, "up")

    def down(self, at: float, name: str, detail: str, began: float, deployment: str) -> None:
        """A probe has failed often enough to count.

        Args:
            at: seconds since the epoch.
            name: the probe.
            detail: what it said.
            began: when the first of its failures was.
            deployment: the one that is likely the reason; empty when there is none.
        """
        if self._states.get(name) == "down":
            return
        self._states[name] = "down"
        told = [self._turned(at, name, "down", detail)]
        if not self._incident.id:
            self._incident = _Incident(f"{self.target}/{name}/{at:.0f}", deployment)
            why = f"{name} failed: {detail}"
            told.append(self._incident_event(Kind.INCIDENT_OPENED, at, why=why, began=began))
        self._incident.down.append(name)
        self._keep()
        self.record(*told)

    def up(self, at: float, name: str) -> None:
        """A probe is well again."""
        self._states[name] = "up"
        told = [self._turned(at, name, "up", "")]
        if name in self._incident.down:
            self._incident.down.remove(name)
            told += [] if self._incident.down else self._closed(at, self._incident.how or "well again")
        self._keep()
        self.record(*told)

    def rolled_back(self) -> None:
        """The watcher went back: what ends the incident, if it ends."""
        self._incident.how = "rolled back"
        self._keep()

    def _sign(self, kind: Kind, at: float) -> HistoryEvent:
        self._signs += 1
        told: dict[str, Any] = {"target": self.target, "process": self.process, "every": EVERY}
        told["probes"] = dict(self._states)
        return event(kind, at, self.project, self.process, self._signs, **told)

    def _turned(self, at: float, name: str, state: str, detail: str) -> HistoryEvent:
        told = {"target": self.target, "probe": name, "state": state, "detail": detail}
        return event(Kind.PROBE, at, self.project, self.target, name, state, at, **told)

    def _closed(self, at: float, how: str) -> list[HistoryEvent]:
        closed = self._incident_event(Kind.INCIDENT_CLOSED, at, how=how)
        self._incident = _Incident()
        self._keep()
        return [closed]

    def _incident_event(self, kind: Kind, at: float, **data: object) -> HistoryEvent:
        incident = self._incident
        told: dict[str, Any] = {"incident": incident.id, "target": self.target, **data}
        return event(kind, at, self.project, incident.id, deployment=incident.deployment, **told)

    def _keep(self) -> None:
        if self.memory is not None:
            with suppress(OSError):
                atomic_write(self.memory, json.dumps(vars(self._incident)))


def _load(path: Path | None) -> _Incident:
    if path is None:
        return _Incident()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        down = [str(name) for name in kept["down"]]
        return _Incident(str(kept["id"]), str(kept["deployment"]), down, str(kept["how"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Incident()
