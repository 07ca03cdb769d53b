import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xptasks import steps
from xptasks.contracts.generate.settings import GenerateSettings
from xptasks.contracts.settings import ContractsSettings
from xptasks.probes.kinds import health
from xptasks.results import Command, Outcome, Reading, StepContext
from xptasks.service.settings import ServiceSettings

TOOLS = Path(__file__).parents[2] / "tools"
Play = Callable[..., Reading]


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    project = tmp_path / "project"
    project.mkdir()
    return StepContext(
        project,
        sys.executable,
        (".",),
        ("tests",),
        scratch=tmp_path / "scratch",
        state=tmp_path / "state",
        slices={
            "contracts": ContractsSettings(),
            "generate": GenerateSettings(),
            "service": ServiceSettings(),
            "probes": {"health": health.Options(kind="health")},
        },
    )


@pytest.fixture
def play(context: StepContext) -> Play:
    """Run a step's real tool over files in an empty project and read what it says."""

    def run(name: str, files: dict[str, str], options: dict[str, Any] | None = None, **changes: Any) -> Reading:  # noqa: ANN401
        for path, text in files.items():
            target = context.project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode(errors="surrogateescape"))
        step = steps.load(name)
        chosen = step.Options(**(options or {}))
        command = step.command(chosen, replace(context, **changes))
        return step.read(chosen, outcome(command, context.project))

    return run


def outcome(command: Command, project: Path) -> Outcome:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": "/nowhere",
        "PYTHONPATH": str(TOOLS),
        "PYTHONDONTWRITEBYTECODE": "1",
        **command.env,
        **command.hints,
    }
    for artifact in command.artifacts:
        artifact.unlink(missing_ok=True)
    done = subprocess.run(
        command.argv, cwd=project, env=environ, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err, project, command.artifacts)
