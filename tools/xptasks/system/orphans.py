"""What a killed run left behind: every run keeps a record of its processes, and the next run ends those of dead ones.

A process belongs to a dead run when it carries the run's mark in its environment, or when the record names its pid and
start time. What is deployed on purpose carries no mark and is in no record. Runs that live are never touched.
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xptasks.system import endings, process_table
from xptasks.system.files import atomic_write
from xptasks.system.process_table import RELEASED, Identity, Row, Table

_VERSION = 1
_PATIENCE = 2.0
"""Seconds after which a sweep gives up on what cannot be killed; the record stays for the next start."""
_CLEAN_LOOKS = 3
"""How often nothing must be found in a row: a process that forks and exits can slip through one look."""
_STALE_TEMPORARY = 60.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did.

    Attributes:
        killed: the processes that it ended.
        left: those that it could not end, e.g. of another user.
        problems: unreadable records that it removed, one sentence each.
    """

    killed: tuple[Identity, ...] = ()
    left: tuple[Identity, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    run: str
    boot: str
    runner: Identity
    processes: frozenset[Identity]


class Register:
    """The record of a running run, `.xp/runs/RUN_ID.json`; written only when its processes changed."""

    def __init__(self, runs: Path, run: str) -> None:
        self._path = runs / f"{run}.json"
        self._run = run
        self._written: list[Identity] | None = None

    def update(self, processes: Iterable[Identity]) -> None:
        """Note the processes that the run has now."""
        known = sorted(processes)
        if known != self._written:
            atomic_write(self._path, _dump(self._run, known))
            self._written = known

    def remove(self) -> None:
        """The run is over and nothing of it is left."""
        self._path.unlink(missing_ok=True)


def sweep(runs: Path) -> Sweep:
    """End what is left of runs whose runner is gone, and remove their records."""
    paths = sorted(runs.glob("*.json")) if runs.is_dir() else []
    if not paths:
        return Sweep()
    _remove_stale_temporaries(runs)
    swept = [_sweep_record(path) for path in paths]
    return Sweep(
        killed=tuple(identity for one in swept for identity in one.killed),
        left=tuple(identity for one in swept for identity in one.left),
        problems=tuple(problem for one in swept for problem in one.problems),
    )


def _sweep_record(path: Path) -> Sweep:
    try:
        record = _load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:  # its run ended, or another sweep was faster
        return Sweep()
    except (OSError, ValueError, KeyError, TypeError) as error:
        path.unlink(missing_ok=True)
        return Sweep(problems=(f"{path}: removed this unreadable record of a run ({type(error).__name__}: {error})",))
    if _lives(record):
        return Sweep()
    killed, left = _end(record)
    if not left:
        path.unlink(missing_ok=True)
    return Sweep(killed=tuple(sorted(killed)), left=tuple(sorted(left)))


def _lives(record: _Record) -> bool:
    same_boot = record.boot == process_table.boot()
    return same_boot and process_table.start_of(record.runner.pid) == record.runner.start


def _end(record: _Record) -> tuple[set[Identity], set[Identity]]:
    """Kill the run's processes until none is left or patience runs out; returns those killed and those left."""
    if record.boot != process_table.boot():
        return set(), set()
    seen: set[Identity] = set()

    def find() -> Sequence[Row]:
        rows = _members(process_table.scan(), record)
        seen.update(row.identity for row in rows)
        return rows

    give_up = time.monotonic() + _PATIENCE
    clean = 0
    while clean < _CLEAN_LOOKS and time.monotonic() < give_up:
        if find():
            clean = 0
            endings.kill(find)
            time.sleep(0.005)
        else:
            clean += 1
    left = {row.identity for row in find()}
    return seen - left, left


def _members(table: Table, record: _Record) -> list[Row]:
    """The run's processes and all below them, without ourselves: we may be what a dead run started last."""
    mark = process_table.mark(record.run, record.runner)
    first = [row for row in table.rows.values() if row.identity in record.processes or _carries(row.pid, mark)]
    me = os.getpid()
    spared = {me, *table.above(me), *(row.pid for row in table.below([me]))}
    found = {row.pid: row for row in (*first, *table.below(row.pid for row in first))}
    return [row for row in found.values() if row.pid not in spared and not row.zombie and not _released(row.pid)]


def _released(pid: int) -> bool:
    return process_table.mark_of(pid) == RELEASED


def _carries(pid: int, mark: str) -> bool:
    words = (process_table.mark_of(pid) or "").split()
    return any(word.rpartition("/")[0] == mark for word in words)


def _dump(run: str, processes: list[Identity]) -> str:
    content = {
        "version": _VERSION,
        "run": run,
        "boot": process_table.boot(),
        "runner": process_table.myself(),
        "processes": processes,
    }
    return json.dumps(content) + "\n"


def _load(text: str) -> _Record:
    content = json.loads(text)
    if content["version"] != _VERSION:
        raise ValueError(f"version {content['version']}, expected {_VERSION}")
    return _Record(
        run=_nonempty(content["run"]),
        boot=str(content["boot"]),
        runner=_identity(content["runner"]),
        processes=frozenset(_identity(item) for item in content["processes"]),
    )


def _nonempty(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("the run has no id")
    return value


def _identity(value: Sequence[float]) -> Identity:
    pid, start = value
    return Identity(int(pid), float(start))


def _remove_stale_temporaries(runs: Path) -> None:
    """A run that was killed while it wrote its record leaves a temporary file."""
    for path in runs.glob(".*.tmp"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_TEMPORARY:
                path.unlink()
