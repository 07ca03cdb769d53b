"""Facts about this machine: which programs it has, where git keeps its hooks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from xptasks.system import git

_PATIENCE = 10.0

PYTHON = "XPTASKS_PYTHON"
"""The variable with the interpreter of the project, where xptasks runs in another one."""


def project_python() -> str:
    """The interpreter that has the project installed."""
    return os.environ.get(PYTHON) or sys.executable


def find(program: str) -> str | None:
    """Where a program is: beside the running interpreter, as in an environment that is not active, or on PATH."""
    beside = Path(sys.executable).parent / program
    return str(beside) if beside.exists() else shutil.which(program)


def version(program: str, search: str) -> str:
    """The first line of `PROGRAM --version`; empty when the program is missing or does not answer in 10 s."""
    found = shutil.which(program, path=search)
    if found is None:
        return ""
    try:
        answer = subprocess.run(
            [found, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = answer.stdout.decode(errors="replace").strip().splitlines()
    return lines[0] if answer.returncode == 0 and lines else ""


def git_hooks(project: Path) -> Path | None:
    """The folder in which git looks for this repository's hooks; None outside a repository."""
    (answer,) = git.capture((("git", "rev-parse", "--git-path", "hooks"),), str(project))
    return project / answer.decode().strip() if answer else None
