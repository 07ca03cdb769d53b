"""The demonstration: three changes, what became of each, and how long it took. No input from anybody.

Decides nothing itself: what it is played on lands, deploys and takes back by itself, and this only commits and watches.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Protocol, TypeVar

from xptasks.delivery.journal import Deployment
from xptasks.delivery.supervisor import Clock
from xptasks.drill.changes import ALL, Change
from xptasks.errors import ExitCode, OverBudgetError

_PATIENCE = 300.0  # seconds, which nothing takes unless it hangs
_TICK = 0.2

Tell = Callable[[str], None]
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Landing:
    """How `inv land --wait` ended: exit code, the commit on the trunk (empty without one), the reason why not."""

    code: int | None
    commit: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fared:
    """What became of a change.

    Attributes:
        branch, title: which.
        expected: its fate as it was written.
        fate: what became of it.
        why: in the words of whoever decided.
        seconds: since its commit: until it was `landed` or `rejected`, until its `canary` had a share, `ended`, and was
            `reverted`.
    """

    branch: str
    title: str
    expected: str
    fate: str
    why: str
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether it went as it should."""
        return self.fate == self.expected


@dataclass(frozen=True, slots=True)
class Told:
    """The whole demonstration: what became of each change, and the answers of the service by status meanwhile."""

    fared: tuple[Fared, ...]
    answers: dict[int, int]
    folder: str

    @property
    def right(self) -> bool:
        """Whether everything went as it should."""
        return all(each.right for each in self.fared)


class Stage(Protocol):
    """Where it plays; `Theatre` is the real one."""

    def build(self) -> str:
        """Set it; the folder of the service's repository."""
        ...

    def open(self) -> str:
        """Deploy the first release and start the queue; the address that callers use."""
        ...

    def callers(self, url: str) -> AbstractContextManager[Mapping[int, int]]:
        """Traffic while the block lasts; how many answers had which status, 0 for none."""
        ...

    def make(self, change: Change) -> None:
        """Commit a change."""
        ...

    def land(self) -> Landing:
        """Let it land, and wait for that."""
        ...

    def deployment(self, commit: str) -> Deployment | None:
        """The deployment of a commit of the trunk."""
        ...

    def reverted(self, commit: str) -> bool:
        """Whether the trunk has taken a commit back."""
        ...

    def close(self) -> None:
        """End everything that runs."""
        ...


def play(stage: Stage, tell: Tell, clock: Clock, changes: Sequence[Change] = ALL) -> Told:
    """Set the stage and let one change after the other try to land; what runs ends with it.

    Raises:
        XpError: the stage cannot be set, or something takes far too long.
    """
    try:
        tell("a repository of its own for the reference service, adopted by `xptasks init`")
        folder = stage.build()
        tell("the first release starts behind Envoy, and the queue waits for changes")
        with stage.callers(stage.open()) as answers:
            tell("about 30 requests a second call it")
            fared = tuple(_Follower(stage, tell, clock, change).follow() for change in changes)
        return Told(fared, dict(sorted(answers.items())), folder)
    finally:
        stage.close()


class _Follower:
    """Commits one change and follows it to its end."""

    def __init__(self, stage: Stage, tell: Tell, clock: Clock, change: Change) -> None:
        self._stage, self._tell, self._clock, self._change = stage, tell, clock, change
        self._began = 0.0
        self._seconds: dict[str, float] = {}

    def follow(self) -> Fared:
        """What became of it."""
        change = self._change
        self._tell(f"an agent commits: {change.title}{f' ({change.why})' if change.why else ''}")
        self._stage.make(change)
        self._began = self._clock.now()
        landing = self._stage.land()
        if not landing.commit:
            self._mark("rejected", self._clock.now(), landing.reason)
            return self._fared("rejected" if landing.code == ExitCode.GATE_FAILED else "stuck", landing.reason)
        self._mark("landed", self._clock.now(), landing.commit[:12])
        return self._delivered(landing.commit)

    def _delivered(self, commit: str) -> Fared:
        """Follow what has landed to the end of its deployment, and one that is rolled back to its revert."""
        began = self._until(lambda: _canary(self._stage.deployment(commit)), "the canary has not started")
        self._mark("canary", began)
        ended = self._until(lambda: _ended(self._stage.deployment(commit)), "the deployment has not ended")
        state = ended.state
        self._mark("ended", ended.entries[-1].at, f"{state.outcome}: {state.why}")
        if state.outcome == "rolled back":
            self._until(lambda: self._stage.reverted(commit) or None, "the trunk has no revert")
            self._mark("reverted", self._clock.now(), "on the trunk")
        return self._fared(state.outcome, state.why)

    def _mark(self, what: str, at: float, said: str = "") -> None:
        self._seconds[what] = round(at - self._began, 3)
        self._tell(f"  {what} after {self._seconds[what]:.1f} s{f': {said}' if said else ''}")

    def _fared(self, fate: str, why: str) -> Fared:
        return Fared(self._change.branch, self._change.title, self._change.fate, fate, why, self._seconds)

    def _until(self, look: Callable[[], _Found | None], problem: str) -> _Found:
        give_up = self._clock.now() + _PATIENCE
        while self._clock.now() < give_up:
            found = look()
            if found is not None:
                return found
            self._clock.sleep(_TICK)
        raise OverBudgetError(f"{problem} after {_PATIENCE:g} s", hint="the queue's log says more: see its folder")


def _canary(deployment: Deployment | None) -> float | None:
    """When the release got its first share; None before."""
    entries = deployment.entries if deployment else ()
    return next((entry.at for entry in entries if entry.kind == "stage"), None)


def _ended(deployment: Deployment | None) -> Deployment | None:
    return deployment if deployment and deployment.state.outcome else None


def as_json(told: Told) -> str:
    """For programs."""
    fared = [{**asdict(each), "right": each.right} for each in told.fared]
    return json.dumps({"right": told.right, "fared": fared, "answers": told.answers, "folder": told.folder}) + "\n"


def as_text(told: Told) -> str:
    """For people: a line a change, and what the callers got."""
    return "".join(f"{line}\n" for line in _lines(told))


def _lines(told: Told) -> Iterator[str]:
    yield ""
    for each in told.fared:
        took = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in each.seconds.items())
        yield f"{'as it should' if each.right else 'NOT AS IT SHOULD'}  {each.fate}: {each.title} ({took})"
    total = sum(told.answers.values())
    errors = sum(count for status, count in told.answers.items() if not 200 <= status < 300)  # noqa: PLR2004 - 2xx
    yield f"{total} requests meanwhile, {errors} of them failed, {told.answers.get(0, 0)} without an answer"
