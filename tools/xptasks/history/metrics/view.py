"""What figures look at: the facts of a window, each part of them put together once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xptasks.history.events import Intervention
from xptasks.history.metrics import deployments, gates, incidents, landings, uptime
from xptasks.history.metrics.alone import Alone
from xptasks.history.metrics.deployments import Deployment, Deployments
from xptasks.history.metrics.facts import Facts, word
from xptasks.history.metrics.gates import Flakes
from xptasks.history.metrics.incidents import Incident
from xptasks.history.metrics.landings import Landing
from xptasks.history.metrics.spans import Span
from xptasks.history.metrics.uptime import Place


@dataclass(frozen=True, slots=True)
class Targets:
    """What the figures are held against, in the figures' units.

    Attributes:
        alone: seconds from one intervention to the next.
        review: share of changes that needed a human's approval.
        commit_to_canary: seconds.
        bad_release: seconds for which a bad release has traffic.
        uptime: share.
    """

    alone: float = 8 * 3600.0
    review: float = 0.05
    commit_to_canary: float = 120.0
    bad_release: float = 300.0
    uptime: float = 0.999


@dataclass(frozen=True)
class View:
    """The facts, put together.

    Attributes:
        facts: what happened.
        targets: what figures are held against.
    """

    facts: Facts
    targets: Targets

    @property
    def window(self) -> Span:
        """What the report is about."""
        return self.facts.window

    @cached_property
    def alone(self) -> Alone:
        """Interventions and the time between them."""
        return Alone(self.facts)

    @cached_property
    def landings(self) -> list[Landing]:
        """All landings, those before the window included."""
        return landings.landings(self.facts)

    @cached_property
    def landed(self) -> list[Landing]:
        """The landings in the window."""
        return [landing for landing in self.landings if self.window.has(landing.at)]

    @cached_property
    def pushed(self) -> int:
        """How many pushes of humans straight to the trunk there were in the window, besides those told as landings."""
        landed = {landing.commit for landing in self.landings}
        pushes = [each for each in self.alone.everybody if word(each.data, "intervention") == Intervention.PUSH]
        return sum(self.window.has(each.at) and each.commit not in landed - {""} for each in pushes)

    @cached_property
    def waiting(self) -> list[str]:
        """Changes that wait for a human since some time in the window."""
        return landings.waiting(self.facts)

    @cached_property
    def deployments(self) -> Deployments:
        """All deployments, those before the window included."""
        return deployments.deployments(self.facts)

    @cached_property
    def new_releases(self) -> Sequence[Deployment]:
        """All deployments but those that go back to an old release."""
        return [each for each in self.deployments.all if not each.returns]

    @cached_property
    def incidents(self) -> list[Incident]:
        """All incidents."""
        return incidents.incidents(self.facts)

    @cached_property
    def places(self) -> list[Place]:
        """What was watched in the window."""
        return uptime.places(self.facts)

    @cached_property
    def flakes(self) -> Flakes:
        """Failures that say nothing about a change."""
        return gates.flakes(self.facts)
