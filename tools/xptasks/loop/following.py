"""Deployments that somebody else drives, followed by the commit that they bring: for CI, whose jobs come and go.

What a job does next follows from what the journal says of its commit and of no other: `judge` is that decision, and
changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from xptasks.delivery import lock
from xptasks.delivery.journal import Deployment
from xptasks.errors import CannotRunError, ExitCode, OverBudgetError, UsageError
from xptasks.loop import deploy
from xptasks.loop.target import Place
from xptasks.system import detached

Until = Literal["canary", "observed", "promoted"]
UNTILS: tuple[Until, ...] = get_args(Until)
_TICK = 0.5  # seconds between looks
_ALONE = 10.0  # seconds without anybody who drives, after which we end it as its plan says
_OPENING = 30.0  # seconds that a supervisor which was just started may take to write its first entry
_TAIL = 2000  # characters of a log
_EXITS = {"promoted": ExitCode.OK, "rolled back": ExitCode.GATE_FAILED, "failed": ExitCode.HUMAN_NEEDED}


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is about a commit.

    Attributes:
        deployment: its newest deployment; None without one.
        serves: whether a release of it has the traffic.
        starting: whether the process still runs that is to open its deployment.
    """

    deployment: Deployment | None
    serves: bool = False
    starting: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What follows: an end with an exit code, or another look, perhaps after a request.

    Attributes:
        code: how the command ends; None while it goes on.
        why: in words.
        promote: whether to ask for the promotion first.
    """

    code: ExitCode | None
    why: str
    promote: bool = False


def judge(seen: Seen, until: Until) -> Next:
    """What a command does that waits until a commit is so far."""
    deployment = seen.deployment
    if deployment is None:
        return _without(seen)
    state, plan = deployment.state, deployment.plan
    if state.outcome and seen.starting:
        return Next(None, "another deployment of it begins, or the last one is being cleared away")
    if state.outcome:
        return Next(_EXITS[state.outcome], f"{state.outcome}: {state.why}")
    if state.back:
        return Next(None, f"rolling back: {state.back}")
    last = state.stage + 1 == len(plan.stages)
    observed = state.observed is not None or last
    reached: dict[Until, bool] = {"canary": state.stage >= 0, "observed": observed, "promoted": False}
    if reached[until]:
        return Next(ExitCode.OK, f"{plan.new} is {'observed' if observed else 'a canary'}")
    ask = until == "promoted" and state.observed is not None and not state.confirmed
    return Next(None, f"{plan.new} holds stage {state.stage + 1} of {len(plan.stages)}", promote=ask)


def _without(seen: Seen) -> Next:
    if seen.starting:
        return Next(None, "its deployment begins")
    if seen.serves:
        return Next(ExitCode.OK, "it serves already")
    return Next(ExitCode.CANNOT_RUN, "nothing is deployed of it, and nobody is about to")


def follow(  # noqa: PLR0913 - what is followed, how far, how long, for whom
    place: Place, commit: str, until: Until, limit: float, *, actor: str, tell: Callable[[str], None]
) -> Next:
    """Wait until a commit is so far, or went back; `promoted` also asks for the promotion when it is due.

    Raises:
        OverBudgetError: it is not so far in time. The deployment goes on.
        CannotRunError: there is no deployment, nor anybody who begins one.
    """
    clock = place.target.clock
    give_up, alone, said = clock.now() + limit, 0.0, ""
    while True:
        next_ = judge(_seen(place, commit), until)
        if next_.code is ExitCode.CANNOT_RUN:
            raise CannotRunError(f"{commit[:12]}: {next_.why}", hint=_log(place) or "`inv deploy-status` may tell more")
        if next_.code is not None:
            return next_
        if next_.why != said:
            said = next_.why
            tell(said)
        if next_.promote:
            deploy.ask(place.target, "promote", actor=actor)
        if clock.now() >= give_up:
            raise OverBudgetError(f"{commit[:12]} is not {until} after {limit:g} s: {said}", hint="`inv deploy-undo`")
        clock.sleep(_TICK)
        alone = alone + _TICK if lock.is_free(place.target.home) else 0.0
        if alone >= _ALONE:
            _end(place)


def _end(place: Place) -> None:
    """Nobody drives what is under way, so it ends as its plan says."""
    with lock.held(place.target.home, "inv deploy-follow", _ALONE):
        deploy.settle(place.target)


def undo(place: Place, commit: str, *, actor: str, wait: float) -> Next:
    """Take back what is under way of a commit, and of no other; a process that is about to begin is waited for."""
    clock = place.target.clock
    until = clock.now() + _OPENING
    while (seen := _seen(place, commit)).starting and not _under_way(seen) and clock.now() < until:
        clock.sleep(_TICK)
    deployment = seen.deployment
    if deployment is None or not _under_way(seen):
        ended = f"it is {deployment.state.outcome}" if deployment else "nothing was deployed of it"
        return Next(ExitCode.OK, f"nothing to take back: {ended}")
    finished = deploy.abort(place.target, actor=actor, wait=wait)
    code = ExitCode.OK if finished.outcome == "rolled back" else ExitCode.HUMAN_NEEDED
    return Next(code, f"{finished.outcome}: {finished.why}")


def _under_way(seen: Seen) -> bool:
    return seen.deployment is not None and not seen.deployment.state.outcome


def _seen(place: Place, commit: str) -> Seen:
    target = place.target
    found = target.journal.deployments()
    ours = next((each for each in found if _commit(place, each.plan.new) == commit), None)
    starting = detached.is_alive(record(place))
    serving = "" if ours else deploy.serving(target) or ""
    return Seen(ours, bool(serving) and _commit(place, serving) == commit, starting)


def record(place: Place) -> Path:
    """The record of the process that `--detach` starts."""
    return place.target.home / "processes" / "deployment.json"


def _commit(place: Place, release: str) -> str:
    found = place.releases.find(release)
    return found.commit if found else ""


def _log(place: Place) -> str:
    try:
        text = (place.target.home / "logs" / "deployment.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.strip()[-_TAIL:]


def until_of(text: str) -> Until:
    """A word of the command line.

    Raises:
        UsageError: it is none of them.
    """
    for each in UNTILS:
        if text == each:
            return each
    raise UsageError(f"nothing is ever {text!r}", hint=f"--until is one of {', '.join(UNTILS)}")
