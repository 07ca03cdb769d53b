"""The probes, asked of a canary past the split while it has a share: the judge where traffic is too thin to judge by.

Each probe looks in a loop of its own, so that a slow one holds up no other. A failure counts when a second look, on a
fresh connection, fails too while the release that serves passes: what both fail is not the canary's fault.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Self

import anyio
from anyio.from_thread import start_blocking_portal

from xptasks.delivery.plan import Plan
from xptasks.probes.look import Looker
from xptasks.probes.result import ProbeResult
from xptasks.probes.settings import ProbeOptions

_EVERY = 2.0  # seconds between two looks of a probe
_ENOUGH = 3  # failures in a row that are a reason to go back


class CanaryProbes:
    """Why the probes want a canary gone, as `Supervisor.probe`; a context manager, whose end ends all looking.

    Args:
        probes: by name.
        looker: what looks at a release, past the split.
        every: seconds between two looks of a probe.
    """

    def __init__(
        self, probes: Mapping[str, ProbeOptions], looker: Callable[[str], Looker], every: float = _EVERY
    ) -> None:
        self._probes = probes
        self._looker = looker
        self._every = every
        self._reasons: dict[str, str] = {}
        self._asked = ""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __call__(self, plan: Plan, _now: float) -> str:
        """The first reason; empty while there is none. The first call begins to look."""
        if self._probes and self._asked != plan.new:
            self._asked = plan.new
            self._begin(plan)
        return next(iter(self._reasons.values()), "")

    def _begin(self, plan: Plan) -> None:
        portal = self._stack.enter_context(start_blocking_portal())
        future = portal.start_task_soon(self._look_on, plan)
        self._stack.callback(future.cancel)

    async def _look_on(self, plan: Plan) -> None:
        async with AsyncExitStack() as stack:
            new = await stack.enter_async_context(self._looker(plan.new))
            old = await stack.enter_async_context(self._looker(plan.old)) if plan.old else None
            async with anyio.create_task_group() as group:
                for name in self._probes:
                    group.start_soon(self._loop, name, new, old)

    async def _loop(self, name: str, new: Looker, old: Looker | None) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            failed = await self._failed(name, new, old)
            failures = failures + 1 if failed else 0
            if failed and failures >= _ENOUGH:
                self._reasons[name] = f"the probe {name} failed {failures} times in a row: {failed.detail}"
            await anyio.sleep(max(0.0, self._every - (time.monotonic() - began)))

    async def _failed(self, name: str, new: Looker, old: Looker | None) -> ProbeResult | None:
        """The failure, if it counts."""
        if (await self._look(name, new, fresh=False)).ok:
            return None
        again = await self._look(name, new, fresh=True)
        fair = again.ok or old is None or (await self._look(name, old, fresh=True)).ok
        return again if fair and not again.ok else None

    async def _look(self, name: str, looker: Looker, *, fresh: bool) -> ProbeResult:
        [result] = await looker.look({name: self._probes[name]}, fresh=fresh)
        return result
