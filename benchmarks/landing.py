"""Runs of the gate until a queue is empty: in batches with halving, and one by one.

    PYTHONPATH=tools:. python benchmarks/landing.py

Real bare remotes and the real runner, with a gate that takes a tenth of a second; one bad change at several places of
the queue. The peer is the same queue with `batch = 1`: each change is tested alone and lands alone.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.loop.landing.world import CONFIG, World

BOUNDS = {16: 9, 32: 11}


def queue(size: int, bad: int | None, batch: int) -> tuple[int, float]:
    """Runs of the gate, and seconds, until all changes have landed but the bad one."""
    with tempfile.TemporaryDirectory() as folder:
        config = CONFIG.replace("[landing]", f"[landing]\nbatch = {batch}")
        world = World(Path(folder) / "world", config).begin()
        dev = world.clone()
        for number in range(size):
            name = f"c{number:03}"
            dev.queue(name, {f"{'bad-' if number == bad else ''}{name}.txt": "x\n"})
        began = time.monotonic()
        code, said = world.run()
        took = time.monotonic() - began
        assert code == 0, said
        good = [f"c{number:03}" for number in range(size) if number != bad]
        world.check(good, [] if bad is None else [f"c{bad:03}"])
        return len(world.gated()), took


def show(size: int, places: Sequence[int | None], batch: int) -> None:
    """One line."""
    found = [queue(size, place, batch) for place in places]
    runs = [each for each, _ in found]
    seconds = statistics.median(each for _, each in found)
    bad = 0 if places == (None,) else 1
    bound = f", at most {BOUNDS[size]} asked for" if bad and size in BOUNDS and batch > 1 else ""
    spread = f"{min(runs)} to {max(runs)}" if min(runs) != max(runs) else f"{runs[0]}"
    how = f"batches of {batch}" if batch > 1 else "one by one"
    print(f"{size} changes, {bad} bad, {how}: {spread} runs of the gate{bound}; median {seconds:.1f} s")


def main() -> None:
    """Print the table."""
    show(16, (None,), 16)
    show(16, (0, 4, 9, 15), 16)
    show(16, (9,), 1)
    show(32, (0, 11, 20, 31), 16)
    show(32, (0, 11, 20, 31), 32)
    show(32, (20,), 1)


if __name__ == "__main__":
    main()
