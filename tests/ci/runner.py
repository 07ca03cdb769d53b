"""What GitHub's runner does with a job, as far as commands go: each `run` in a bash of its own, with the variables that
it sets; afterwards it ends every process that the job left behind and that still has the job's mark.
"""

import os
import re
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.repository import QUIET, WITHOUT_GIT
from xptasks.ci import reading

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What `shell: bash` means; without it a pipe's first part may fail."""

MARK = "RUNNER_TRACKING_ID"


@dataclass
class Runner:
    """A machine with one repository.

    Attributes:
        project: what is checked out.
        scratch: where the runner keeps its own files.
        context: the values of expressions, by their text: `matrix.tier`.
        environ: more variables, which the machine has.
    """

    project: Path
    scratch: Path
    context: dict[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def job(self, file: str, name: str) -> int:
        """Run a job's commands until one fails; its exit code. Actions are left out."""
        parsed = reading.parse((self.project / file).read_text(encoding="utf-8"), file)
        mark, code = f"github_{name}_{uuid.uuid4()}", 0
        for number, step in parsed.steps(name):
            if "run" in step and not code:
                code = self._step(str(number), step, mark, parsed.jobs[name])
        self._clear_away(mark)
        return code

    def _step(self, number: str, step: Mapping[str, Any], mark: str, job: Mapping[str, Any]) -> int:
        script = self.scratch / f"{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        own = {name: self.value(text) for name, text in {**job.get("env", {}), **step.get("env", {})}.items()}
        files = {name: str(self.scratch / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            Path(path).touch()
        told = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.project), MARK: mark}
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=self.project,
            env={**WITHOUT_GIT, **QUIET, **told, **files, **self.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        self.said.append(done.stdout + done.stderr)
        return done.returncode

    def value(self, text: str) -> str:
        """A text with expressions; what the context does not have is empty, as on GitHub."""
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda match: self.context.get(match[1], ""), str(text))

    def output(self, name: str) -> str:
        """The last value that a step gave to an output."""
        lines = (self.scratch / "github_output").read_text(encoding="utf-8").splitlines()
        return next(line.partition("=")[2] for line in reversed(lines) if line.partition("=")[0] == name)

    @staticmethod
    def _clear_away(mark: str) -> None:
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                    process.kill()
            except psutil.Error:
                continue
