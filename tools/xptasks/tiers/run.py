"""Runs the steps of a tier in one pool under one supervisor, and tells what happens as a stream of events.

The events and their data (every event of a step has `step`):

- `run-started`: `tier`, `run_id`, `commit`, `dirty`, `steps`, `jobs`, `budget`, `circumstances`
- `step-started`: `argv`, `log`
- `step-output`: `stream`, `lines`
- `step-finished`: `result`, a `StepResult` as JSON
- `heartbeat`: `running`, seconds by step; `done`; `total`; every 30 s while something runs
- `notice`: `message`
- `run-finished`: `status`, `exit_code`, `seconds`, `signal`; the gate adds `edited`, a file that was written meanwhile
"""

import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from xptasks.errors import ExitCode
from xptasks.results import Circumstances, Command, Event, Finding, Outcome, Reading, Status, StepResult
from xptasks.system.processes import Ended, Exit, Happening, Output, Signalled, Spec

HEARTBEAT = 30.0
"""Seconds between signs of life while something runs."""

_LONG = 3600.0  # nothing is due: wait this long

_SIGNAL_CODES = {2: ExitCode.INTERRUPTED}  # every other signal that ends a run counts as SIGTERM


class Door(Protocol):
    """What the runner needs of a supervisor; `system.processes.Supervisor` is the real one."""

    def __enter__(self) -> Self:
        """Get ready."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End what still runs."""
        ...

    def start(self, spec: Spec) -> None:
        """Start a child."""
        ...

    def wait(self, seconds: float) -> list[Happening]:
        """What happened within `seconds`."""
        ...

    def stop(self, key: str, ended: Ended) -> None:
        """End a child and its tree."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """A step that is ready to run.

    Attributes:
        name: the step's name, unique in the run.
        command: what to run.
        read: what the output means.
        env: the child's complete environment.
        log: the file for its output, below the project.
        rerun: the command that runs just this step again.
        cached: an earlier green result; the step does not run then.
    """

    name: str
    command: Command
    read: Callable[[Outcome], Reading]
    env: Mapping[str, str]
    log: Path
    rerun: str = ""
    cached: StepResult | None = None


Judge = Callable[[Sequence[StepResult]], StepResult | None]
"""From the results of all steps to one more result, or None."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a run.

    Attributes:
        project: the project's folder, where the steps run.
        jobs: how many steps may run at the same time.
        budget: seconds for all steps together; None means no limit.
        partial_allowed: whether deferred tests or a missing tool are good enough here (they are in `fast`).
        tier, run_id: what the run is called, for the reports.
        commit: the commit that is checked; empty when the working tree holds something else.
        dirty: what it holds else, as `git status --porcelain` says it.
        judge: has the last word about the results.
        circumstances: under what it takes place, for the reports.
    """

    project: Path
    jobs: int = 8
    budget: float | None = None
    partial_allowed: bool = False
    tier: str = ""
    run_id: str = ""
    commit: str = ""
    dirty: tuple[str, ...] = ()
    judge: Judge | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over: results in the order of the plan, and the signal that ended it early, if one did."""

    results: tuple[StepResult, ...]
    signum: int | None = None

    @property
    def status(self) -> Status:
        """How the run ended."""
        return overall(result.status for result in self.results)


