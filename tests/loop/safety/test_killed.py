"""Whoever drives a deployment is killed at every boundary of the journal, and at random moments.

The next command, or the watcher, ends what is left; nobody who asks the public entrance notices any of it.
"""

import itertools
import os
import random
import time
from collections.abc import Callable, Sequence

import anyio
import pytest

from tests.loop.safety.conftest import Caller, Host
from tests.loop.safety.deploys import BAD, Order
from xptasks.errors import UsageError
from xptasks.loop import deploy
from xptasks.loop.deploy import Target
from xptasks.loop.watch import Watcher
from xptasks.probes.alerts import Alerts, AlertSettings
from xptasks.probes.exposition import Exposition
from xptasks.probes.policy import ProbePolicySettings
from xptasks.probes.result import ProbeResult

pytestmark = pytest.mark.pr

ROUNDS = int(os.environ.get("XPTASKS_KILLS", "20"))
LAST = {"good": 10, "bad": 12}
"""How many entries each deployment has at least; one more when requests are open while it is drained."""
_numbers = itertools.count()


async def never(name: str, *, fresh: bool = False, release: str = "") -> ProbeResult:
    raise AssertionError((name, fresh, release))


def by_watcher(target: Target, _new: str) -> None:
    """Until it has nothing to do."""

    async def run() -> None:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(watcher.run)
                while not ended(target):  # noqa: ASYNC110 - what is waited for is not ours
                    await anyio.sleep(0.02)
                group.cancel_scope.cancel()

    alerts = Alerts(AlertSettings(stdout=False), {}, {}, target.home)
    with Exposition() as exposition:
        watcher = Watcher(target, [], never, ProbePolicySettings(), alerts, exposition, target.home / "watch.json")
        anyio.run(run)


def ended(target: Target) -> bool:
    latest = target.journal.latest()
    return latest is not None and bool(latest.state.outcome)


def by_abort(target: Target, _new: str) -> None:
    if ended(target):
        with pytest.raises(UsageError, match="no deployment is under way"):
            deploy.abort(target, actor="ann")
    else:
        deploy.abort(target, actor="ann")


def by_deploy(target: Target, new: str) -> None:
    assert deploy.deploy(target, new).outcome == "promoted"


NEXT: Sequence[Callable[[Target, str], None]] = (by_watcher, by_abort, by_deploy)


def converge(host: Host, order: Order, next_one: Callable[[Target, str], None]) -> str:
    with host.target(order) as target:
        next_one(target, f"next{next(_numbers)}")
        if (host.home / "deploy.holder.json").exists():  # of a deployment that had ended but for its lock
            by_deploy(target, f"next{next(_numbers)}")
    return host.check()


def boundaries() -> list[Order]:
    names = {"good": "new", "bad": BAD}
    return [
        Order(f"{names[kind]}{next(_numbers)}", on_crash, write, before=before)
        for on_crash in ("rollback", "resume")
        for kind, last in LAST.items()
        for write in range(1, last + 2)
        for before in (True, False)
    ]


def kill_at(host: Host, orders: Sequence[Order]) -> list[int]:
    """The exit codes; everything else is asserted."""
    codes = []
    with host.deployer() as process:
        assert host.begin(process, Order("first")).ended() == 0
        with Caller(host.port) as caller:
            for order, next_one in zip(orders, itertools.cycle(NEXT)):
                codes.append(host.begin(process, order).ended())
                serving = converge(host, order, next_one)
                assert not serving.startswith(BAD), order
        assert caller.lost == []
    return codes


def test_a_deployment_that_died_is_ended(host: Host) -> None:
    assert kill_at(host, [Order("b", write=6, before=True)]) == [-9]


@pytest.mark.slow
def test_killed_at_every_boundary_of_the_journal(host: Host) -> None:
    orders = boundaries()
    codes = kill_at(host, orders)
    for order, code in zip(orders, codes, strict=True):
        bad = order.new.startswith(BAD)
        over = order.write > LAST["bad" if bad else "good"]
        assert code in ({-9, 1 if bad else 0} if over else {-9}), order


@pytest.mark.slow
def test_killed_at_any_moment(host: Host) -> None:
    chance = random.Random(5)  # noqa: S311 - the same moments each time
    killed = 0
    with host.deployer() as process:
        assert host.begin(process, Order("first")).ended() == 0
        with Caller(host.port) as caller:
            for next_one in itertools.islice(itertools.cycle(NEXT), ROUNDS):
                name = f"{chance.choice(('new', BAD))}{next(_numbers)}"
                order = Order(name, chance.choice(("rollback", "resume")), hold=0.4)
                running = host.begin(process, order)
                time.sleep(chance.uniform(0, 1.2))
                killed += running.kill() == -9
                assert not converge(host, order, next_one).startswith(BAD)
        assert caller.lost == []
    assert killed > ROUNDS / 2
