"""How long a tier takes when nothing is cached, beside what it cannot beat: its slowest step, and CPU over cores.

    python benchmarks/tier.py [TIER] [--cold]

`--cold` takes away what tools remember, too (mypy's cache), as on a fresh machine with its environments built.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NOX = Path(sys.executable).parent / "nox"


def main() -> None:
    """Run the tier once and print its wall time beside its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tier", nargs="?", default="fast")
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    if options.cold:
        shutil.rmtree(PROJECT / ".xp", ignore_errors=True)
    began = time.perf_counter()
    done = subprocess.run([NOX, "-s", options.tier, "--", "--no-cache"], cwd=PROJECT, capture_output=True, check=False)
    whole = time.perf_counter() - began
    run = json.loads((PROJECT / ".xp/last-run.json").read_text(encoding="utf-8"))
    slowest = max(run["steps"], key=lambda step: step["seconds"])
    cpu = sum(step["cpu_seconds"] for step in run["steps"]) / (os.cpu_count() or 1)
    bound = max(slowest["seconds"], cpu)
    print(f"{options.tier}: {run['status']} (nox: {done.returncode})")
    print(f"whole command {whole:.1f} s, steps {run['seconds']:.1f} s")
    print(f"slowest step {slowest['step']} {slowest['seconds']:.1f} s; CPU over cores {cpu:.1f} s")
    print(f"ratio to the larger bound {run['seconds'] / bound:.2f} (at most 1.2)")


if __name__ == "__main__":
    main()
