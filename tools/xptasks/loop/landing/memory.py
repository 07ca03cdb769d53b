"""What a runner remembers to save time: what the gate said, what is recorded already. Losing it loses nothing else."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from xptasks.landing.queue import Outcome, Ran
from xptasks.system.files import atomic_write

_MOST = 300  # commits and changes that are remembered


@dataclass(frozen=True, slots=True)
class Said:
    """What the gate said about a commit in one run.

    Attributes:
        ran: green, red or broken, and what failed.
        logs: the folder with its logs, and with its result.
        tail: the last lines that it printed.
    """

    ran: Ran
    logs: str = ""
    tail: tuple[str, ...] = ()

    @property
    def run(self) -> Mapping[str, Any]:
        """`.xp/last-run.json` of it; empty when it wrote none, or the logs are gone."""
        try:
            loaded = json.loads((Path(self.logs) / "last-run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}


@dataclass
class Memory:
    """What is remembered, in a file.

    Attributes:
        path: the file.
        said: the runs of a commit, in their order.
        alone: the runs of the steps that judge a change, by what the change does.
        recorded: the last entry of the ledger that is in the history.
        waiting: what the ref of each change of the queue held last.
    """

    path: Path
    said: dict[str, list[Said]] = field(default_factory=dict)
    alone: dict[str, list[Said]] = field(default_factory=dict)
    recorded: str = ""
    waiting: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Memory":
        """What the last runner remembered; nothing where it left nothing, or nonsense."""
        try:
            loaded = json.loads(path.read_text(encoding="utf-8"))
            said, alone = (
                {name: [_said(each) for each in runs] for name, runs in loaded[table].items()}
                for table in ("said", "alone")
            )
            waiting = {str(name): str(value) for name, value in loaded["waiting"].items()}
            return cls(path, said, alone, str(loaded["recorded"]), waiting)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls(path)

    def save(self) -> None:
        """Write it down; a full disk costs only time."""
        told = {
            "said": {name: [_told(each) for each in runs] for name, runs in self._last(self.said)},
            "alone": {name: [_told(each) for each in runs] for name, runs in self._last(self.alone)},
            "recorded": self.recorded,
            "waiting": dict(self._last(self.waiting)),
        }
        with suppress(OSError):
            atomic_write(self.path, json.dumps(told))

    def add(self, commit: str, said: Said) -> None:
        """One more run of a commit."""
        self.said.setdefault(commit, []).append(said)
        for table in (self.said, self.alone):
            for old in list(table)[:-_MOST]:
                del table[old]
        self.save()

    def runs(self, commit: str) -> tuple[Ran, ...]:
        """What the gate said about a commit, in the order in which it was run."""
        return tuple(each.ran for each in self.said.get(commit, ()))

    def last(self, commit: str, *outcomes: Outcome) -> Said | None:
        """The last run of a commit that ended so."""
        return next((each for each in reversed(self.said.get(commit, [])) if each.ran.outcome in outcomes), None)

    def forget(self, *commits: str) -> None:
        """Let commits be tested anew."""
        for commit in commits:
            self.said.pop(commit, None)
        self.save()

    @staticmethod
    def _last(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return list(table.items())[-_MOST:]


def _told(each: Said) -> list[Any]:
    return [each.ran.outcome, sorted(each.ran.why), each.logs, list(each.tail)]


def _said(told: list[Any]) -> Said:
    outcome, why, logs, tail = told
    if outcome not in {"green", "red", "broken"}:
        raise ValueError(outcome)
    return Said(Ran(cast("Outcome", outcome), frozenset(map(str, why))), str(logs), tuple(map(str, tail)))
