"""What a deployment intends, and what it finds: plain values that the machine decides on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Condition = Literal["absent", "starting", "ready", "unhealthy", "dead"]
"""Of a release's processes: not there, not answering yet, fit to serve, answering that it is not, ended by itself."""

Strategy = Literal["canary", "blue-green"]
WhenInconclusive = Literal["probe", "promote", "rollback", "pause"]
WhenCrashed = Literal["rollback", "resume"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A share of the traffic, and for how long it is watched.

    Attributes:
        weight: percent of the requests that the new release gets.
        hold: seconds.
    """

    weight: int
    hold: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment, as it was decided on when it began; later changes of the configuration do not touch it.

    Attributes:
        new: the release that is to serve.
        old: the release that serves now; None for the first deployment.
        strategy: `canary` or `blue-green`; the latter has one stage of 100 percent.
        stages: in order; the last one has the weight 100.
        start_timeout: seconds until the new release must be ready.
        unhealthy_after: seconds that the new release may fail its health check before it is given up; one answer that
            comes late is no reason.
        max_memory: bytes that the new release may hold; 0 for as many as it likes.
        min_requests: of the canary, below which the analysis cannot pass.
        on_inconclusive: what follows a stage that is over without a verdict: `probe` holds on while the probes pass and
            at most `patience` longer, then rolls back.
        patience: seconds that a stage may be held beyond its time while the verdict is missing.
        on_crash: what a successor does with a deployment whose supervisor died.
        attempts: how often an act that fails is tried.
        confirm: whether the stage before all traffic, once it has passed, waits until somebody promotes it; at most
            `patience`, then it is rolled back.
    """

    new: str
    old: str | None
    strategy: Strategy = "canary"
    stages: tuple[Stage, ...] = (Stage(10, 600.0), Stage(100, 120.0))
    start_timeout: float = 60.0
    unhealthy_after: float = 5.0
    max_memory: int = 0
    min_requests: int = 200
    on_inconclusive: WhenInconclusive = "probe"
    patience: float = 600.0
    on_crash: WhenCrashed = "rollback"
    attempts: int = 3
    confirm: bool = False

    def __post_init__(self) -> None:
        if not self.stages or self.stages[-1].weight != 100:  # noqa: PLR2004 - percent
            raise ValueError("the last stage must have the weight 100")
        if self.new == self.old:
            raise ValueError(f"the release {self.new} serves already")

    def split(self, stage: int) -> dict[str, int]:
        """The weights of a stage in percent, without releases that get nothing."""
        weight = self.stages[stage].weight if self.old else 100
        split = {self.new: weight, self.old or "": 100 - weight}
        return {release: share for release, share in split.items() if share}

    @property
    def before(self) -> dict[str, int]:
        """The weights to go back to."""
        return {self.old: 100} if self.old else {}


@dataclass(frozen=True, slots=True)
class World:
    """What the driver sees.

    Attributes:
        conditions: of every release that has processes; others are absent.
        split: percent of the requests by release, as the proxy has it now; None when no proxy answers.
        drained: releases without weight whose last request and websocket have ended.
    """

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    split: Mapping[str, int] | None = field(default_factory=dict)
    drained: frozenset[str] = frozenset()

    def condition(self, release: str) -> Condition:
        """The condition of a release."""
        return self.conditions.get(release, "absent")
