"""Changes on their way to the trunk: which landed, which wait for a human, how long they were queued. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xptasks.history.events import HistoryEvent, Intervention, Kind
from xptasks.history.metrics.facts import Facts, numbers, word


@dataclass(frozen=True, slots=True)
class Landing:
    """A change on the trunk.

    Attributes:
        at: when it landed.
        change: its id.
        commit: what it is on the trunk.
        automatic: whether no human merged it; what does not say so was merged by hand.
        reviewed: whether it waited for a human's approval.
        commits: when its commits were made by their authors, in order; empty when nobody knows.
        reverts: the change that it takes back, empty when it takes none back.
        queued: when it was queued for this landing; None when it was not, or nobody knows.
    """

    at: float
    change: str
    commit: str
    automatic: bool
    reviewed: bool
    commits: tuple[float, ...]
    reverts: str
    queued: float | None


def landings(facts: Facts) -> list[Landing]:
    """All landings, in order, those before the window included."""
    return list(_walk(facts.of(Kind.QUEUED, Kind.LANDED, Kind.REJECTED, Kind.INTERVENTION)))


def _walk(events: Sequence[HistoryEvent]) -> Iterator[Landing]:
    queued: dict[str, float] = {}
    reviewed: set[str] = set()
    for event in events:
        if event.kind is Kind.QUEUED:
            queued.setdefault(event.change, event.at)
        elif _is_review(event):
            reviewed.add(event.change)
        elif event.kind is Kind.LANDED:
            yield _landing(event, queued.get(event.change), waited=event.change in reviewed)
            reviewed.discard(event.change)
        if _ends(event):
            queued.pop(event.change, None)


def _landing(event: HistoryEvent, queued: float | None, *, waited: bool) -> Landing:
    return Landing(
        at=event.at,
        change=event.change,
        commit=event.commit,
        automatic=event.data.get("automatic") is True,
        reviewed=event.data.get("reviewed") is True or (waited and event.change != ""),
        commits=tuple(sorted(numbers(event.data, "commits"))),
        reverts=word(event.data, "reverts"),
        queued=queued,
    )


def _is_review(event: HistoryEvent) -> bool:
    return _intervention(event) == Intervention.REVIEW


def _ends(event: HistoryEvent) -> bool:
    """Whether the change is not in the queue after this."""
    return event.kind in {Kind.LANDED, Kind.REJECTED} or _intervention(event) == Intervention.WITHDRAW


def _intervention(event: HistoryEvent) -> str:
    return word(event.data, "intervention") if event.kind is Kind.INTERVENTION else ""


def waiting(facts: Facts) -> list[str]:
    """The changes that began to wait for a human's approval in the window, and that have not ended since."""
    waits: dict[str, float] = {}
    for event in facts.of(Kind.LANDED, Kind.REJECTED, Kind.INTERVENTION):
        if _is_review(event) and event.change:
            waits.setdefault(event.change, event.at)
        elif _ends(event):
            waits.pop(event.change, None)
    return [change for change, since in waits.items() if since >= facts.window.begin]
