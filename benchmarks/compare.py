"""Seconds and memory to compare two contracts, side by side with oasdiff where it is on PATH, in fresh processes.

    python benchmarks/compare.py BASE HEAD [--rounds 3]

After the pair come the same file twice and the same contract written with other spaces and in another order of keys.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
_VERDICTS = (0, 1)  # exit codes: nothing breaks, something does
_CHILD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from datetime import date\n"
    "from xptasks.contracts.compat import differences, formats\n"
    "from xptasks.contracts.compat.baselines import Baseline\n"
    "on = differences.Terms(Path.cwd(), date.today())\n"
    "judgement = differences.judge_on([Baseline('base', ((sys.argv[1], sys.argv[2]),))], on)\n"
    "formats.show('text', judgement)\n"
    "raise SystemExit(judgement.exit_code())\n"
)


class Cost(NamedTuple):
    """What one run took: seconds by the clock, and the most memory that any child so far held, in MB."""

    seconds: float
    megabytes: float


def run(argv: Sequence[str | Path]) -> Cost:
    """Runs a command that ends with a verdict.

    Raises:
        RuntimeError: it ended with something else.
    """
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "tools")}
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in argv], capture_output=True, check=False, env=environment)
    seconds = time.perf_counter() - start
    if done.returncode not in _VERDICTS:
        raise RuntimeError(done.stderr.decode(errors="replace")[-500:])
    return Cost(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def contenders(base: Path, head: Path) -> dict[str, list[str | Path]]:
    """The commands; the peer only where it is installed."""
    found: dict[str, list[str | Path]] = {"ours": [sys.executable, "-c", _CHILD, base.resolve(), head.resolve()]}
    peer = shutil.which("oasdiff")
    if peer:
        found["oasdiff"] = [peer, "breaking", base.resolve(), head.resolve(), "--fail-on", "ERR"]
    return found


def measure(title: str, base: Path, head: Path, rounds: int) -> None:
    """Prints the best of each contender, and the ratio to the peer."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for name, argv in contenders(base, head).items():
            cost = run(argv)
            best[name] = min(best.get(name, cost), cost)
    line = ", ".join(f"{name} {cost.seconds:.2f} s (<= {cost.megabytes:.0f} MB)" for name, cost in best.items())
    ratio = f", ratio {best['oasdiff'].seconds / best['ours'].seconds:.1f}" if "oasdiff" in best else ", no oasdiff"
    print(f"{title}: {line}{ratio}")


def reordered(path: Path, folder: Path) -> Path | None:
    """The same JSON with its keys the other way round; None for YAML."""
    if path.suffix != ".json":
        return None
    target = folder / path.name
    value = json.loads(path.read_text(encoding="utf-8"))
    target.write_text(json.dumps(dict(reversed(value.items())), indent=1), encoding="utf-8")
    return target


def main() -> None:
    """Measures what the command line asks for, the cheapest first: memory is the most that any child so far held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    measure("the same file", asked.base, asked.base, asked.rounds)
    with tempfile.TemporaryDirectory() as name:
        other = reordered(asked.base, Path(name))
        if other is not None:
            measure("other spaces and order", asked.base, other, asked.rounds)
    measure("the pair", asked.base, asked.head, asked.rounds)


if __name__ == "__main__":
    main()
