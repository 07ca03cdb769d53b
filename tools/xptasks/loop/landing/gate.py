"""The gate as the queue runs it: one tier on one commit, in the queue's worktree, under a supervisor."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xptasks.errors import ExitCode
from xptasks.history.actors import CHANGES, VARIABLE
from xptasks.landing.queue import Ran
from xptasks.loop.landing.acts import ACTOR
from xptasks.loop.landing.place import Place
from xptasks.results import LAST_RUN, Status
from xptasks.system.files import atomic_write
from xptasks.system.processes import Exit, Signalled, Spec
from xptasks.tiers import quick
from xptasks.tiers.run import HEARTBEAT, Door

_NOT_PASSED_ON = ("XPTASKS_", "NOX", "GIT_", "PYTEST_", "PYTHON", "COVERAGE_", "HYPOTHESIS_", "MYPY", "RUFF_")
"""Beginnings of names of variables that could make the gate another one."""
_RED = (ExitCode.GATE_FAILED, ExitCode.USAGE)
_GREEN_STEPS = (Status.PASSED, Status.SKIPPED)
_KEPT = 30  # runs whose logs are kept
_MOST_WORDS = 40  # that tell one failure from another

Argv = Callable[[Path, str, Sequence[str]], Sequence[str]]
"""From a project's folder, a tier and the steps that are asked for (none for all) to the command."""


def nox(project: Path, tier: str, steps: Sequence[str]) -> Sequence[str]:
    """`nox -s TIER`, or the runner itself where there is no noxfile."""
    if (project / "noxfile.py").exists():
        return (sys.executable, "-P", "-m", "nox", "-s", tier, *(("--", *steps) if steps else ()))
    return (sys.executable, "-P", "-m", "xptasks", "run", tier, *steps)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run.

    Attributes:
        commit: the commit that is tested.
        onto: the commit that it is compared with.
        tier: the tier.
        steps: its steps that are asked for; none for all of them.
        seconds: that it may take.
        what: it in words.
        changes: the names of the changes that it is about; none where it is the trunk alone.
    """

    commit: str
    onto: str
    tier: str
    steps: tuple[str, ...] = ()
    seconds: float = 900.0
    what: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gated:
    """How it ended.

    Attributes:
        job: what was run.
        ran: green, red, or broken, and what failed.
        run: `.xp/last-run.json` of it; empty when it wrote none.
        tail: the last lines that were printed.
        logs: the folder where its logs are kept.
        seconds: that it took.
    """

    job: Job
    ran: Ran
    run: Mapping[str, Any] = field(default_factory=dict)
    tail: tuple[str, ...] = ()
    logs: Path = Path()
    seconds: float = 0.0


class Interrupted(Exception):  # noqa: N818 - it is no error
    """A signal asks the queue to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum


class Gate:
    """Runs tiers.

    Args:
        place: where.
        supervisor: the door to processes; it is open.
        environ: the caller's environment, of which only what changes no verdict is passed on.
        argv: the command.
        tell: gets a sign of life now and then.
    """

    def __init__(
        self, place: Place, supervisor: Door, environ: Mapping[str, str], argv: Argv, tell: Callable[[str], object]
    ) -> None:
        self._place = place
        self._supervisor = supervisor
        self._environ = environment(environ)
        self._argv = argv
        self._tell = tell
        self._count = 0

    def __call__(self, job: Job) -> Gated:
        """Run it.

        Raises:
            Interrupted: a signal came meanwhile; nothing is left running.
            CannotRunError: the commit cannot be checked out.
        """
        project = self._place.check_out(job.commit, job.onto)
        for stale in (project / LAST_RUN, Path(quick.path_of(str(project), job.tier))):
            with suppress(OSError):  # what an earlier run left must not be taken for this one's
                stale.unlink()
        logs = self._logs(job)
        self._count += 1
        argv = tuple(self._argv(project, job.tier, job.steps))
        environ = {**self._environ, **({CHANGES: " ".join(job.changes)} if job.changes else {})}
        spec = Spec(f"gate-{self._count}", argv, project, environ, job.seconds, None, logs / "gate.log")
        self._supervisor.start(spec)
        end = self._wait(spec, job)
        run = last_run(project, job.tier)
        self._keep(project, logs, run)
        return Gated(job, judged(end, run), run, end.tail, logs, end.seconds)

    def _wait(self, spec: Spec, job: Job) -> Exit:
        signum, said = 0, time.monotonic()
        while True:
            for happening in self._supervisor.wait(HEARTBEAT):
                if isinstance(happening, Signalled):
                    signum = signum or happening.signum
                elif isinstance(happening, Exit) and happening.key == spec.key:
                    if signum:
                        raise Interrupted(signum)
                    return happening
            if time.monotonic() >= said + HEARTBEAT:
                said = time.monotonic()
                self._tell(f"still {job.what}")

    def _logs(self, job: Job) -> Path:
        """A new folder for the logs of a run; the oldest ones go."""
        folder = self._place.home / "logs"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        number = 1
        while (folder / f"{job.commit[:12]}-{number}").exists():
            number += 1
        return folder / f"{job.commit[:12]}-{number}"

    def _keep(self, project: Path, logs: Path, run: Mapping[str, Any]) -> None:
        """The worktree is used again: what explains a failure moves out of it. A full disk costs only that."""
        with suppress(OSError):
            atomic_write(logs / "last-run.json", json.dumps(run, indent=2))
            for step in run.get("steps", ()):
                log = step.get("log")
                if log and step["reading"]["status"] not in _GREEN_STEPS:
                    shutil.copyfile(project / log, logs / f"{step['step']}.log")


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the gate sees of the caller's environment: nothing that could make it another gate; the queue runs it."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_NOT_PASSED_ON)}
    return {**kept, "XPTASKS_OUTPUT": "plain", VARIABLE: ACTOR}


def last_run(project: Path, tier: str) -> Mapping[str, Any]:
    """What the run wrote; empty when that is none of ours."""
    try:
        loaded = json.loads((project / LAST_RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    mine = isinstance(loaded, dict) and loaded.get("schema") == 1 and loaded.get("tier") == tier
    return loaded if mine else {}


def judged(end: Exit, run: Mapping[str, Any]) -> Ran:
    """Green, red or broken. Nox flattens exit codes, so that what the run wrote counts; without it nothing is known."""
    code = run.get("exit_code")
    if code == 0 and end.code == 0:
        return Ran("green")
    if code in _RED:
        return Ran("red", words_of(run))
    return Ran("broken", frozenset({str(end.ended), str(code)}))


def words_of(run: Mapping[str, Any]) -> frozenset[str]:
    """What failed, to tell one failure from another: step, rule and file of each finding, or the step alone."""
    found: set[str] = set()
    for step in run.get("steps", ()):
        reading = step["reading"]
        if reading["status"] in _GREEN_STEPS:
            continue
        errors = [finding for finding in reading["findings"] if finding["severity"] == "error"]
        found |= {_word(step["step"], finding) for finding in errors} or {f"{step['step']} {reading['status']}"}
    return frozenset(sorted(found or {f"exit code {run.get('exit_code')}"})[:_MOST_WORDS])


def _word(step: str, finding: Mapping[str, Any]) -> str:
    place = finding["position"]
    return " ".join(filter(None, (step, finding["rule"], place["file"] if place else "")))
