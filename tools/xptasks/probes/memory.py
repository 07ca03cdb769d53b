"""What a watcher remembers of its probes across restarts: a file of the target, written whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from xptasks.probes.window import Record
from xptasks.system.files import atomic_write

_VERSION = 1


def save(path: Path, records: Mapping[str, Record], now: float, wall: float) -> None:
    """Keep the records.

    Args:
        path: the file.
        records: by the probe's name; their times are of the clock that `now` is of.
        now: of the clock that never goes back; it begins anew with each boot, so only ages are kept.
        wall: seconds since the epoch.
    """
    rows = {
        name: {**asdict(record), "failures": [now - failure for failure in record.failures]}
        for name, record in records.items()
    }
    atomic_write(path, json.dumps({"version": _VERSION, "saved": wall, "probes": rows}, indent=1))


def load(path: Path, now: float, wall: float) -> dict[str, Record]:
    """The records as if the watcher had gone on all the time; none when the file is missing or cannot be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        passed = max(0.0, wall - kept["saved"])
        return {name: _record(row, now - passed) for name, row in kept["probes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _record(row: Mapping[str, object], saved: float) -> Record:
    ages = row["failures"]
    if not isinstance(ages, list):
        raise TypeError(ages)
    failures = tuple(saved - float(age) for age in ages)
    return Record(failures, bool(row["alerted"]), bool(row["asked"]), int(str(row["good"])))