def run(
    planned: Sequence[Planned],
    terms: Terms,
    supervisor: Door,
    emit: Callable[[Event], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Finished:
    """Run what is not cached, in the given order, and return a result for every step.

    The supervisor is entered only when there is something to run. Unless a signal ends the run, its judge looks at the
    results of all steps and may add one.
    """
    pool = _Pool(
        terms, supervisor, emit, clock, total=len(planned), waiting=[step for step in planned if not step.cached]
    )
    pool.tell(
        "run-started",
        tier=terms.tier,
        run_id=terms.run_id,
        commit=terms.commit,
        dirty=list(terms.dirty),
        steps=[step.name for step in planned],
        jobs=terms.jobs,
        budget=terms.budget,
        circumstances=asdict(terms.circumstances),
    )
    for step in planned:
        if step.cached:
            pool.finish(step.cached)
    if pool.waiting:
        with supervisor:
            pool.work()
    results = tuple(pool.results[step.name] for step in planned)
    if terms.judge and pool.signum is None and (verdict := terms.judge(results)):
        pool.finish(verdict)
        results = (*results, verdict)
    finished = Finished(results, pool.signum)
    code = exit_code(finished, partial_allowed=terms.partial_allowed)
    pool.tell("run-finished", status=finished.status, exit_code=int(code), seconds=pool.now, signal=pool.signum)
    return finished


def overall(statuses: Iterable[Status]) -> Status:
    """How a run ended whose steps ended like this. Green takes every step; a mix of green and not run is partial."""
    found = set(statuses)
    for worst in (Status.FAILED, Status.ERROR, Status.TIMED_OUT, Status.CANCELLED):
        if worst in found:
            return worst
    if found & {Status.PASSED, Status.PARTIAL}:
        return Status.PASSED if found == {Status.PASSED} else Status.PARTIAL
    return Status.UNAVAILABLE if Status.UNAVAILABLE in found else Status.SKIPPED


def exit_code(finished: Finished, *, partial_allowed: bool = False) -> ExitCode:
    """The exit code of a run: a signal first, then a no, then what could not run, then what had no time.

    Args:
        finished: the run.
        partial_allowed: whether deferred tests or a missing tool are good enough here (they are in `fast`).
    """
    if finished.signum is not None:
        return _SIGNAL_CODES.get(finished.signum, ExitCode.TERMINATED)
    if finished.status is Status.PARTIAL:
        return ExitCode.OK if partial_allowed else _why_partial(finished)
    return _CODES[finished.status]


_CODES = {
    Status.PASSED: ExitCode.OK,
    Status.FAILED: ExitCode.GATE_FAILED,
    Status.ERROR: ExitCode.CANNOT_RUN,
    Status.UNAVAILABLE: ExitCode.CANNOT_RUN,
    Status.SKIPPED: ExitCode.CANNOT_RUN,  # nothing ran, so nothing is known
    Status.TIMED_OUT: ExitCode.OVER_BUDGET,
    Status.CANCELLED: ExitCode.OVER_BUDGET,
}


def _why_partial(finished: Finished) -> ExitCode:
    """A missing tool weighs more than missing time; what was skipped on purpose weighs nothing."""
    statuses = {result.status for result in finished.results}
    if Status.UNAVAILABLE in statuses:
        return ExitCode.CANNOT_RUN
    return ExitCode.OVER_BUDGET if Status.PARTIAL in statuses else ExitCode.OK


@dataclass(slots=True, eq=False)
class _Pool:
    """The state of a run: who waits, who runs, who is done."""

    terms: Terms
    supervisor: Door
    emit: Callable[[Event], None]
    clock: Callable[[], float]
    total: int
    waiting: list[Planned]
    running: dict[str, tuple[Planned, float]] = field(default_factory=dict)
    results: dict[str, StepResult] = field(default_factory=dict)
    signum: int | None = None
    over_budget: bool = False
    next_heartbeat: float = HEARTBEAT
    began: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self.began

    def tell(self, kind: str, step: str = "", **data: Any) -> None:  # noqa: ANN401 - whatever turns into JSON
        """Emit an event."""
        self.emit(Event(kind, self.now, step, data))

    def finish(self, result: StepResult) -> None:
        """Keep a result and tell it."""
        self.results[result.step] = result
        self.tell("step-finished", result.step, result=asdict(result))

    def work(self) -> None:
        """Start and watch until nothing waits and nothing runs."""
        while self.waiting or self.running:
            self._keep_budget()
            self._start_some()
            for happening in self.supervisor.wait(self._until_due()) if self.running else ():
                self._handle(happening)
            self._beat()

    def _keep_budget(self) -> None:
        budget = self.terms.budget
        if budget is None or self.now < budget or self.over_budget:
            return
        self.over_budget = True
        for name in self.running:
            self.supervisor.stop(name, Ended.TIMED_OUT)
        self._cancel_waiting(f"not started: the tier's budget of {budget:g} s is used up")

    def _start_some(self) -> None:
        while self.waiting and len(self.running) < self.terms.jobs:
            self._start(self.waiting.pop(0))

    def _start(self, step: Planned) -> None:
        try:
            _remove_artifacts(step, self.terms.project)
        except OSError as problem:
            self.finish(_cannot_start(step, problem))
            return
        self.running[step.name] = (step, self.now)
        self.tell("step-started", step.name, argv=list(step.command.argv), log=_relative(step.log, self.terms.project))
        command = step.command
        self.supervisor.start(
            Spec(
                key=step.name,
                argv=command.argv,
                cwd=self.terms.project,
                env=step.env,
                timeout=command.timeout,
                idle_timeout=command.idle_timeout,
                log=step.log,
            )
        )

    def _handle(self, happening: Happening) -> None:
        match happening:
            case Output(key, stream, lines):
                self.tell("step-output", key, stream=stream, lines=list(lines))
            case Signalled(signum):
                self.signum = self.signum or signum
                self._cancel_waiting("not started: the run was interrupted")
            case Exit(key=key):
                step, _ = self.running.pop(key)
                self.finish(conclude(step, happening, self.terms.project, self.terms.budget))

    def _cancel_waiting(self, why: str) -> None:
        waiting, self.waiting = self.waiting, []
        for step in waiting:
            self.finish(StepResult(step.name, Reading(Status.CANCELLED, why), rerun=step.rerun))

    def _until_due(self) -> float:
        due = [self.next_heartbeat, self.now + _LONG]
        if self.terms.budget is not None and not self.over_budget:
            due.append(self.terms.budget)
        return max(0.0, min(due) - self.now)

    def _beat(self) -> None:
        now = self.now
        if self.running and now >= self.next_heartbeat:
            self.next_heartbeat = now + HEARTBEAT
            running = {name: round(now - since, 1) for name, (_, since) in self.running.items()}
            self.tell("heartbeat", running=running, done=len(self.results), total=self.total)


def conclude(step: Planned, end: Exit, project: Path, budget: float | None = None) -> StepResult:
    """What a child's end means for its step.

    Args:
        step: the step.
        end: how its child ended.
        project: the project's folder.
        budget: the tier's budget in seconds: what ran out when the step was within its own limits.
    """
    match end.ended:
        case Ended.EXITED:
            reading = _read(step, end, project)
        case Ended.NOT_STARTED:
            reading = _not_started(step, end)
        case Ended.TIMED_OUT | Ended.IDLE:
            reading = _stopped(Status.TIMED_OUT, _limit(step, end, budget), end)
        case Ended.INTERRUPTED | Ended.TERMINATED:
            reading = _stopped(Status.CANCELLED, f"{end.ended} after {end.seconds:.1f} s", end)
    return StepResult(
        step.name,
        reading,
        seconds=end.seconds,
        cpu_seconds=end.cpu_seconds,
        log=_relative(step.log, project),
        rerun=step.rerun,
    )


def _read(step: Planned, end: Exit, project: Path) -> Reading:
    code = 0 if end.code is None else end.code
    try:
        reading = step.read(Outcome(code, end.stdout, end.stderr, project, step.command.artifacts))
    except Exception as error:  # noqa: BLE001 - a step may be anybody's: its mistake must not end the run
        where = _keep_traceback(step, project)
        message = f"the output of {step.name} cannot be read: {type(error).__name__}: {error}"
        return Reading(Status.ERROR, message, (Finding(message, rule="unreadable-output", hint=where),))
    return _with_leftovers(reading, end)


def _keep_traceback(step: Planned, project: Path) -> str:
    try:
        with step.log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
    except OSError:
        return traceback.format_exc()
    return f"the traceback is at the end of {_relative(step.log, project)}"


def _with_leftovers(reading: Reading, end: Exit) -> Reading:
    """Processes that a step leaves behind are a mistake of the step, but not one that turns it red."""
    found = [
        Finding(message, rule=rule, severity="warning")
        for message, rule in (
            (f"left {end.killed} running processes behind; they were ended" if end.killed else "", "left-processes"),
            (f"left processes behind that cannot be ended: {_numbers(end.left)}" if end.left else "", "left-processes"),
            (end.error, "incomplete-log"),
        )
        if message
    ]
    return replace(reading, findings=(*reading.findings, *found)) if found else reading


def _not_started(step: Planned, end: Exit) -> Reading:
    program = step.command.argv[0]
    if not end.missing:
        message = f"{step.name} cannot start: {end.error}"
        return Reading(Status.ERROR, message, (Finding(message, rule="not-started"),))
    message = f"the program {program!r} is not installed"
    what = " ".join(step.command.distributions) or program
    hint = f"install {what} where the tier finds it: in its requirements, or on PATH"
    return Reading(Status.UNAVAILABLE, message, (Finding(message, rule="missing-program", hint=hint),))


def _stopped(status: Status, why: str, end: Exit) -> Reading:
    output = "".join(f"\n  {line}" for line in end.tail)
    hint = f"its last output was:{output}" if output else "it printed nothing"
    return Reading(status, why, (Finding(why, rule=status.replace(" ", "-"), hint=hint),))


def _limit(step: Planned, end: Exit, budget: float | None) -> str:
    command = step.command
    if end.ended is Ended.IDLE:
        return f"stopped after {end.seconds:.1f} s: silent for {command.idle_timeout:g} s, its idle limit"
    if command.timeout is not None and end.seconds >= command.timeout:
        return f"stopped after {end.seconds:.1f} s: its time limit is {command.timeout:g} s"
    return f"stopped after {end.seconds:.1f} s: the tier's budget of {budget:g} s is used up"


def _cannot_start(step: Planned, problem: OSError) -> StepResult:
    message = f"an artifact of an earlier run cannot be removed: {problem}"
    return StepResult(
        step.name, Reading(Status.ERROR, message, (Finding(message, rule="not-started"),)), rerun=step.rerun
    )


def _remove_artifacts(step: Planned, project: Path) -> None:
    """What an earlier run wrote must not be taken for this run's."""
    for artifact in step.command.artifacts:
        path = project / artifact
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _relative(path: Path, project: Path) -> str:
    return os.path.relpath(path, project)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
