"""The story of one change: everything that is known of it, in order, and how long its parts took. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Literal

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics import deployments
from xptasks.history.metrics.deployments import Delivery, Deployment
from xptasks.history.metrics.facts import facts, number, word
from xptasks.history.metrics.report import iso
from xptasks.history.metrics.spans import Span
from xptasks.history.metrics.view import Targets, View

_STATES: Mapping[Kind, str] = {
    Kind.CHANGE_OPENED: "open",
    Kind.QUEUED: "queued",
    Kind.LANDED: "landed",
    Kind.REJECTED: "rejected",
}
_DELIVERY = (Kind.DEPLOY_STARTED, Kind.DEPLOY_CANARY, Kind.DEPLOY_FULL, Kind.DEPLOY_FAILED, Kind.ROLLBACK)
_TROUBLE = (Kind.INCIDENT_OPENED,)
_SAYS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CHANGE_OPENED: ("title",),
    Kind.RUN_FINISHED: ("tier", "status"),
    Kind.STEP_FINISHED: ("step", "status"),
    Kind.LANDED: ("method",),
    Kind.REJECTED: ("rule", "reason"),
    Kind.DEPLOY_STARTED: ("release",),
    Kind.DEPLOY_CANARY: ("release",),
    Kind.DEPLOY_FULL: ("release",),
    Kind.DEPLOY_FAILED: ("release", "why"),
    Kind.ROLLBACK: ("release", "trigger", "why"),
    Kind.INTERVENTION: ("intervention", "why"),
    Kind.INCIDENT_OPENED: ("why",),
    Kind.FLAKE: ("step", "test"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a change.

    Attributes:
        at: when, in UTC as ISO 8601.
        kind: what happened.
        actor: who did it; empty where nobody is named.
        commit: the commit's id, empty without one.
        deployment: the deployment's id, empty without one.
        says: what else is to be said, in words.
    """

    at: str
    kind: str
    actor: str
    commit: str
    deployment: str
    says: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change's story. `schema` grows when a reader of an older version would misread it.

    Attributes:
        schema: the version of this shape.
        project: the project's name.
        change: the change's id.
        title: what it is about, empty when nobody said.
        state: `open`, `queued`, `landed`, `rejected`, `withdrawn`, or `unknown`.
        reached: how far it got: `nobody`, `canary`, or `everybody`, or that it was `rolled back`.
        seconds: how long its parts took, as the figures count them: `queue_time`, `commit_to_canary`,
            `dora_change_lead_time`, `gates`; without what is not known.
        runs: gates that its events name.
        interventions: of humans.
        moments: everything, in order.
    """

    schema: Literal[1]
    project: str
    change: str
    title: str
    state: str
    reached: str
    seconds: Mapping[str, float]
    runs: int
    interventions: int
    moments: tuple[Moment, ...]


def change(events: Iterable[HistoryEvent], project: str, name: str, until: float) -> Change | None:
    """The story of a change, None when nothing is known of it.

    Args:
        events: any events.
        project: whose.
        name: the change's id.
        until: seconds since the epoch; what is later does not count.
    """
    view = View(facts(events, project, Span(until, until)), Targets())
    own = [event for event in view.facts.events if event.change == name]
    if not own or not name:
        return None
    canary = _delivery(view, name, lambda each: each.traffic)
    full = _delivery(view, name, lambda each: each.full)
    brought = {each.deployment.id for each in (canary, full) if each}
    others = [event for event in view.facts.of(*_DELIVERY, *_TROUBLE) if event.deployment in brought]
    runs = _runs(view, own, name)
    told = {event.id: event for event in [*own, *others, *runs]}
    return Change(
        schema=1,
        project=project,
        change=name,
        title=next((found for event in own if (found := word(event.data, "title"))), ""),
        state=_state(own),
        reached=_reached(canary, full),
        seconds=_seconds(view, name, canary, full, runs),
        runs=len(runs),
        interventions=sum(event.change == name for event in view.alone.everybody),
        moments=tuple(_moment(event) for event in sorted(told.values(), key=lambda event: (event.at, event.id))),
    )


def _runs(view: View, own: list[HistoryEvent], name: str) -> list[HistoryEvent]:
    """The runs of the change: those that name it, be it beside others, and those that its other events name."""
    named = {word(event.data, "run") for event in own} - {""}
    found = view.facts.of(Kind.RUN_FINISHED)
    return [event for event in found if event in own or word(event.data, "run") in named or _is_about(event, name)]


def _is_about(run: HistoryEvent, name: str) -> bool:
    """Whether the queue ran its gate for the change, be it together with others."""
    changes = run.data.get("changes")
    return isinstance(changes, list) and name in changes


def _delivery(view: View, name: str, when: Callable[[Deployment], float | None]) -> Delivery | None:
    brought = deployments.deliveries(view.deployments.all, view.landings, when)
    return next((each for each in brought if each.change == name), None)


def _state(own: Iterable[HistoryEvent]) -> str:
    state = "unknown"
    for event in own:
        if word(event.data, "intervention") == "withdraw":
            state = "withdrawn"
        state = _STATES.get(event.kind, state)
    return state


def _reached(canary: Delivery | None, full: Delivery | None) -> str:
    last = full or canary
    if last is None:
        return "nobody"
    if last.deployment.back is not None:
        return "rolled back"
    return "everybody" if full else "canary"


def _seconds(
    view: View, name: str, canary: Delivery | None, full: Delivery | None, runs: list[HistoryEvent]
) -> dict[str, float]:
    landed = next((each for each in reversed(view.landings) if each.change == name), None)
    gates = [seconds for event in runs if (seconds := number(event.data, "seconds")) is not None]
    found = {
        "queue_time": landed.at - landed.queued if landed and landed.queued is not None else None,
        "commit_to_canary": canary.at - canary.last if canary and canary.last is not None else None,
        "dora_change_lead_time": full.at - full.first if full and full.first is not None else None,
        "gates": fsum(gates) if gates else None,
    }
    return {word: round(value, 3) for word, value in found.items() if value is not None and value >= 0}


def _moment(event: HistoryEvent) -> Moment:
    return Moment(iso(event.at), event.kind, event.actor, event.commit, event.deployment, ", ".join(_said(event)))


def _said(event: HistoryEvent) -> Iterator[str]:
    yield from filter(None, (word(event.data, name) for name in _SAYS.get(event.kind, ())))
    if (seconds := number(event.data, "seconds")) is not None:
        yield f"{seconds:g} s"
    if (weight := number(event.data, "weight")) is not None:
        yield f"{weight:g} %"
