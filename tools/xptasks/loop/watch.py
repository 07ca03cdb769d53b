"""`inv watch`: looks at what is deployed for as long as it lives, and puts right what it may.

It looks on a grid, alerts, rolls back where that is allowed, starts again what died, and ends deployments whose
supervisor died. It does nothing heavy. What it remembers survives a restart.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import anyio
import anyio.to_thread

from xptasks.delivery import lock
from xptasks.delivery.journal import Deployment
from xptasks.delivery.machine import Finished
from xptasks.delivery.plan import World
from xptasks.errors import LockBusyError, XpError
from xptasks.loop import deploy
from xptasks.loop.deploy import Target
from xptasks.loop.deployments import WATCHER
from xptasks.loop.diary import EVERY, Diary
from xptasks.probes import memory
from xptasks.probes.alerts import Alert, Alerts
from xptasks.probes.exposition import Exposition
from xptasks.probes.grid import Slot, offsets
from xptasks.probes.policy import ProbePolicySettings
from xptasks.probes.result import ProbeResult
from xptasks.probes.window import Record, Turn

_CARE = 0.4  # seconds between two looks at processes, proxy and journal
_NAP = 0.2  # seconds after which a waiting probe notices that the grid has changed


class Looking(Protocol):
    """Lets probes look at the public entrance, or at one release past the split."""

    async def __call__(self, name: str, *, fresh: bool = False, release: str = "") -> ProbeResult:
        """One look of one probe."""
        ...


class Clocks(Protocol):
    """Both clocks of the machine."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...


