"""What happened to pull requests, as events of the history: landings, rejections, and where people stepped in. Pure.

Every id is made of GitHub's own id of what happened, so that telling it again tells nothing new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from xptasks.history.events import Actor, HistoryEvent, Intervention, Kind, event
from xptasks.landing.github import body

Json = Mapping[str, Any]
_PUSHES = frozenset({"push", "force_push"})
_WITHDRAWALS = frozenset({"AutoMergeDisabledEvent", "RemovedFromMergeQueueEvent"})
_TOGETHER = 60.0  # seconds between two calls of one command


@dataclass(frozen=True, slots=True)
class People:
    """Who is who.

    Attributes:
        logins: globs of the logins under which agents act.
        addresses: globs of the e-mail addresses under which agents commit.
        label: lets a change land by itself.
        holds: keep it from landing.
    """

    logins: Sequence[str] = ()
    addresses: Sequence[str] = ()
    label: str = "auto-merge"
    holds: frozenset[str] = frozenset()

    def actor(self, node: Json | None) -> Actor:
        """Who acted: a bot is a machine, a login of ours an agent, anybody else a human."""
        login = str((node or {}).get("login") or "ghost")
        if any(fnmatchcase(login.lower(), glob.lower()) for glob in self.logins):
            return Actor("agent", login)
        bot = (node or {}).get("__typename") == "Bot" or (node or {}).get("type") == "Bot" or login.endswith("[bot]")
        return Actor("machine" if bot else "human", login)

    def author(self, commit: Json) -> Actor:
        """Who wrote a commit: known by the address first, then by the login."""
        author = commit["author"] or {}
        address = str(author.get("email") or "")
        if any(fnmatchcase(address.lower(), glob.lower()) for glob in self.addresses):
            return Actor("agent", address)
        user = author.get("user")
        return self.actor(user) if user else Actor("human", address or "unknown")


def of_pull(node: Json, project: str, people: People) -> list[HistoryEvent]:
    """The events of one pull request, from the query `Happened`.

    Args:
        node: of the pull request.
        project: the project's name.
        people: who is who.
    """
    return list(_Story(node, project, people).events())


def pushed(activity: Sequence[Json], project: str, people: People) -> list[HistoryEvent]:
    """People's pushes straight to the trunk, from the list of a repository's activity."""
    found = []
    for entry in activity:
        actor = people.actor(entry["actor"])
        if entry["activity_type"] in _PUSHES and actor.kind == "human":
            told = {"intervention": Intervention.PUSH, "why": f"{entry['activity_type']} to {entry['ref']}"}
            at = _seconds(entry["timestamp"])
            key = ("activity", entry["id"])
            found.append(event(Kind.INTERVENTION, at, project, *key, commit=entry["after"], actor=actor, **told))
    return found


def rerun(attempt: Json, project: str, people: People, change: str = "") -> list[HistoryEvent]:
    """The event of a person who started an attempt of a workflow run again; none for the first, or for a machine."""
    actor = people.actor(attempt.get("triggering_actor"))
    if int(attempt.get("run_attempt") or 1) < 2 or actor.kind != "human":  # noqa: PLR2004 - the first is no rerun
        return []
    at = _seconds(attempt.get("run_started_at") or attempt["created_at"])
    why = f"attempt {attempt['run_attempt']} of {attempt.get('name') or 'a workflow'}"
    key = ("rerun", attempt["id"], attempt["run_attempt"])
    return [
        event(
            Kind.INTERVENTION, at, project, *key, change=change, commit=attempt["head_sha"], actor=actor,
            intervention=Intervention.RERUN, why=why,
        )
    ]  # fmt: skip


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class _Story:
    """One pull request, told from the beginning."""

    def __init__(self, node: Json, project: str, people: People) -> None:
        self._node = node
        self._project = project
        self._people = people
        self._facts = body.facts_of(node["body"] or "")
        self._change = str(self._facts.get("id") or node["headRefName"])
        self._author = people.actor(node["author"])
        self._items = [item for item in node["timelineItems"]["nodes"] if item]
        self._waits = False
        self._labelled = False
        self._queued_before = False

    def events(self) -> Iterator[HistoryEvent]:
        node = self._node
        lines = int(node["additions"]) + int(node["deletions"])
        opened = {"title": node["title"], "lines": lines, "base": ""}
        yield self._event(Kind.CHANGE_OPENED, node["createdAt"], "opened", actor=self._author, **opened)
        for item in self._items:
            yield from self._item(item)
        yield from self._on_top()
        if node["state"] == "MERGED":
            yield self._landed(lines)

    def _event(
        self,
        kind: Kind,
        at: str,
        *key: object,
        actor: Actor | None = None,
        commit: str = "",
        **data: Any,  # noqa: ANN401 - JSON
    ) -> HistoryEvent:
        place = ("pull", self._node["number"])
        who = actor or ""
        return event(
            kind, _seconds(at), self._project, *place, *key, change=self._change, commit=commit, actor=who, **data
        )

    def _stepped_in(self, kind: Intervention, item: Json, actor: Actor, why: str) -> HistoryEvent:
        at = item.get("createdAt") or item["submittedAt"]
        return self._event(Kind.INTERVENTION, at, item["id"], actor=actor, intervention=kind, why=why)

    def _item(self, item: Json) -> Iterator[HistoryEvent]:
        kind = item["__typename"]
        if kind in {"LabeledEvent", "UnlabeledEvent"}:
            yield from self._label(item, added=kind == "LabeledEvent")
        elif kind in {"AutoMergeEnabledEvent", "AddedToMergeQueueEvent"}:
            yield from self._queued(item)
        elif kind in {"AutoMergeDisabledEvent", "RemovedFromMergeQueueEvent"}:
            yield from self._put_out(item)
        elif kind == "PullRequestReview":
            yield from self._review(item)
        elif kind == "ClosedEvent" and self._node["state"] == "CLOSED":
            yield from self._put_out(item)

    def _label(self, item: Json, *, added: bool) -> Iterator[HistoryEvent]:
        name, actor = item["label"]["name"], self._people.actor(item["actor"])
        # Whoever proposes a change sets the label with it: that is how changes are proposed, no stepping in.
        proposes = name == self._people.label and added and not self._labelled and actor == self._author
        self._labelled = self._labelled or name == self._people.label
        told = proposes or (not added and name == self._people.label and self._withdraws(item))
        if actor.kind == "human" and name in {self._people.label, *self._people.holds} and not told:
            yield self._stepped_in(Intervention.LABEL, item, actor, f"{name} {'set' if added else 'taken away'}")

    def _withdraws(self, item: Json) -> bool:
        """Whether the label went with a withdrawal, which tells the same."""
        at, by = _seconds(item["createdAt"]), self._people.actor(item["actor"])
        return any(
            other["__typename"] in _WITHDRAWALS
            and self._people.actor(other["actor"]) == by
            and abs(_seconds(other["createdAt"]) - at) < _TOGETHER
            for other in self._items
        )

    def _queued(self, item: Json) -> Iterator[HistoryEvent]:
        if not self._waits:
            actor = self._people.actor(item["actor"])
            yield self._event(Kind.QUEUED, item["createdAt"], item["id"], actor=actor, again=self._queued_before)
        self._waits = self._queued_before = True

    def _put_out(self, item: Json) -> Iterator[HistoryEvent]:
        last_of_a_landed = self._node["state"] == "MERGED" and item is self._items[-1]
        if last_of_a_landed:  # how GitHub ends what has landed
            return
        self._waits = False
        actor, reason = self._people.actor(item["actor"]), str(item.get("reason") or "")
        if actor.kind == "human":
            yield self._stepped_in(Intervention.WITHDRAW, item, actor, reason or item["__typename"])
        elif reason:
            yield self._event(Kind.REJECTED, item["createdAt"], item["id"], actor=actor, reason=reason, rule="queue")

    def _review(self, item: Json) -> Iterator[HistoryEvent]:
        actor = self._people.actor(item["author"])
        if item["state"] == "APPROVED" and actor.kind == "human" and item["submittedAt"]:
            yield self._stepped_in(Intervention.REVIEW, item, actor, "approved")

    def _on_top(self) -> Iterator[HistoryEvent]:
        """People's commits on top of what an agent began."""
        begun = self._author.kind == "agent"
        for item in self._items:
            if item["__typename"] != "PullRequestCommit":
                continue
            commit = item["commit"]
            author = self._people.author(commit)
            if author.kind != "human":
                begun = True
            elif begun:
                why, at = "a commit on top of an agent's", commit["committedDate"]
                told = {"intervention": Intervention.COMMIT, "why": why}
                yield self._event(Kind.INTERVENTION, at, commit["oid"], actor=author, commit=commit["oid"], **told)

    def _landed(self, lines: int) -> HistoryEvent:
        node = self._node
        by = self._people.actor(node["mergedBy"])
        commits = [item["commit"]["authoredDate"] for item in self._items if item["__typename"] == "PullRequestCommit"]
        approved = [
            item
            for item in self._items
            if item["__typename"] == "PullRequestReview" and item["state"] == "APPROVED"
            and self._people.actor(item["author"]).kind == "human"
        ]  # fmt: skip
        # What was armed merges in the name of whoever armed it; so does what `inv land` found green.
        automatic = self._waits or by.kind != "human" or self._facts.get("head") == node["headRefOid"]
        return self._event(
            Kind.LANDED,
            node["mergedAt"],
            "landed",
            actor=by,
            commit=(node["mergeCommit"] or {}).get("oid", ""),
            automatic=automatic,
            reviewed=bool(approved),
            commits=[_seconds(each) for each in commits],
            lines=lines,
            method="github",
        )
