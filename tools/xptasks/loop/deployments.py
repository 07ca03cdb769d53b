"""What the journal of a target says, as events of the history. Pure, and the same journal always gives the same events.

An event stands at the entry of the journal that completes it, so that a journal which has grown gives what it gave
before, and more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xptasks.delivery.journal import Deployment
from xptasks.delivery.machine import Entry, State, why_taken_back
from xptasks.history.events import Actor, HistoryEvent, Intervention, Kind, event

WATCHER = "machine:watcher"
"""Who goes back when probes fail; the watcher tells of the incident itself."""
_BAD = frozenset({"analysis", "probe", "health", "memory", "crash"})
_SUDDEN = frozenset({"memory", "crash"})
_OLD = {"the plan": "machine:plan", "the watcher": WATCHER}  # how journals of older versions call who is no human


@dataclass(frozen=True, slots=True)
class Told:
    """An event and the entry that completes it.

    Attributes:
        deployment: the number of the deployment whose journal holds the entry.
        entry: which of its entries, from 0.
        event: what happened.
    """

    deployment: int
    entry: int
    event: HistoryEvent


def told(project: str, target: str, deployments: Sequence[Deployment]) -> list[Told]:
    """The events of deployments.

    Args:
        project: the project's name.
        target: `TARGET@HOST`.
        deployments: oldest first. What became of one that failed is told by those after it, and which one a rollback
            gives up by those before it, so some more than what is asked about does no harm.
    """
    reader = _Target(project, target)
    return [found for deployment in deployments for found in reader.read(deployment)]


@dataclass
class _Target:
    """What is known of the deployments that were read.

    Attributes:
        served: the deployment that brought a release to all traffic, by release.
        broken: the incident of a deployment that neither served nor went back; empty when there is none.
    """

    project: str
    target: str
    served: dict[str, "_Reader"] = field(default_factory=dict)
    broken: "_Reader | None" = None

    def read(self, deployment: Deployment) -> Iterator[Told]:
        """The events of the next deployment."""
        reader = _Reader(self, deployment)
        for number, entry in enumerate(deployment.entries):
            for found in reader.after(entry):
                yield Told(deployment.number, number, found)


@dataclass
class _Reader:
    """Reads the journal of one deployment, entry by entry."""

    of: _Target
    deployment: Deployment
    state: State = field(default_factory=State)
    began: float | None = None  # when the new release first had traffic
    stage: tuple[int, float] = (-1, 0.0)  # the last stage whose traffic was told, and when it began
    detected: tuple[float, str, str] | None = None  # when it was decided to go back, why, and who did
    without: float | None = None  # when the release that is given up had no traffic any more

    @property
    def id(self) -> str:
        """What the history calls it."""
        return f"{self.of.target}/{self.deployment.number}"

    @property
    def opened(self) -> Mapping[str, Any]:
        """What was noted when it began."""
        return self.deployment.entries[0].data

    def after(self, entry: Entry) -> Iterator[HistoryEvent]:
        """What an entry completes."""
        self.state = self.state.after(entry)
        match entry.kind:
            case "opened":
                yield from self._opened(entry)
            case "asked":
                yield from self._asked(entry)
            case "back":
                self.detected = self.detected or (entry.at, entry.data.get("trigger", "unknown"), "")
            case "done":
                yield from self._done(entry)
            case "closed":
                yield from self._closed(entry)
            case "down":
                yield from self._mended(entry.at, "everything was ended")

    def _event(self, kind: Kind, at: float, *key: object, actor: str = "", **data: object) -> HistoryEvent:
        # A journal that was moved away begins anew with 1: the moment tells the two apart.
        words = (self.id, self.deployment.entries[0].at, *key)
        commit = str(self.opened.get("commit", ""))
        return event(kind, at, self.of.project, *words, commit=commit, deployment=self.id, actor=actor, **_known(data))

    def _opened(self, entry: Entry) -> Iterator[HistoryEvent]:
        plan, actor = self.deployment.plan, _actor(entry.data)
        rollback, committed = bool(entry.data.get("rollback")), entry.data.get("committed")
        yield self._event(
            Kind.DEPLOY_STARTED,
            entry.at,
            actor=actor,
            release=plan.new,
            old=plan.old,
            strategy=plan.strategy,
            rollback=rollback,
            committed=committed,
        )
        if entry.data.get("profile"):
            yield from self._stepped_in(Intervention.OVERRIDE, entry, actor, f"profile {entry.data['profile']}")
        if rollback:
            self.detected = (entry.at, entry.data.get("trigger", "operator"), actor)
            yield from self._stepped_in(Intervention.ROLLBACK, entry, actor)

    def _asked(self, entry: Entry) -> Iterator[HistoryEvent]:
        actor = _actor(entry.data)
        if entry.data["what"] == "abort":
            self.detected = self.detected or (entry.at, entry.data.get("trigger", "operator"), actor)
        yield from self._stepped_in(Intervention(entry.data["what"]), entry, actor)

    def _stepped_in(self, kind: Intervention, entry: Entry, actor: str, said: str = "") -> Iterator[HistoryEvent]:
        if Actor.parse(actor).kind == "human":
            why = said or entry.data.get("why") or None
            yield self._event(Kind.INTERVENTION, entry.at, kind, entry.at, actor=actor, intervention=str(kind), why=why)

    def _done(self, entry: Entry) -> Iterator[HistoryEvent]:
        """Traffic that moved: a release has its share, be it all of it, or what is given up has none."""
        plan, state = self.deployment.plan, self.state
        if not entry.data["act"].startswith("split "):
            return
        if state.back or self._goes_back:
            self.without = entry.at if self.without is None else self.without
        elif state.stage > self.stage[0]:
            self.stage = (state.stage, entry.at)
            self.began = entry.at if self.began is None else self.began
            told: dict[str, Any] = {"release": plan.new, "weight": plan.stages[state.stage].weight}
            yield self._event(Kind.DEPLOY_CANARY, entry.at, state.stage, stage=state.stage + 1, **told)

    @property
    def _goes_back(self) -> bool:
        return bool(self.opened.get("rollback"))

    def _closed(self, entry: Entry) -> Iterator[HistoryEvent]:
        outcome, plan, why = entry.data["outcome"], self.deployment.plan, entry.data["why"]
        promoted = outcome == "promoted"
        if promoted and self._goes_back:
            yield from self._gave_up(entry, plan.old, plan.new)
        elif promoted:
            yield self._event(Kind.DEPLOY_FULL, entry.at, release=plan.new, why=why)
        elif outcome == "rolled back" and not self._goes_back:
            yield from self._gave_up(entry, plan.new, plan.old)
        else:
            yield self._event(Kind.DEPLOY_FAILED, entry.at, release=plan.new, why=why)
            yield from self._broke(entry)
        if promoted:
            self.of.served[plan.new] = self
            yield from self._mended(entry.at, f"{plan.new} serves")

    def _gave_up(self, entry: Entry, release: str | None, to: str | None) -> Iterator[HistoryEvent]:
        """A rollback, told of the deployment that is given up."""
        detected, trigger, actor = self.detected or (entry.at, "unknown", "")
        at = self._last_traffic(entry.at, detected)
        # Journals of older versions say of a rollback that nothing spoke against the release that it went back to.
        why = self.opened.get("why") or why_taken_back(self.opened) or entry.data["why"]
        automatic = not actor or Actor.parse(actor).kind != "human"
        told: dict[str, Any] = {"release": release, "to": to, "trigger": trigger, "why": why, "detected": detected}
        found = [self._event(Kind.ROLLBACK, at, actor=actor, automatic=automatic, **told)]
        given_up = self.of.served.get(release or "", self) if self._goes_back else self
        if self._is_incident(trigger, actor):
            began = detected if self._goes_back or trigger in _SUDDEN else self.stage[1]
            opened: dict[str, Any] = {"incident": given_up.id, "why": f"{release}: {why}", "began": began}
            found.append(self._event(Kind.INCIDENT_OPENED, detected, **opened))
            found.append(self._event(Kind.INCIDENT_CLOSED, at, incident=given_up.id, how="rolled back"))
        commit = str(given_up.opened.get("commit", ""))
        yield from (replace(each, commit=commit, deployment=given_up.id) for each in found)

    def _last_traffic(self, closed: float, detected: float) -> float:
        """When the release that is given up had no traffic any more; one that never had any had none all along."""
        if self.without is not None:
            return self.without
        return detected if self.began is None and not self._goes_back else closed

    def _is_incident(self, trigger: str, actor: str) -> bool:
        """Whether callers met what was bad; of what its probes found the watcher tells itself."""
        if actor == WATCHER:
            return False
        return self._goes_back or (trigger in _BAD and self.began is not None)

    def _broke(self, entry: Entry) -> Iterator[HistoryEvent]:
        """It had traffic and could not go back: an incident until something else serves."""
        if self.began is not None and self.of.broken is None:
            self.of.broken = self
            why = f"{self.deployment.plan.new}: {entry.data['why']}"
            yield self._event(Kind.INCIDENT_OPENED, entry.at, incident=self.id, why=why, began=self.stage[1])

    def _mended(self, at: float, how: str) -> Iterator[HistoryEvent]:
        broken, self.of.broken = self.of.broken, None
        if broken is not None:
            yield broken._event(Kind.INCIDENT_CLOSED, at, incident=broken.id, how=how)  # noqa: SLF001 - our own


def _actor(data: Mapping[str, Any]) -> str:
    """Who did it, as the history writes it; empty where an older version noted nobody."""
    said = str(data.get("actor", ""))
    known = next((now for old, now in _OLD.items() if said.startswith(f"{old} (")), said)
    return str(Actor.parse(known)) if known else ""


def _known(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