class MachineClocks:
    """Those of this machine."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()


def why_not_back(latest: Deployment | None, world: World, now: float, recent: float) -> str:
    """Why failing probes do not roll back; empty when they do.

    Args:
        latest: the deployment that began last.
        world: what the driver sees.
        now: seconds since the epoch.
        recent: seconds for which a deployment is recent.
    """
    if latest is None or latest.plan.old is None:
        return "there is no release to go back to"
    state = latest.state
    if not state.outcome:
        return ""
    if state.outcome != "promoted" or latest.entries[0].data.get("rollback"):
        return "the last deployment was rolled back already"
    age = now - latest.entries[-1].at
    if age > recent:
        return f"the last deployment ended {age / 60:.0f} minutes ago, so it is hardly the reason"
    if world.condition(latest.plan.old) != "ready":
        return f"the release before, {latest.plan.old}, is {world.condition(latest.plan.old)}"
    return ""


@dataclass
class Watcher:
    """Watches one target.

    Args:
        target: what is deployed there.
        names: the probes.
        look: lets one look.
        policy: `[probe_policy]`.
        alerts: who is told.
        exposition: what is measured.
        memory: the file that survives a restart.
        clocks: time.
        diary: keeps what happened.
        chores: what is to be done now and then besides; it never raises.
    """

    target: Target
    names: Sequence[str]
    look: Looking
    policy: ProbePolicySettings
    alerts: Alerts
    exposition: Exposition
    memory: Path
    clocks: Clocks = field(default_factory=MachineClocks)
    diary: Diary = field(default_factory=lambda: Diary(lambda *_: None, "", ""))
    chores: Callable[[], None] = lambda: None
    _alive: float = 0.0
    _records: dict[str, Record] = field(default_factory=dict)
    _grid: tuple[float, float] = (0.0, 0.0)
    _said: str = ""
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def run(self) -> None:
        """Watch until cancelled."""
        now = self.clocks.monotonic()
        self._records = memory.load(self.memory, now, self.clocks.wall())
        self._grid = (now, self.policy.interval)
        self.diary.begin(self.clocks.wall(), self.names)
        self._alive = now
        try:
            async with anyio.create_task_group() as group:
                for index, name in enumerate(self.names):
                    group.start_soon(self._watch, name, index)
                group.start_soon(self._care)
        finally:
            self.diary.end(self.clocks.wall())

    async def _watch(self, name: str, index: int) -> None:
        while True:
            grid = begun, interval = self._grid
            slot = Slot(offsets(len(self.names), interval)[index])
            while grid == self._grid:
                left = slot.due(self.clocks.monotonic() - begun, interval)
                if left > 0:
                    await anyio.sleep(min(left, _NAP))
                    continue
                slot = slot.looked(self.clocks.monotonic() - begun, interval)
                await self._take(await self._confirmed(name), slot.skipped)

    async def _confirmed(self, name: str) -> ProbeResult:
        """A look that failed is repeated on a fresh connection: a connection that broke is not a broken service."""
        first = await self.look(name)
        return first if first.ok else await self.look(name, fresh=True)

    async def _take(self, result: ProbeResult, skipped: int) -> None:
        self.exposition.looked(result.name, ok=result.ok, seconds=result.latency, skipped=skipped)
        record, turn = self._records.get(result.name, Record()).after(
            self.clocks.monotonic(), ok=result.ok, policy=self.policy.rule
        )
        self._records[result.name] = record
        with suppress(OSError):  # a full disk must not end the watch; the next look writes again
            memory.save(self.memory, self._records, self.clocks.monotonic(), self.clocks.wall())
        self._write_down(result, record, turn)
        if turn is Turn.ALERT:
            await self._tell_aside("firing", result.name, f"{result.name} failed: {result.detail}")
        elif turn is Turn.RECOVERED:
            await self._tell_aside("resolved", result.name, f"{result.name} is well again")
        elif turn is Turn.ROLLBACK:
            async with self._turn:  # of two probes that fail together the second sees what the first did
                await self._roll_back(result)

    def _write_down(self, result: ProbeResult, record: Record, turn: Turn) -> None:
        now, wall = self.clocks.monotonic(), self.clocks.wall()
        if turn in {Turn.ALERT, Turn.ROLLBACK}:
            began = wall - (now - record.failures[-min(self.policy.alert_after, len(record.failures))])
            self.diary.down(wall, result.name, result.detail, began, self._suspect(wall))
        elif turn is Turn.RECOVERED:
            self.diary.up(wall, result.name)
        elif result.ok:
            self.diary.looked(result.name)

    def _suspect(self, wall: float) -> str:
        """The deployment that is likely the reason when something breaks now: one under way, or a recent one."""
        with suppress(XpError):
            latest = self.target.journal.latest()
            under_way = latest is not None and not latest.state.outcome and latest.state.stage >= 0
            recent = latest is not None and wall - latest.entries[-1].at <= self.policy.recent
            if latest is not None and (under_way or (recent and latest.state.outcome == "promoted")):
                return f"{self.diary.target}/{latest.number}"
        return ""

    async def _roll_back(self, result: ProbeResult) -> None:
        told = f"{result.name} failed {self.policy.rollback_after} times: {result.detail}"
        try:
            world = await anyio.to_thread.run_sync(self.target.driver.observe)
            latest = self.target.journal.latest()
        except XpError as error:
            await self._tell_aside("firing", result.name, f"{told}; not rolled back: {error.message}", critical=True)
            return
        reason = why_not_back(latest, world, self.clocks.wall(), self.policy.recent)
        if not reason and latest is not None and latest.plan.old is not None and latest.state.outcome:
            before = await self.look(result.name, fresh=True, release=latest.plan.old)
            reason = "" if before.ok else f"the release before, {latest.plan.old}, fails it too ({before.detail})"
        if reason:
            await self._tell_aside("firing", result.name, f"{told}; not rolled back: {reason}", critical=True)
            return
        self.exposition.rolled_back()
        said = await anyio.to_thread.run_sync(self._go_back, told)
        await self._tell_aside("firing", result.name, f"{told}; {said}", critical=True)

    def _go_back(self, why: str) -> str:
        try:
            noted = {"why": why, "trigger": "probe"}
            finished = deploy.rollback(self.target, actor=WATCHER, noted=noted, what="inv watch: rollback")
        except XpError as error:
            return f"the rollback failed: {error.message}"
        if finished.outcome != "failed":
            self.diary.rolled_back()
        known = why in finished.why  # whoever reads this has just read it
        return f"rolled back ({finished.outcome if known else f'{finished.outcome}: {finished.why}'})"

    async def _care(self) -> None:
        while True:
            await anyio.to_thread.run_sync(self._put_right)
            await anyio.to_thread.run_sync(self.chores)
            if self.clocks.monotonic() - self._alive >= EVERY:
                self._alive = self.clocks.monotonic()
                self.diary.alive(self.clocks.wall())
            with suppress(XpError):  # told already
                self._set_grid()
            await anyio.sleep(_CARE)

    def _set_grid(self) -> None:
        """Look more often while a new release gets its share."""
        latest = self.target.journal.latest()
        under_way = latest is not None and not latest.state.outcome and latest.state.stage >= 0
        interval = self.policy.canary_interval if under_way else self.policy.interval
        if interval != self._grid[1]:
            self._grid = (self.clocks.monotonic(), interval)

    def _put_right(self) -> None:
        """Start again what died; end a deployment that nobody drives. One mistake is told once, not each time."""
        try:
            driven = not lock.is_free(self.target.home)
            for what in self.target.driver.repair(releases=not driven):
                self.exposition.restarted(what)
                self._tell("firing", "restart", f"{what} had died and was started again")
            if not driven:
                self._settle()
            self._said = ""
        except XpError as error:
            if str(error) != self._said:
                self._said = str(error)
                self._tell("firing", "watch", f"the watcher cannot put it right: {error.message}", critical=True)

    def _settle(self) -> None:
        latest = self.target.journal.latest()
        if latest is None or latest.state.outcome:
            return
        with suppress(LockBusyError), lock.held(self.target.home, "inv watch: end what a dead supervisor left"):
            self._told_of(latest.number, deploy.settle(self.target))

    def _told_of(self, number: int, finished: Finished | None) -> None:
        if finished is not None:
            summary = f"the supervisor of deployment {number} died: {finished.outcome} ({finished.why})"
            self._tell("firing", "deployment", summary, critical=True)

    async def _tell_aside(self, state: str, name: str, summary: str, *, critical: bool = False) -> None:
        """Where a sink that hangs holds up no other probe, and no care."""
        await anyio.to_thread.run_sync(lambda: self._tell(state, name, summary, critical=critical))

    def _tell(self, state: str, name: str, summary: str, *, critical: bool = False) -> None:
        alert = Alert(
            "resolved" if state == "resolved" else "firing",
            name,
            summary,
            self.clocks.wall(),
            "critical" if critical else "warning",
        )
        self.alerts.send(alert)
