"""Deploys to a test's home, and dies where it is told: `python -m tests.loop.safety.deploys HOME`, orders on stdin.

Each order is carried out in a fork of its own, so that a test waits for the imports only once. It is answered by two
lines: the process, and how it ended.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.delivery.drivers.conftest import Local
from xptasks.delivery.driver import Driver
from xptasks.delivery.journal import Journal
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor, WallClock
from xptasks.errors import XpError
from xptasks.loop import deploy
from xptasks.loop.deploy import Target

BAD = "bad"
"""What the name of a release begins with that the probes want gone."""


@dataclass(frozen=True)
class Order:
    """One deployment.

    Attributes:
        new: the release.
        on_crash: what a successor is to do.
        write: dies at this entry of the journal, counted from 1; 0 never.
        before: whether it dies before the entry is written, or after.
        hold: seconds of the first stage.
        wait: seconds to wait for the lock.
        jump: seconds by which the clock is set while the canary has its share.
        port: the public port.
    """

    new: str
    on_crash: str = "rollback"
    write: int = 0
    before: bool = False
    hold: float = 0.2
    wait: float = 0.0
    jump: float = 0.0
    port: int = 0

    def dump(self) -> str:
        return json.dumps(asdict(self)) + "\n"


class Mortal(Journal):
    """Dies before or after an entry."""

    order = Order("")
    written = 0

    def open(self, plan: Plan, at: float, **data: object) -> int:
        return int(self._around(lambda: super(Mortal, self).open(plan, at, **data)))

    def add(self, deployment: int, entry: Entry) -> None:
        self._around(lambda: super(Mortal, self).add(deployment, entry))

    def _around(self, write: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
        self.written += 1
        self._die(before=True)
        done = write()
        self._die(before=False)
        return done

    def _die(self, *, before: bool) -> None:
        if (self.written, before) == (self.order.write, self.order.before):
            os.kill(os.getpid(), signal.SIGKILL)


class JumpingClock(WallClock):
    """Is set while the canary has its share."""

    def __init__(self, driver: Driver, order: Order) -> None:
        super().__init__()
        self._driver, self._order, self._jump = driver, order, 0.0

    def now(self) -> float:
        return super().now() + self._jump

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._order.jump and self._order.new in (self._driver.observe().split or {}):
            self._jump = self._order.jump


def settings(order: Order) -> DeploySettings:
    stages = [{"weight": 10, "hold": f"{order.hold * 1000:.0f}ms"}, {"weight": 100, "hold": "100ms"}]
    return DeploySettings.model_validate(
        {"stages": stages, "analysis": {"min_requests": 0}, "on_crash": order.on_crash, "start_timeout": "10s"}
    )


def probe(plan: Plan, _now: float) -> str:
    return "the probes say so" if plan.new.startswith(BAD) else ""


def target_of(home: Path, order: Order, journal: Journal) -> Target:
    local = Local(home)
    local.change(port=order.port)
    driver = local.driver

    def supervisor() -> Supervisor:
        return Supervisor(journal, driver, probe=probe, clock=JumpingClock(driver, order))

    return Target(home, driver, journal, settings(order), supervisor)


def carry_out(home: Path, order: Order) -> int:
    journal = Mortal(home / "journal.db")
    journal.order = order
    try:
        finished = deploy.deploy(target_of(home, order, journal), order.new, what="inv deploy-canary", wait=order.wait)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0 if finished.outcome == "promoted" else 1


def fork(home: Path, order: Order) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        code = carry_out(home, order)
    except BaseException:  # noqa: BLE001 - it ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        child = fork(Path(sys.argv[1]), Order(**json.loads(line)))
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
