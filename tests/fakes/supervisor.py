"""A supervisor without processes: children end as scripted, on a clock that only moves while somebody waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from xptasks.system.processes import Ended, Exit, Happening, Output, Signalled, Spec


@dataclass(eq=False)
class FakeSupervisor:
    """Children take the scripted seconds and end with the scripted exit; an unknown one passes at once.

    Attributes:
        takes: seconds by key.
        ends: exits by key.
        prints: lines by key, told when the child starts.
        signals: signal numbers by the time at which they arrive.
    """

    takes: Mapping[str, float] = field(default_factory=dict)
    ends: Mapping[str, Exit] = field(default_factory=dict)
    prints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signals: dict[float, int] = field(default_factory=dict)
    now: float = 100.0
    entered: int = 0
    started: list[Spec] = field(default_factory=list)
    busiest: int = 0
    _due: dict[str, tuple[float, Exit]] = field(default_factory=dict)
    _told: list[Happening] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.entered += 1
        return self

    def __exit__(self, *error: object) -> None:
        assert error[0] is None
        assert not self._due

    def clock(self) -> float:
        return self.now

    def start(self, spec: Spec) -> None:
        self.started.append(spec)
        if spec.log:
            spec.log.parent.mkdir(parents=True, exist_ok=True)
            spec.log.touch()
        seconds = self.takes.get(spec.key, 0.0)
        end = self.ends.get(spec.key, Exit(spec.key, Ended.EXITED, code=0))
        self._due[spec.key] = (self.now + seconds, replace(end, seconds=seconds))
        self.busiest = max(self.busiest, len(self._due))
        if lines := self.prints.get(spec.key):
            self._told.append(Output(spec.key, "stdout", lines))

    def wait(self, seconds: float) -> list[Happening]:
        told, self._told = self._told, []
        if told:
            return told
        moment = min([self.now + seconds, *(due for due, _ in self._due.values()), *self.signals])
        self.now = max(self.now, moment)
        return [*self._signalled(), *self._ended()]

    def stop(self, key: str, ended: Ended) -> None:
        due, end = self._due[key]
        seconds = end.seconds - (due - self.now)
        self._due[key] = (self.now, replace(end, ended=ended, code=-15, seconds=seconds))

    def _signalled(self) -> list[Happening]:
        arrived = [self.signals.pop(at) for at in sorted(self.signals) if at <= self.now]
        for signum in arrived:
            for key in self._due:
                self.stop(key, Ended.INTERRUPTED if signum == 2 else Ended.TERMINATED)
        return [Signalled(signum) for signum in arrived]

    def _ended(self) -> list[Happening]:
        ended = [key for key, (due, _) in self._due.items() if due <= self.now]
        return [self._due.pop(key)[1] for key in ended]


def log_of(project: Path, name: str) -> Path:
    """Where a test's step logs."""
    return project / ".xp" / "logs" / f"{name}.log"
