"""What the queue did, as events of the history: made of the ledger, so that every runner tells the same, once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from xptasks.history.events import HistoryEvent, Intervention, Kind, event
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Queued
from xptasks.landing.merging import Commit
from xptasks.results import Status

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
    if entry.data.get("reverts") and entry.what in {What.TRUNK_GREEN, What.TRUNK_RED}:
        told = {"automatic": False, "reviewed": False, "method": "push", "commits": entry.data.get("commits", [])}
        yield event(
            Kind.LANDED, entry.at, project, "push", entry.commit, commit=entry.commit, actor=entry.actor, **told
        )
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A change that waits, as a runner sees it.

    Attributes:
        queued: the change.
        project: the project's name.
        actor: who queued it.
        ended: how often a change of this name has ended before, and when it did so last: the same commit may be queued
            again, and nobody knows when it was pushed.
    """

    queued: Queued
    project: str
    actor: str
    ended: tuple[int, float] = (0, 0.0)

    def waits(self, *, base: str, lines: int, again: bool) -> Iterator[HistoryEvent]:
        """It is queued.

        Args:
            base: where it left the trunk.
            lines: that it adds and deletes.
            again: whether it was queued before and has not landed since.
        """
        if not again:
            yield self._event(Kind.CHANGE_OPENED, self.actor, title=self.queued.title, lines=lines, base=base)
        yield self._event(Kind.QUEUED, self.actor, again=again)

    def stepped_in(self, kind: Intervention, actor: str, why: str) -> HistoryEvent:
        """A human stepped in; told once for each state of the change."""
        return self._event(Kind.INTERVENTION, actor, str(kind), intervention=str(kind), why=why)

    def _event(self, kind: Kind, actor: str, *key: str, **data: Any) -> HistoryEvent:  # noqa: ANN401 - as `event`
        queued = self.queued
        return event(
            kind,
            max(queued.signed.at, self.ended[1]),
            self.project,
            *key,
            queued.change,
            queued.value,
            self.ended[0],
            change=queued.change,
            commit=queued.head,
            actor=actor,
            **data,
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


def flakes(project: str, commit: str, runs: Sequence[Mapping[str, Any]], at: float) -> list[HistoryEvent]:
    """What differed between runs of one commit: a step, or a test of it, that failed in one and passed in another.

    Args:
        project: the project's name.
        commit: the commit.
        runs: `.xp/last-run.json` of each.
        at: seconds since the epoch.
    """
    failed: dict[tuple[str, str], dict[str, str]] = {}
    passed: dict[str, list[str]] = {}
    for run in runs:
        for step in run.get("steps", ()):
            reading = step["reading"]
            if reading["status"] == Status.PASSED:
                passed.setdefault(step["step"], []).append(run["run_id"])
            rules = {finding["rule"] for finding in reading["findings"] if finding["severity"] == "error"}
            for rule in rules or ({""} if reading["status"] == Status.FAILED else ()):
                failed.setdefault((step["step"], rule), {})[run["run_id"]] = Status.FAILED
    return [
        _flake(project, commit, key, {**found, **dict.fromkeys(passed[key[0]], Status.PASSED)}, runs[-1]["tier"], at)
        for key, found in failed.items()
        if key[0] in passed
    ]


def _flake(  # noqa: PLR0913, PLR0917 - what a flake says
    project: str, commit: str, key: tuple[str, str], runs: Mapping[str, str], tier: str, at: float
) -> HistoryEvent:
    step, test = key
    return event(
        Kind.FLAKE, at, project, commit, step, test, commit=commit, step=step, test=test, tier=tier, runs=dict(runs)
    )
