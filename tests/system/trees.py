"""Finds the processes of a test by itself: a second opinion on what is left."""

import subprocess
import sys
import uuid
from pathlib import Path

import psutil

HERE = Path(__file__).parent
TREE = str(HERE / "process_tree.py")
TOOLS = str(HERE.parents[1] / "tools")


class Trees:
    """Process trees with a token in their command line."""

    def __init__(self) -> None:
        self.token = f"tree-{uuid.uuid4().hex}"

    def argv(self, kind: str, then: str = "sleep") -> tuple[str, ...]:
        return (sys.executable, "-S", TREE, kind, self.token, then)

    def alive(self) -> list[psutil.Process]:
        """What runs; a tree that forks all the time may hide from one look, hardly from three."""
        looks = ([process for process in psutil.process_iter() if self._is_ours(process)] for _ in range(3))
        return next(filter(None, looks), [])

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            words = process.cmdline()
            return TREE in words and self.token in words and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def supervised(self, runs: Path, run: str, kind: str) -> subprocess.Popen[str]:
        """A supervisor of its own, ready to be killed."""
        argv = [sys.executable, str(HERE / "supervised.py"), str(runs), run, kind, self.token]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": TOOLS})
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process
