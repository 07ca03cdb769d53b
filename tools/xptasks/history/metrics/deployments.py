"""Deployments, put together from what is told of each: when it got traffic, if it stayed, what it brought. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xptasks.history.events import HistoryEvent, Kind
from xptasks.history.metrics.facts import Facts, number, word
from xptasks.history.metrics.landings import Landing

_KINDS = (Kind.DEPLOY_STARTED, Kind.DEPLOY_CANARY, Kind.DEPLOY_FULL, Kind.DEPLOY_FAILED)


@dataclass(frozen=True, slots=True)
class Back:
    """A release that was given up.

    Attributes:
        at: when it had no traffic any more.
        decided: when that was decided.
        trigger: what decided it, empty when nobody knows.
    """

    at: float
    decided: float
    trigger: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment.

    Attributes:
        id: its id; made up from the release where the events tell none.
        began: when the first of its events was.
        release: what was deployed, empty when nobody knows.
        commit: of which commit.
        committed: when that was made, None when nobody knows.
        returns: whether it goes back to an old release.
        traffic: when its release first got traffic, None when it never did.
        full: when it got all.
        failed: when it ended as neither.
        back: how it was given up; None when it was not.
    """

    id: str
    began: float
    release: str = ""
    commit: str = ""
    committed: float | None = None
    returns: bool = False
    traffic: float | None = None
    full: float | None = None
    failed: float | None = None
    back: Back | None = None

    @property
    def ended(self) -> bool:
        """Whether it is decided."""
        return self.full is not None or self.failed is not None or self.back is not None

    @property
    def outcome(self) -> str:
        """How it ended: a release that is given up later has not been promoted for good."""
        return "rolled back" if self.back else "promoted" if self.full is not None else "failed"


@dataclass(frozen=True, slots=True)
class Deployments:
    """All deployments, and what could not be understood.

    Attributes:
        all: in the order in which they began, those before the window included.
        lost: rollbacks of a release that no deployment is known to have brought.
    """

    all: tuple[Deployment, ...]
    lost: tuple[HistoryEvent, ...]


def deployments(facts: Facts) -> Deployments:
    """Put the deployments together."""
    told: dict[str, list[HistoryEvent]] = defaultdict(list)
    for event in facts.of(*_KINDS):
        told[_id(event)].append(event)
    found = {name: _deployment(name, events) for name, events in told.items()}
    lost = []
    for event in facts.of(Kind.ROLLBACK):
        name = _given_up(event, found)
        if name is None:
            lost.append(event)
        elif found[name].back is None:
            found[name] = replace(found[name], back=_back(event))
    return Deployments(tuple(sorted(found.values(), key=lambda each: (each.began, each.id))), tuple(lost))


def _id(event: HistoryEvent) -> str:
    return event.deployment or f"of {word(event.data, 'release')}"


def _deployment(name: str, events: Sequence[HistoryEvent]) -> Deployment:
    started = next((event for event in events if event.kind is Kind.DEPLOY_STARTED), None)
    return Deployment(
        id=name,
        began=events[0].at,
        release=next((found for event in events if (found := word(event.data, "release"))), ""),
        commit=next((event.commit for event in events if event.commit), ""),
        committed=number(started.data, "committed") if started else None,
        returns=started is not None and started.data.get("rollback") is True,
        traffic=next((event.at for event in events if _gives_traffic(event)), None),
        full=_first(events, Kind.DEPLOY_FULL),
        failed=_first(events, Kind.DEPLOY_FAILED),
    )


def _gives_traffic(event: HistoryEvent) -> bool:
    if event.kind is Kind.DEPLOY_CANARY:
        return number(event.data, "weight") != 0
    return event.kind is Kind.DEPLOY_FULL


def _first(events: Sequence[HistoryEvent], kind: Kind) -> float | None:
    return next((event.at for event in events if event.kind is kind), None)


def _given_up(event: HistoryEvent, found: Mapping[str, Deployment]) -> str | None:
    """Which deployment a rollback gives up: the one it names, else the last one that brought its release."""
    release = word(event.data, "release")
    named = found.get(event.deployment)
    if named is not None and not named.returns and release in {"", named.release}:
        return named.id
    brought = [each for each in found.values() if release and each.release == release and not each.returns]
    return max((each for each in brought if each.began <= event.at), key=_age, default=_NOBODY).id or None


def _age(deployment: Deployment) -> tuple[float, str]:
    return deployment.began, deployment.id


_NOBODY = Deployment("", 0.0)


def _back(event: HistoryEvent) -> Back:
    decided = number(event.data, "detected")
    return Back(event.at, event.at if decided is None else min(decided, event.at), word(event.data, "trigger"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A change that a deployment brought.

    Attributes:
        change: its id; the commit where it did not land through a queue.
        first, last: when its first and its last commit were made; None when nobody knows.
        at: when it was brought.
        deployment: which deployment brought it.
    """

    change: str
    first: float | None
    last: float | None
    at: float
    deployment: Deployment


def deliveries(
    all_deployments: Sequence[Deployment], landed: Sequence[Landing], when: Callable[[Deployment], float | None]
) -> Iterator[Delivery]:
    """Every landing with the first deployment that brought it; a commit of which no landing is known stands for itself.

    A deployment of a commit brings what landed up to that commit. Of a commit that did not land through the queue, it
    brings what had landed when the commit was made, or else when the deployment began.

    Args:
        all_deployments: all deployments; going back brings nothing.
        landed: all landings, in order.
        when: the moment of a deployment that is meant; None where it had none.
    """
    places = {landing.commit: place for place, landing in enumerate(landed) if landing.commit}
    times = [landing.at for landing in landed]
    brought, alone = 0, {*places, ""}
    timed = [(at, each) for each in all_deployments if not each.returns and (at := when(each)) is not None]
    for at, each in sorted(timed, key=lambda pair: (pair[0], pair[1].id)):
        upto = places[each.commit] + 1 if each.commit in places else bisect_right(times, _made(each))
        for landing in landed[brought:upto]:
            first, last = (landing.commits[0], landing.commits[-1]) if landing.commits else (None, None)
            yield Delivery(landing.change, first, last, at, each)
        if upto <= brought and each.commit not in alone:
            yield Delivery(each.commit, each.committed, each.committed, at, each)
        alone.add(each.commit)
        brought = max(brought, upto)


def _made(deployment: Deployment) -> float:
    return deployment.began if deployment.committed is None else deployment.committed
