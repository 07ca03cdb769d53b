"""What is left of a process tree, and how soon its runner returns: this runner beside nox, invoke, make and tox.

    PYTHONPATH=tools:. python benchmarks/processes.py

Needs nox and invoke beside this Python; make and tox take part when they are on PATH (or `--tox PATH`). Every tree
lives in a temporary folder and is ended after its measurement, whatever its runner did.
"""

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.system.trees import TOOLS, Trees
from xptasks.system.orphans import sweep

KINDS = ("plain", "setsid", "daemonised", "ignoring", "holding", "scrubbed", "respawning", "hopping")
ENDINGS = ("exit", "SIGTERM", "SIGINT", "timeout", "idle", "SIGKILL")
LIMIT = 1.0  # seconds: both limits where a runner has them
PATIENCE = 6.0  # seconds until a runner that does not return counts as hanging
SETTLING = 0.6  # seconds that a tree stands before its end: the record of a run is up to half a second old
BIN = Path(sys.executable).parent

OURS = """
import os, sys
from pathlib import Path
from xptasks.system.orphans import sweep
from xptasks.system.processes import Exit, Spec, Supervisor
limits, commands = {limits!r}, {commands!r}
sweep(Path("runs"))
with Supervisor("bench", Path("runs")) as supervisor:
    for number, command in enumerate(commands):
        log = Path(f"{{number}}.log")
        supervisor.start(Spec(str(number), tuple(command), Path.cwd(), dict(os.environ), log=log, **limits))
    left = len(commands)
    while left:
        for happening in supervisor.wait(60):
            if isinstance(happening, Exit):
                left -= 1
            else:
                print(happening, flush=True)
"""

NOX = """
import nox
@nox.session(venv_backend="none")
@nox.parametrize("command", {commands!r}, ids=[str(number) for number in range({count})])
def tree(session, command):
    session.run(*command, external=True)
"""

INVOKE = """
from invoke import task
@task
def tree(c):
    c.run({line!r}, timeout={timeout!r})
"""

TOX = """
[tox]
skipsdist = true
env_list = {names}
[testenv]
skip_install = true
allowlist_externals = *
commands = {line}
"""


@dataclass(frozen=True)
class Runner:
    """A tool that runs commands: how to write its file for them, and how to call it."""

    name: str
    argv: tuple[str, ...]
    write: Callable[[Path, list[list[str]], str], object]
    limits: tuple[str, ...] = ()
    together: tuple[str, ...] | None = None


def runners(tox: str | None) -> Iterator[Runner]:
    """Those that are installed."""
    yield Runner("xptasks", (sys.executable, "run.py"), _write_ours, limits=("timeout", "idle"), together=())
    yield Runner("nox", (str(BIN / "nox"),), _write_nox, together=("-j", "8"))
    yield Runner("invoke", (str(BIN / "inv"), "tree"), _write_invoke, limits=("timeout",))
    if make := shutil.which("make"):
        yield Runner("make", (make,), _write_make, together=("-j", "8"))
    if tox:
        yield Runner("tox", (tox,), _write_tox)


def _write_ours(folder: Path, commands: list[list[str]], ending: str) -> None:
    limits = {"timeout": {"timeout": LIMIT}, "idle": {"idle_timeout": LIMIT}}.get(ending, {})
    (folder / "run.py").write_text(OURS.format(limits=limits, commands=commands))


def _write_nox(folder: Path, commands: list[list[str]], _: str) -> None:
    (folder / "noxfile.py").write_text(NOX.format(commands=commands, count=len(commands)))


def _write_invoke(folder: Path, commands: list[list[str]], ending: str) -> None:
    timeout = int(LIMIT) if ending == "timeout" else None
    (folder / "tasks.py").write_text(INVOKE.format(line=shlex.join(commands[0]), timeout=timeout))


def _write_make(folder: Path, commands: list[list[str]], _: str) -> None:
    names = [f"tree{number}" for number in range(len(commands))]
    rules = [f"{name}:\n\t@{shlex.join(command)}\n" for name, command in zip(names, commands, strict=True)]
    (folder / "Makefile").write_text(f"all: {' '.join(names)}\n" + "".join(rules))


