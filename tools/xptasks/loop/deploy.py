"""What people and tasks ask of a target: deploy, roll back, promote, abort, look. Joins journal, driver and lock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from xptasks.delivery import lock
from xptasks.delivery.driver import Capability, Driver
from xptasks.delivery.journal import Deployment, Journal
from xptasks.delivery.machine import Asked, Entry, Finished
from xptasks.delivery.plan import Plan, Stage, Strategy, World
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Clock, Supervisor, WallClock
from xptasks.errors import OverBudgetError, UsageError

_TICK = 0.05  # seconds between looks at a deployment that another process drives
_PATIENCE = 30.0  # seconds that a rollback may take
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Target:
    """One place to deploy to.

    Attributes:
        home: its folder.
        driver: what runs releases there.
        journal: its deployments.
        settings: `[deploy]`.
        supervisor: makes what drives a deployment.
        clock: time.
    """

    home: Path
    driver: Driver
    journal: Journal
    settings: DeploySettings
    supervisor: Callable[[], Supervisor]
    clock: Clock = field(default_factory=WallClock)


def serving(target: Target, world: World | None = None) -> str | None:
    """The release that has most of the traffic; by the journal when no proxy answers; None when there is none."""
    split = (world or target.driver.observe()).split
    if split:
        return max(split, key=lambda release: split[release])
    latest = target.journal.latest()
    if split is not None or latest is None:
        return None
    return latest.plan.new if latest.state.outcome == "promoted" else latest.plan.old


def plan_for(
    target: Target, new: str, old: str | None, strategy: Strategy | None = None, *, confirm: bool = False
) -> Plan:
    """The plan of a deployment as configured, as far as the driver can; with `confirm` it waits before all traffic.

    Without weights there is one stage; without counters the analysis cannot ask for requests, and the probes decide.
    """
    settings, can = target.settings, target.driver.capabilities
    compared = Capability.COUNTERS in can or bool(settings.analysis.metrics.requests)
    chosen: Strategy = strategy or settings.strategy
    stages = tuple(Stage(stage.weight, stage.hold) for stage in settings.stages)
    return Plan(
        new,
        old,
        chosen,
        stages if old and chosen == "canary" and Capability.WEIGHTS in can else stages[-1:],
        start_timeout=settings.start_timeout,
        max_memory=settings.max_memory,
        min_requests=settings.analysis.min_requests if compared else 0,
        on_inconclusive=settings.analysis.on_inconclusive,
        patience=settings.analysis.patience,
        on_crash=settings.on_crash,
        confirm=confirm,
    )


def deploy(  # noqa: PLR0913 - what one may say about it
    target: Target,
    new: str,
    *,
    strategy: Strategy | None = None,
    what: str = "deploy",
    wait: float = 0.0,
    noted: Mapping[str, object] = _NOTHING,
    confirm: bool = False,
) -> Finished:
    """Bring a release to all traffic, or back to the old one.

    Args:
        target: where.
        new: the release.
        strategy: how, in place of what is configured.
        what: what this is called, for whoever wants the target meanwhile.
        wait: seconds to wait for another deployment.
        noted: what the journal says of it besides: `actor`, `commit`, `committed` (when).
        confirm: whether it waits for somebody who promotes it before it gets all traffic.

    Raises:
        LockBusyError: another deployment is at this target.
        UsageError: the release serves already.
    """
    with lock.held(target.home, what, wait):
        settle(target)
        old = serving(target)
        if old == new:
            raise UsageError(f"{new} serves already", hint="commit something, or name another revision")
        finished = _run(target, plan_for(target, new, old, strategy, confirm=confirm), **noted)
        if finished.outcome == "promoted":
            _retire(target, {new, old})
        return finished


def settle(target: Target) -> Finished | None:
    """End what a supervisor that died left behind; the caller holds the lock. None when there was nothing."""
    latest = target.journal.latest()
    if latest is None or latest.state.outcome:
        return None
    return target.supervisor().take_over(latest)


def _run(target: Target, plan: Plan, **noted: object) -> Finished:
    return target.supervisor().run(target.journal.open(plan, target.clock.now(), **noted))


def _retire(target: Target, stay: set[str | None]) -> None:
    """End releases that nobody goes back to: the new one serves, the old one stays warm."""
    for release in target.driver.observe().conditions.keys() - stay:
        target.driver.drain(release)
        target.driver.stop(release)


def rollback(
    target: Target, to: str = "", *, actor: str, noted: Mapping[str, str] = _NOTHING, what: str = "rollback"
) -> Finished:
    """Give all traffic to the release that served before, or to another one.

    A deployment that is under way is aborted by whoever drives it. Otherwise the change is a deployment of its own,
    without stages: the release is started when it is not warm, must be ready, and gets everything.

    Args:
        target: where.
        to: the release, in place of the one before.
        actor: who asks, `human:ann`.
        noted: what the journal says of it besides: `why`, and `trigger`, which is `operator` without it.
        what: what this is called, for whoever wants the target meanwhile.

    Raises:
        UsageError: there is no release to go back to.
    """
    latest = target.journal.latest()
    if latest is not None and not latest.state.outcome and to in {"", latest.plan.old}:
        return abort(target, actor=actor, noted=noted)
    with lock.held(target.home, what, _PATIENCE):
        settle(target)
        old = serving(target)
        new = to or _before(target, old)
        if new == old:
            raise UsageError(f"{new} serves already")
        plan = Plan(new, old, "blue-green", (Stage(100, 0.0),), start_timeout=_PATIENCE, on_crash="resume")
        return _run(target, plan, rollback=True, actor=actor, **noted)


def goal(target: Target, to: str = "") -> str:
    """The release that a rollback goes to.

    Raises:
        UsageError: there is none.
    """
    latest = target.journal.latest()
    if to or latest is None or latest.state.outcome or latest.plan.old is None:
        return to or _before(target, serving(target))
    return latest.plan.old


def _before(target: Target, now: str | None) -> str:
    """The release that served before the one that serves now. What was rolled back from is nothing to go back to."""
    for deployment in target.journal.deployments():
        is_rollback = deployment.entries[0].data.get("rollback", False)
        promoted = deployment.state.outcome == "promoted" and deployment.plan.new == now
        if promoted and deployment.plan.old and not is_rollback:
            return deployment.plan.old
    raise UsageError("there is no release to go back to", hint="name one of `inv releases` with --to")


def ask(target: Target, what: Asked, *, actor: str) -> Finished | None:
    """Promote, pause or resume the deployment that is under way.

    Whoever drives it hears it within a second. When nobody does, the caller drives it on, and gets its end.

    Raises:
        UsageError: nothing is under way.
    """
    number = _write_down(target, what, actor)
    return _adopt(target, what, number) if what != "pause" and lock.is_free(target.home) else None


def abort(target: Target, *, actor: str, noted: Mapping[str, str] = _NOTHING, wait: float = _PATIENCE) -> Finished:
    """Roll back the deployment that is under way, and wait for that; `actor` and `noted` as for `rollback`.

    Raises:
        UsageError: nothing is under way.
        OverBudgetError: it has not ended in time.
    """
    number = _write_down(target, "abort", actor, **noted)
    return _adopt(target, "abort", number) if lock.is_free(target.home) else _ended(target, number, wait)


def _write_down(target: Target, what: Asked, actor: str, **noted: str) -> int:
    latest = target.journal.latest()
    if latest is None or latest.state.outcome:
        raise UsageError("no deployment is under way", hint="`inv deploy-status` shows the last one")
    target.journal.add(latest.number, Entry(target.clock.now(), "asked", {"what": what, "actor": actor, **noted}))
    return latest.number


def _adopt(target: Target, what: Asked, number: int) -> Finished:
    """Nobody drives the deployment, so whoever asks does."""
    with lock.held(target.home, what, _PATIENCE):
        return target.supervisor().run(number)


def _ended(target: Target, number: int, wait: float) -> Finished:
    until = target.clock.now() + wait
    while target.clock.now() < until:
        state = target.journal.deployment(number).state
        if state.outcome:
            return Finished(state.outcome, state.why)
        target.clock.sleep(_TICK)
    raise OverBudgetError(f"deployment {number} has not ended after {wait:g} s", hint="see `inv deploy-status`")


def down(target: Target) -> None:
    """End every release and the proxy; what is on disk, and the journal, stay. The caller holds the lock."""
    target.driver.down()
    latest = target.journal.latest()
    if latest is None:
        return
    now = target.clock.now()
    if not latest.state.outcome:
        why = "everything was ended while nobody drove it"
        target.journal.add(latest.number, Entry(now, "closed", {"outcome": "failed", "why": why}))
    target.journal.add(latest.number, Entry(now, "down"))


def status(target: Target) -> dict[str, Any]:
    """What is deployed and what is under way, as JSON; the shape is documented in the guide."""
    world = target.driver.observe()
    latest = target.journal.latest()
    return {
        "serving": serving(target, world),
        "url": None if not world.conditions and world.split == {} else target.driver.address(),
        "split": None if world.split is None else dict(world.split),
        "releases": dict(world.conditions),
        "deployment": None if latest is None else _told(latest, target.clock.now()),
        "supervisor": None if lock.is_free(target.home) else lock.holder(target.home),
    }


def _told(deployment: Deployment, now: float) -> Mapping[str, Any]:
    plan, state = deployment.plan, deployment.state
    stage = plan.stages[state.stage] if state.stage >= 0 and not state.outcome else None
    return {
        "number": deployment.number,
        "new": plan.new,
        "old": plan.old,
        "strategy": plan.strategy,
        "opened": state.opened,
        "stage": state.stage + 1 if stage else None,
        "stages": [[stage.weight, stage.hold] for stage in plan.stages],
        "left": max(0.0, stage.hold - state.held(now)) if stage else None,
        "paused": state.paused is not None,
        "rolling_back": state.back or None,
        "outcome": state.outcome or None,
        "why": state.why or None,
    }
