"""Green results kept by key: an unchanged step is not run again.

A key holds everything that the outcome depends on. Only PASSED is kept, and only when the inputs were the same after
the step as before it.
"""

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from xptasks.results import Command, Finding, Measurement, Position, Reading, Status, StepResult
from xptasks.system.files import atomic_write
from xptasks.tiers import fingerprint, patterns
from xptasks.tiers.fingerprint import Tree

_FORMAT = 1
_JUDGES = frozenset({".xptasks/baseline.toml", ".xptasks/adoption.json"})
"""Files of ours that no tool reads: what they say about a step is in its options."""

_KEPT = 32  # results a step: enough for the branches that one worktree switches between


class Cache:
    """The kept results of one worktree, in a folder that may be deleted at any time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, step: str, key: str) -> StepResult | None:
        """The green result with this key; None when there is none or it cannot be read."""
        path = self._path(step, key)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            found = _result(step, stored) if stored["format"] == _FORMAT else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        with suppress(OSError):
            os.utime(path)  # what is used is kept longest
        return found if found and found.status is Status.PASSED else None

    def keep(self, step: str, step_key: str, result: Mapping[str, object]) -> None:
        """Keep a green result, given as JSON; never raises for a full or read-only disk, since only time is lost."""
        try:
            atomic_write(self._path(step, step_key), json.dumps({**result, "format": _FORMAT}))
            self._prune(step)
        except OSError:
            return

    def forget(self, step: str, key: str) -> None:
        """Drop a green result that a later run on the same state has contradicted."""
        with suppress(OSError):
            self._path(step, key).unlink(missing_ok=True)

    def seconds(self, step: str) -> float:
        """How long the step took when it was last green; infinite when that is not known."""
        newest = max(self._entries(step), key=_age, default=None)
        found = self.find(step, newest.stem) if newest else None
        return found.seconds if found else math.inf

    def _path(self, step: str, key: str) -> Path:
        return self._folder / step / f"{key}.json"

    def _entries(self, step: str) -> list[Path]:
        return list((self._folder / step).glob("*.json"))

    def _prune(self, step: str) -> None:
        for path in sorted(self._entries(step), key=_age)[:-_KEPT]:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _result(step: str, stored: Mapping[str, object]) -> StepResult:
    reading = stored["reading"]
    if not isinstance(reading, dict):
        raise TypeError("not a reading")
    return StepResult(
        step=step,
        reading=Reading(
            Status(reading["status"]),
            reading["summary"],
            tuple(_finding(item) for item in reading["findings"]),
            tuple(Measurement(**item) for item in reading["measurements"]),
        ),
        seconds=float(str(stored["seconds"])),
        cpu_seconds=float(str(stored["cpu_seconds"])),
        cached=True,
    )


def _finding(stored: dict[str, object]) -> Finding:
    position = stored.pop("position")
    return Finding(**stored, position=Position(**position) if isinstance(position, dict) else None)  # type: ignore[arg-type]


def key(  # noqa: PLR0913 - everything that a result depends on, each by its name
    step: str,
    command: Command,
    *,
    files: Tree,
    environ: Mapping[str, str],
    installed: list[str],
    python: str,
    project: Path,
    options: str,
) -> str:
    """The key of a step's result.

    Args:
        step: its name.
        command: what runs.
        files: mode and blob of every input file, by path.
        environ: the child's environment as far as the caller's variables go.
        installed: what is installed in the tier's environment.
        python: the tier's interpreter.
        project: the project's folder.
        options: the step's slice of the configuration, as text.
    """
    return fingerprint.digest(
        _FORMAT,
        step,
        command.argv,
        sorted(command.env.items()),
        sorted(files.items()),
        sorted(environ.items()),
        installed,
        fingerprint.program(python, environ["PATH"], str(project)),
        fingerprint.program(command.argv[0], environ["PATH"], str(project)),
        fingerprint.host(),
        options,
    )


def inputs(project: Path, files: Tree, command: Command, own: tuple[str, ...]) -> Tree:
    """The files that a step depends on; `own` are globs for the library's code where the project is the library."""
    globs = (*command.inputs, *own)
    named = patterns.matching({path: blob for path, blob in files.items() if path not in _JUDGES}, globs)
    return named | patterns.ignored(str(project), patterns.reaching(globs, files))
