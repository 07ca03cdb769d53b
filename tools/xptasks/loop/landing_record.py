"""What the queue did, as events of the history: made of the ledger, so that every runner tells the same, once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from xptasks.history.events import HistoryEvent, Intervention, Kind, event
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Queued
from xptasks.landing.merging import Commit

_KINDS: Mapping[What, Kind] = {
    What.LANDED: Kind.LANDED,
    What.REJECTED: Kind.REJECTED,
    What.BREAKER_OPENED: Kind.BREAKER_OPENED,
    What.BREAKER_CLOSED: Kind.BREAKER_CLOSED,
}
_TOLD: Mapping[What, tuple[str, ...]] = {
    What.LANDED: ("automatic", "reviewed", "commits", "lines", "method", "reverts"),
    What.REJECTED: ("reason", "rule", "run"),
    What.BREAKER_OPENED: ("rule", "why", "decide"),
    What.BREAKER_CLOSED: (),
}


def of_entry(entry: Entry, project: str) -> Iterator[HistoryEvent]:
    """What an entry of the ledger tells."""
    key = (entry.at, entry.change, entry.commit)
    if entry.what in _KINDS:
        told = {name: entry.data[name] for name in _TOLD[entry.what] if entry.data.get(name) not in (None, "")}
        kind = _KINDS[entry.what]
        yield event(kind, entry.at, project, *key, change=entry.change, commit=entry.commit, actor=entry.actor, **told)
    if entry.what is What.MOVED:
        for move in entry.data.get("moves", ()):
            yield event(Kind.RATCHET, entry.at, project, *key, move["ratchet"], commit=entry.commit, **move)
    yield from _interventions(entry, project)


def _interventions(entry: Entry, project: str) -> Iterator[HistoryEvent]:
    human = entry.actor.startswith("human:")
    if human and entry.what is What.WITHDRAWN:
        yield intervention(Intervention.WITHDRAW, entry, project, "taken out of the queue")
    if human and entry.what is What.BREAKER_CLOSED:
        yield intervention(Intervention.BREAKER, entry, project, str(entry.data.get("why", "")))
    if human and entry.what in {What.TRUNK_GREEN, What.TRUNK_RED} and entry.data.get("pushed"):
        yield intervention(Intervention.PUSH, entry, project, str(entry.data["pushed"]))


def intervention(kind: Intervention, entry: Entry, project: str, why: str) -> HistoryEvent:
    """Somebody stepped in, as an entry tells."""
    return event(
        Kind.INTERVENTION,
        entry.at,
        project,
        kind,
        entry.at,
        entry.change,
        entry.commit,
        change=entry.change,
        commit=entry.commit,
        actor=entry.actor,
        intervention=kind,
        why=why,
    )


def queued(change: Queued, project: str, *, base: str, lines: int, again: bool, actor: str) -> Iterator[HistoryEvent]:
    """A change that waits, as a runner sees it first.

    Args:
        change: the change.
        project: the project's name.
        base: where it left the trunk.
        lines: that it adds and deletes.
        again: whether it was queued before and has not landed since.
        actor: who queued it.
    """
    told = {"change": change.change, "commit": change.head, "actor": actor}
    at = change.signed.at
    if not again:
        yield event(Kind.CHANGE_OPENED, at, project, change.value, title=change.title, lines=lines, base=base, **told)
    yield event(Kind.QUEUED, at, project, change.value, again=again, **told)


def stepped_in(
    kind: Intervention, change: Queued, project: str, why: str, *, actor: str, at: float = 0.0
) -> HistoryEvent:
    """A human stepped in on a change that waits; told once for each state of it."""
    return event(
        Kind.INTERVENTION,
        at or change.signed.at,
        project,
        kind,
        change.value,
        change=change.change,
        commit=change.head,
        actor=actor,
        intervention=kind,
        why=why,
    )


def on_top(commits: Sequence[Commit], agents: Sequence[str]) -> str:
    """The human who committed on top of an agent's work; empty when nobody did.

    Args:
        commits: of the change, oldest first.
        agents: globs of the addresses under which agents commit.
    """
    begun = False
    for commit in commits:
        if is_agent(commit.author.address, agents):
            begun = True
        elif begun:
            return commit.author.name or commit.author.address
    return ""


def is_agent(address: str, agents: Sequence[str]) -> bool:
    """Whether an agent commits under this address."""
    return any(fnmatchcase(address.lower(), glob.lower()) for glob in agents)
