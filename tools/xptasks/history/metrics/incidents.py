"""Incidents: when trouble began, and when it was over. Pure."""

from dataclasses import dataclass

from xptasks.history.events import Kind
from xptasks.history.metrics.facts import Facts, number, word


@dataclass(frozen=True, slots=True)
class Incident:
    """Trouble with a begin.

    Attributes:
        id: its id.
        began: when trouble began; when it was noticed, where nobody knows.
        opened: when it was noticed.
        closed: when it was over; None while it is not.
        deployment: the deployment that is the reason, empty without one.
    """

    id: str
    began: float
    opened: float
    closed: float | None
    deployment: str

    def open_at(self, at: float) -> bool:
        """Whether it was known and not over at a moment."""
        return self.opened <= at and (self.closed is None or at < self.closed)


def incidents(facts: Facts) -> list[Incident]:
    """All incidents, in the order in which they were noticed; the end of one whose begin nobody told is none.

    An incident that was opened again before it was closed is one; an id that is used again is another one.
    """
    found: list[Incident] = []
    open_ones: dict[str, Incident] = {}
    for event in facts.of(Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED):
        name = word(event.data, "incident")
        if event.kind is Kind.INCIDENT_OPENED:
            began = number(event.data, "began")
            since = event.at if began is None else min(began, event.at)
            open_ones.setdefault(name, Incident(name, since, event.at, None, event.deployment))
        elif known := open_ones.pop(name, None):
            found.append(Incident(name, known.began, known.opened, event.at, known.deployment))
    return sorted([*found, *open_ones.values()], key=lambda each: (each.opened, each.id))
