"""What people wait for when nothing has to be done, each beside its peer in one run: ratios of medians.

    python benchmarks/startup.py [--rounds 15]

Needs the tier fast green and unchanged (run `nox -s fast` first), `nox`, `inv`, `uv` and `prek` in this environment.
The pairs take turns, so that a noisy moment hits both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HOOK = PROJECT / "tools" / "xptasks" / "hook.py"
BASE = Path(sys.base_prefix) / "bin" / "python3"
BIN = Path(sys.executable).parent

TRIVIAL_TASKS = """\
from invoke import task


@task
def nothing(context):
    \"\"\"Do nothing.\"\"\"
"""
BARE_NOXFILE = """\
import nox


@nox.session(reuse_venv=True, venv_backend="uv")
def fast(session):
    \"\"\"Do nothing.\"\"\"
"""


class Contender:
    """A command in a folder, with the times that it took."""

    def __init__(self, name: str, argv: Sequence[str | Path], folder: Path) -> None:
        self.name = name
        self.argv = [str(word) for word in argv]
        self.folder = folder
        self.seconds: list[float] = []

    def once(self) -> None:
        """Run it once; a run that fails would measure something else."""
        began = time.perf_counter()
        done = subprocess.run(self.argv, cwd=self.folder, capture_output=True, text=True, check=False, env=_environ())
        self.seconds.append(time.perf_counter() - began)
        if done.returncode:
            sys.exit(f"{' '.join(self.argv)}\n{done.stdout}{done.stderr}")

    @property
    def median(self) -> float:
        """Milliseconds; the first run only warms up."""
        return statistics.median(self.seconds[1:]) * 1000


def main() -> None:
    """Measure every pair and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        pairs = _pairs(Path(name))
        for _ in range(rounds + 1):
            for pair in pairs:
                for contender in pair[:2]:
                    contender.once()
    print(f"{'ours':34} {'ms':>7}   {'peer':34} {'ms':>7}   {'ratio':>6}  at most")
    for ours, peer, limit in pairs:
        ratio = ours.median / peer.median
        print(f"{ours.name:34} {ours.median:7.1f}   {peer.name:34} {peer.median:7.1f}   {ratio:6.2f}  {limit}")


def _pairs(folder: Path) -> list[tuple[Contender, Contender, str]]:
    trivial, bare = folder / "trivial", folder / "bare"
    for path, text in ((trivial / "tasks.py", TRIVIAL_TASKS), (bare / "noxfile.py", BARE_NOXFILE)):
        path.parent.mkdir()
        path.write_text(text)
    nothing = Contender("python -c 0", [BASE, "-c", "0"], folder)
    isolated = Contender("python -I -S -c 0", [BASE, "-I", "-S", "-c", "0"], folder)
    hook = [BASE, "-I", "-S", HOOK, "fast"]
    return [
        (
            Contender("inv --list", [BIN / "inv", "--list"], PROJECT),
            Contender("inv --list, one trivial task", [BIN / "inv", "--list"], trivial),
            "1.3",
        ),
        (
            Contender("nox -s fast, unchanged", [BIN / "nox", "-s", "fast"], PROJECT),
            Contender("nox, a session that does nothing", [BIN / "nox", "-s", "fast"], bare),
            "1.25",
        ),
        (Contender("hook, unchanged", hook, PROJECT), nothing, "4"),
        (Contender("hook, unchanged ", hook, PROJECT), isolated, "as measured"),
        (
            Contender("hook through prek", [BIN / "prek", "run", "--all-files", "fast"], PROJECT),
            Contender("python -c 0 ", [BASE, "-c", "0"], folder),
            "as measured",
        ),
        (
            Contender("inv plan fast", [BIN / "inv", "plan", "fast"], PROJECT),
            Contender("inv --list, one trivial task ", [BIN / "inv", "--list"], trivial),
            "as measured",
        ),
    ]


def _environ() -> dict[str, str]:
    """Our own environment first on the path, and no byte code left out: start-up without it is not what users see."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environ, "PATH": f"{BIN}{os.pathsep}{environ['PATH']}"}


if __name__ == "__main__":
    main()
