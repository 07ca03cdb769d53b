"""What the history costs: recording a run, delivering many, reading them, and the room that they take.

    python benchmarks/history.py [--runs 1000] [--postgres URL]

Each run has thirteen steps, as the tier pr of this repository. PostgreSQL is measured where a URL of an empty database
is given, or `initdb` is on PATH.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.postgres import server
from xptasks.history import outbox, runs
from xptasks.history.database import file_url, url_of
from xptasks.history.events import HistoryEvent
from xptasks.history.store import Store
from xptasks.loop.recording import Recorder
from xptasks.results import Circumstances, Measurement, Reading, Status, StepResult

STEPS = 13
COMMITS = 20  # runs that share one commit: what follows from them is looked for among all of these
IDLE = "import xptasks.loop.gate, xptasks.report.combine"
HISTORY = f"{IDLE}, xptasks.loop.recording, xptasks.report.history"


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--postgres", help="an empty database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "-q", name], check=True)
        _recording(folder)
        _delivering(folder, options.runs, options.postgres)
        _waiting(folder)


def _run(number: int) -> list[HistoryEvent]:
    steps = [
        StepResult(f"step{index}", Reading(Status.PASSED, "40 passed", (), (Measurement("coverage", 86.5, "percent"),)))
        for index in range(STEPS)
    ]
    under = Circumstances("projects", 1.8e9 + number * 600, "agent:coder", environment="0123456789abcdef")
    return runs.events(
        {
            "run_id": f"pr-20261129T100600-{number}",
            "commit": f"{number // COMMITS:040x}",
            "tier": "pr",
            "status": "passed",
            "exit_code": 0,
            "seconds": 61.2,
            "steps": [asdict(step) for step in steps],
            "circumstances": asdict(under),
        }
    )


def _recording(folder: Path) -> None:
    """What a run pays: its process loads a few modules, makes events, asks git for the folder and writes one file."""
    idle, with_history = (min(_times(partial(_python, code), 15)) for code in (IDLE, HISTORY))
    print(f"loading, of {idle * 1000:.0f} ms that a runner loads anyway: {(with_history - idle) * 1000:+.1f} ms")
    taken = _times(lambda: Recorder(folder)(*_run(0)), 51)
    print(
        f"recording a run of {STEPS} steps: {statistics.median(taken) * 1000:.1f} ms, largest {max(taken) * 1000:.1f}"
    )
    for path in outbox.waiting(folder / ".git" / "xptasks", "projects"):
        path.unlink()


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": "tools"})


def _delivering(folder: Path, count: int, postgres: str | None) -> None:
    with ExitStack() as stack:
        databases = [("SQLite", str(file_url(folder / "history.db")))]
        url = postgres or stack.enter_context(_own())
        databases += [("PostgreSQL", url)] if url else []
        for name, url in databases:
            _deliver(folder, count, name, url)


def _deliver(folder: Path, count: int, name: str, url: str) -> None:
    home = folder / ".git" / "xptasks"
    for number in range(count):
        outbox.put(home, _run(number))
    waits = outbox.waiting(home, "projects")
    size = sum(path.stat().st_size for path in waits)
    store = Store(url_of(url, folder), "projects")
    began = time.perf_counter()
    done = outbox.deliver(home, "projects", store.add)
    taken = time.perf_counter() - began
    reading = min(_times(store.events, 3))
    stored, waited = (each / count / 2**10 for each in (_size(url), size))
    print(
        f"{name}: {done.events} events of {count} runs in {taken:.2f} s, {done.events / taken:,.0f} a second; "
        f"read again in {reading:.2f} s; {stored:.1f} KiB a run, {waited:.1f} in the outbox"
    )
    store.close()


def _waiting(folder: Path, count: int = 20_000) -> None:
    """What an outbox costs that nobody empties."""
    home = folder / "full"
    (home / "outbox" / "projects").mkdir(parents=True)
    for number in range(count):
        (home / "outbox" / "projects" / f"{number:020d}-1-x.jsonl").touch()
    taken = _times(lambda: outbox.put(home, _run(0)), 21)
    listed = _times(lambda: outbox.waiting(home, "projects"), 5)
    print(
        f"with {count} files waiting: another one {statistics.median(taken) * 1000:.1f} ms, "
        f"to list them {min(listed) * 1000:.0f} ms"
    )


def _size(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            words = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        else:
            words = "SELECT pg_total_relation_size('xptasks_events')"
        size = int(connection.scalar(text(words)) or 0)
    engine.dispose()
    return size


@contextmanager
def _own() -> Iterator[str | None]:
    """A server of our own, None without PostgreSQL."""
    if shutil.which("initdb") is None:
        yield None
        return
    own = server()
    try:
        yield next(own)
    finally:
        next(own, None)


def _times(what: Callable[[], object], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        what()
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    main()
