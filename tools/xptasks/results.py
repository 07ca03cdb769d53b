"""What every check returns: plain frozen values that any report can show and any store can keep.

Nothing here imports more than the standard library; all values turn into JSON by `dataclasses.asdict`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

LAST_RUN = ".xp/last-run.json"
"""Where the last run is written, relative to the project."""


class Status(StrEnum):
    """How a step or a run ended. Only PASSED is green; each of the others says why it is not."""

    PASSED = "passed"
    PARTIAL = "partial"  # green as far as it went: tests were deferred, or a step was unavailable
    FAILED = "failed"  # the check said no
    ERROR = "error"  # the check could not run or broke
    TIMED_OUT = "timed out"
    UNAVAILABLE = "unavailable"  # a tool is missing on this machine
    SKIPPED = "skipped"  # not run, on purpose
    CANCELLED = "cancelled"  # stopped by a signal or by a failure elsewhere


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; line and column count from 1, columns in characters (code points)."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check complains about.

    Attributes:
        message: what is wrong, in words its reader understands.
        rule: the stable name of the rule, e.g. `F401` or `openapi-duplicate-operation-id`.
        severity: only `error` makes a step fail.
        position: where.
        hint: what to do about it.
    """

    message: str
    rule: str = ""
    severity: Severity = "error"
    position: Position | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number that a step measured; ratchets and history read it. `unit` is a UCUM-like word: s, ms, percent, 1."""

    name: str
    value: float
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a step's output means, before time and log are added.

    Attributes:
        status: PASSED, PARTIAL, FAILED, ERROR, UNAVAILABLE or SKIPPED.
        summary: one line in the tool's own words, e.g. `312 passed in 4.1s`.
        deferred: names of what was left for the next run (makes the run partial).
    """

    status: Status
    summary: str = ""
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    deferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """A finished step: its reading plus how long it took and where its log lies.

    Attributes:
        cached: True when an earlier green result with the same key was reused.
        seconds, cpu_seconds: wall time and CPU time of the step's process tree; of the original run when cached.
        log: path of the captured output, relative to the project.
        rerun: the command that runs just this step again.
    """

    step: str
    reading: Reading
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cached: bool = False
    log: str = ""
    rerun: str = ""

    @property
    def status(self) -> Status:
        """The status of the reading."""
        return self.reading.status


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under what a run took place: what makes two runs of one commit comparable, and whose they are.

    Attributes:
        project: the project's name.
        began: when it began, in seconds since the epoch.
        actor: who ran it, `human:ann`.
        words: what was asked of it besides: names of steps, words for the last one's tool.
        profile: the profile that counted; empty without one.
        overrides: what was overridden on the command line or by variables: keys, or `profile`.
        environment: a hash of platform, Python and what is installed; empty when nobody knows.
        attempt: which attempt of a CI's run it is, from 1.
        again: who asked CI for another attempt; empty for the first.
        changes: the changes of a queue that are tested together; empty elsewhere.
    """

    project: str = ""
    began: float = 0.0
    actor: str = ""
    words: tuple[str, ...] = ()
    profile: str = ""
    overrides: tuple[str, ...] = ()
    environment: str = ""
    attempt: int = 1
    again: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a run's event stream; every report reads only these.

    Attributes:
        kind: `run-started`, `step-started`, `step-output`, `step-finished`, `heartbeat`, `notice`, `run-finished`.
        at: seconds since the run began, monotonic.
        step: the step's name, empty for events of the run.
        data: what belongs to the kind, JSON-serialisable.
    """

    kind: str
    at: float
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A step as data: what to run, what it reads, what it may see. The runner and the cache need nothing else.

    Attributes:
        argv: the command; `{python}` in a user's command is already replaced.
        inputs: globs (git pathspec style, relative to the project) of the files the outcome depends on.
        env: variables that the step sets itself.
        hints: more of them, which may change the order of work but never the verdict: no part of the cache's key.
        passes: names of variables of the caller that the child may see; every other variable is stripped.
        distributions: names of installed distributions whose version is the tool's version.
        cacheable: False for a step that looks at the network, the clock or chance.
        timeout, idle_timeout: limits in seconds; None means only the tier's budget counts.
        artifacts: files (relative to the project) that the step writes and `read` parses; removed before it runs.
    """

    argv: tuple[str, ...]
    inputs: tuple[str, ...] = ("**",)
    env: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    passes: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    cacheable: bool = True
    timeout: float | None = None
    idle_timeout: float | None = None
    artifacts: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the supervisor saw of a finished child: exit code (negative for a signal), output, and the artifacts."""

    exit_code: int
    stdout: str
    stderr: str
    project: Path
    artifacts: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may know when it says what to run.

    Attributes:
        project: the project's folder, absolute.
        python: the interpreter of the tier's environment, where the project is.
        own: the interpreter that has xptasks: the same, unless the tier's runner is `outside`.
        sources, tests: the project's configured folders, relative.
        extra: words after the step's name on the command line.
        scratch: an empty folder for this run's artifacts.
        state: a folder that this step of this tier keeps from run to run.
        budget: seconds that this step may use up, None without a budget.
        changed: files that differ from those of the last green run, relative.
        rerun: the command that runs just this step again; words may follow it.
        base: the commit at which the change at hand left the trunk, empty when nobody knows.
        told: more that the test steps tell pytest: see `tiers.pytest_order`.
        slices: the parts of the configuration that the step asked for (e.g. `contracts`).
    """

    project: Path
    python: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    scratch: Path
    state: Path
    extra: tuple[str, ...] = ()
    budget: float | None = None
    changed: tuple[str, ...] = ()
    rerun: str = ""
    base: str = ""
    own: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    slices: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Inside, there is one interpreter."""
        if not self.own:
            object.__setattr__(self, "own", self.python)


class Step(Protocol):
    """A step is a module under `steps/` (or an entry point) with these names; the file name is the step's name.

    `NEEDS` lists the distributions that a tier's environment must hold for it. `Options` is the pydantic model of
    the table `[steps.NAME]`. `command` says what to run, `read` what the output means; neither has effects but that
    `read` may open the command's artifacts. A module may also name the steps that it makes needless (`REPLACES`), and
    what it always or sometimes measures (`MEASURES`, with globs, and `SOMETIMES`), so that what is gone is missed.
    `OURS` says that its `NEEDS` are xptasks's own, and not for an environment in which xptasks is not.
    """

    NEEDS: Sequence[str]
    Options: type[Any]

    def command(self, options: Any, context: StepContext) -> Command:  # noqa: ANN401
        """What to run."""
        ...

    def read(self, options: Any, outcome: Outcome) -> Reading:  # noqa: ANN401
        """What the output means."""
        ...