def _write_tox(folder: Path, commands: list[list[str]], _: str) -> None:
    (folder / "tox.ini").write_text(TOX.format(names="tree", line=shlex.join(commands[0])))


@contextlib.contextmanager
def started(runner: Runner, folder: Path, extra: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """The runner in a session of its own, its output in a file."""
    env: Mapping[str, str] = {**os.environ, "PYTHONPATH": TOOLS, "PYTHONUNBUFFERED": "1"}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [*runner.argv, *extra], cwd=folder, env=env, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def one_tree(runner: Runner, kind: str, ending: str) -> tuple[int, float]:
    """How many processes survive, and after how many seconds the runner returns (infinite when it does not)."""
    trees = Trees()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        argv = list(trees.argv(kind, "exit" if ending == "exit" else "sleep"))
        runner.write(folder, [argv], ending)
        try:
            with started(runner, folder) as process:
                wait_until(lambda: b"ready" in (folder / "output").read_bytes())
                if ending.startswith("SIG"):
                    time.sleep(SETTLING)
                seconds = ended(process, ending)
            if runner.name == "xptasks" and ending == "SIGKILL":
                sweep(folder / "runs")
            return len(trees.alive()), seconds
        finally:
            clean_up(trees)


def ended(process: subprocess.Popen[bytes], ending: str) -> float:
    """End the runner (Ctrl-C reaches its whole group, as in a terminal); the seconds until it returned."""
    began = time.perf_counter()
    if ending == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    elif ending.startswith("SIG"):
        process.send_signal(getattr(signal, ending))
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return float("inf")
    return time.perf_counter() - began


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll for at most ten seconds."""
    give_up = time.monotonic() + 10
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("the tree does not stand after 10 s")
        time.sleep(0.01)


def clean_up(trees: Trees) -> None:
    """End what a runner left, stopping everything first: some trees grow again."""
    give_up = time.monotonic() + 10
    while (left := trees.alive()) and time.monotonic() < give_up:
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for process in left:
                with contextlib.suppress(psutil.Error):
                    act(process)


def matrix(runner: Runner) -> None:
    """Print one line for each way to end."""
    for ending in ENDINGS:
        if ending in ("timeout", "idle") and ending not in runner.limits:
            print(f"{runner.name:8} {ending:8} has no such limit")
            continue
        results = {kind: one_tree(runner, kind, ending) for kind in KINDS}
        left = "  ".join(f"{kind} {survivors}" for kind, (survivors, _) in results.items())
        with_survivors = sum(survivors > 0 for survivors, _ in results.values())
        slowest = max(seconds for _, seconds in results.values())
        print(
            f"{runner.name:8} {ending:8} {with_survivors} of {len(KINDS)} trees survive;"
            f" slowest return {slowest:4.1f} s;  {left}"
        )


def sleepers(runner: Runner, rounds: int) -> None:
    """Print what seven more steps of 50 ms cost beside one."""
    medians = [statistics.median(timed(runner, count) for _ in range(rounds)) for count in (1, 8)]
    one, eight = medians
    print(
        f"{runner.name:8} one sleeper {one * 1e3:6.0f} ms, eight {eight * 1e3:6.0f} ms: {(eight - one) * 1e3:+6.0f} ms"
    )


def timed(runner: Runner, count: int) -> float:
    """Seconds for `count` steps that sleep 50 ms, the runner's own start included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner.write(folder, [["sleep", "0.05"]] * count, "")
        began = time.perf_counter()
        with started(runner, folder, runner.together or ()) as process:
            assert process.wait() == 0, (folder / "output").read_text()
            return time.perf_counter() - began


def main() -> None:
    """Run everything, or one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tox", default=shutil.which("tox"), help="a tox to compare with")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the eight sleepers")
    parser.add_argument("--only", help="one runner's name")
    options = parser.parse_args()
    chosen = [runner for runner in runners(options.tox) if options.only in (None, runner.name)]
    for runner in chosen:
        if runner.together is not None:
            sleepers(runner, options.rounds)
    for runner in chosen:
        matrix(runner)


if __name__ == "__main__":
    main()
