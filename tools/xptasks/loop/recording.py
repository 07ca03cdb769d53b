"""Writes into the history what the loop does: best effort, from anywhere, without a database at hand."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from xptasks.history import outbox
from xptasks.history.events import HistoryEvent


class Recorder:
    """Puts events into the outbox of a project's clone; what cannot be written is told once and ends nothing.

    Args:
        project: the project's folder.
        tell: gets what went wrong.
    """

    def __init__(
        self, project: Path, tell: Callable[[str], object] = lambda text: sys.stderr.write(f"{text}\n")
    ) -> None:
        self._project = project
        self._tell = tell
        self._told = False

    @cached_property
    def home(self) -> Path:
        """The history's folder; git is asked for it, so only whoever records something pays for that."""
        return outbox.folder(self._project)

    def __call__(self, *events: HistoryEvent) -> bool:
        """Record events; whether they are in the outbox now."""
        problem = outbox.put(self.home, events)
        if problem:
            self.say(problem)
        return not problem

    def say(self, problem: str) -> None:
        """Tell what went wrong, the first time."""
        if not self._told:
            self._told = True
            with suppress(OSError, ValueError):  # the disk that is full may be that of our own log
                self._tell(problem)
