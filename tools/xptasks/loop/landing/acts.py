"""What the queue does at the remote: each act is one push that does all of it, or nothing when anything has changed."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

from xptasks.landing import marks, merging
from xptasks.landing.breaker import Trip
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Mark, Queued, Signature
from xptasks.landing.remote import Pushed, Remote, Update, View
from xptasks.loop.landing.line import Candidate, Ending, Scene

ACTOR = "machine:queue"
_KEPT = 100  # marks of each kind
_WAIVED = "because it only takes back what landed before"


@dataclass(frozen=True)
class Acts:
    """What can be done.

    Args:
        remote: where.
        by: `Name <address>` of who signs.
        now: seconds since the epoch.
    """

    remote: Remote
    by: str
    now: Callable[[], float]

    def land(self, scene: Scene, batch: Sequence[Candidate]) -> Pushed:
        """The trunk becomes what was tested; what has landed leaves the queue."""
        signed, view = self._signed(), scene.view
        entries = [self._landed(scene, each, signed.at) for each in batch]
        updates = self.trunk_becomes(view, batch[-1].merged.commit)
        for candidate, entry in zip(batch, entries, strict=True):
            queued = candidate.queued
            text = f"landed on {self.remote.trunk} as {entry.commit[:12]}"
            mark = Mark("landed", queued.change, entry.commit, signed, text, dict(entry.data))
            updates += [self._leaves(queued), *self._instead(view, mark)]
        updates += self._pruned(view, {update.ref for update in updates})
        return self.remote.push([*updates, self.remote.append(view, entries, self.by)])

    def _landed(self, scene: Scene, candidate: Candidate, at: float) -> Entry:
        queued, merged = candidate.queued, candidate.merged
        commits = merging.commits_of(self.remote.git, merged.onto, queued.head)
        told = {
            "head": queued.head,
            "base": merged.onto,
            "title": queued.title,
            "lines": lines_between(self.remote, merged.onto, merged.commit),
            "commits": [each.author.at for each in commits],
            "method": scene.rules.landing.method,
            "automatic": True,
            "reviewed": any(line.startswith("Approved-by:") for line in candidate.verdict.trailers),
            "reverts": self._change_of(scene, queued.reverts),
        }
        return Entry(What.LANDED, at, queued.change, merged.commit, ACTOR, told)

    def _change_of(self, scene: Scene, commits: Sequence[str]) -> str:
        """The change that became one of these commits."""
        found = (entry.change for entry in scene.entries if entry.what is What.LANDED and entry.commit in commits)
        return next(found, "")

    def end(self, scene: Scene, ending: Ending, **data: object) -> Pushed:
        """Take a change out of the queue, or leave it there for a human; the trunk must be the one it was judged on."""
        queued, signed = ending.queued, self._signed()
        told = {"title": queued.title, "rule": ending.why.rule, "tip": scene.rules.tip, **data}
        still = Update(self.remote.branch, scene.view.trunk, scene.view.trunk)
        if ending.how == "held":
            told |= {"value": queued.value, "needs": ending.needs}
            mark = Mark("held", queued.change, queued.head, signed, ending.why.text, told)
            return self.remote.push([still, Update(_ref(queued), queued.value, queued.value), self.remote.write(mark)])
        told |= {"head": queued.head, "reason": ending.why.text, "fingerprint": ending.why.fingerprint}
        entry = Entry(What.REJECTED, signed.at, queued.change, actor=ACTOR, data=told)
        target = queued.head or scene.view.trunk
        mark = Mark("rejected", queued.change, target, signed, ending.why.text, told)
        updates = [still, self._leaves(queued), *self._instead(scene.view, mark)]
        return self.remote.push([*updates, self.remote.append(scene.view, [entry], self.by)])

    def trunk_is_green(self, scene: Scene, pushed: dict[str, Any]) -> Pushed:
        """What was pushed straight to the trunk is all right."""
        actor = str(pushed.pop("actor", ACTOR))
        entry = Entry(What.TRUNK_GREEN, self.now(), commit=scene.rules.tip, actor=actor, data=pushed)
        updates = self.trunk_becomes(scene.view, scene.rules.tip)
        return self.remote.push([*updates, self.remote.append(scene.view, [entry], self.by)])

    def trunk_is_red(self, scene: Scene, why: str, pushed: dict[str, Any], before: str) -> tuple[Pushed, str]:
        """What was pushed straight to the trunk is not; taking it back is proposed, under the name that is returned.

        Args:
            scene: what there is.
            why: what failed.
            pushed: what is known of it: `reverts` are its commits, oldest first.
            before: the last commit that was green; empty when the trunk does not come after it.
        """
        tip, signed = scene.rules.tip, self._signed()
        actor = str(pushed.pop("actor", ACTOR))
        entry = Entry(What.TRUNK_RED, signed.at, commit=tip, actor=actor, data={"reason": why, **pushed})
        updates = [Update(self.remote.branch, tip, tip)]
        name = f"revert-{tip[:12]}" if before else ""
        if name:
            updates.append(Update(f"{marks.PROPOSED}{name}", self.proposed(name, tip, before, pushed["reverts"])))
        mark = Mark("red", self.remote.trunk, tip, signed, why, {"proposed": name})
        updates += [self.remote.write(mark), self.remote.append(scene.view, [entry], self.by)]
        return self.remote.push(updates), name

    def proposed(self, name: str, newest: str, before: str, reverts: Sequence[str]) -> str:
        """A change that takes back what came after one commit of the trunk up to another, ready to be queued."""
        signed = self._signed()
        title = f"Revert {self.remote.git('show', '-s', '--format=%s', newest)[:60]!r}"
        listed = "\n".join(self.remote.git("show", "-s", "--format=- %h %s", commit) for commit in reverts)
        body = f"It takes back:\n\n{listed}"
        waived = f"Size: large, {_WAIVED}\nTest-First: no, {_WAIVED}"
        head = merging.revert(self.remote.git, newest, before, f"{title}\n\n{body}\n\n{waived}\n", signed)
        made = Queued(name, "", head, signed, title, body, ("revert",), "", ACTOR, tuple(reverts))
        return self.remote.git.write("tag", made.content())

    def note(self, view: View, *entries: Entry, more: Sequence[Update] = ()) -> Pushed:
        """Add to the ledger, and whatever belongs to it."""
        return self.remote.push([*more, self.remote.append(view, entries, self.by)])

    def open_breaker(self, view: View, trip: Trip) -> Pushed:
        """Stop all runners."""
        told = {"rule": trip.rule, "why": trip.why, "decide": trip.decide}
        return self.note(view, Entry(What.BREAKER_OPENED, self.now(), actor=ACTOR, data=told))

    def advance(self, view: View, commit: str, why: str) -> Pushed:
        """The trunk gets a commit of the queue's own, which changes no behaviour."""
        entry = Entry(What.MOVED, self.now(), commit=commit, actor=ACTOR, data={"why": why})
        return self.note(view, entry, more=self.trunk_becomes(view, commit))

    def trunk_becomes(self, view: View, commit: str) -> list[Update]:
        """The updates by which the trunk is this commit, and green."""
        gated, red = marks.gated(self.remote.trunk), marks.mark("red", self.remote.trunk)
        updates = [Update(self.remote.branch, commit, view.trunk), Update(gated, commit, view.refs.get(gated, ""))]
        stale = [red, *view.named(marks.PROPOSED)] if red in view.refs else []
        return updates + [Update(ref, "", view.refs[ref]) for ref in stale]

    def _leaves(self, queued: Queued) -> Update:
        return Update(_ref(queued), "", queued.value)

    def _instead(self, view: View, mark: Mark) -> list[Update]:
        """A mark in place of whatever was said about the change before."""
        kinds = (*marks.ENDINGS, "held", "approved")
        stale = self.remote.without_marks(view, mark.change, kinds)
        return [*(each for each in stale if each.ref != mark.ref), self.remote.write(mark)]

    def _pruned(self, view: View, but: Container[str]) -> list[Update]:
        """Marks of what landed long ago go; the ledger keeps them."""
        landed = view.named(f"{marks.ROOT}landed/")
        if len(landed) <= 2 * _KEPT:
            return []
        found = self.remote.marks(view, "landed")[:-_KEPT]
        return [Update(mark.ref, "", mark.value) for mark in found if mark.ref not in but]

    def _signed(self) -> Signature:
        return Signature.of(self.by, self.now())


def _ref(queued: Queued) -> str:
    return f"{marks.QUEUE}{queued.change}"


def lines_between(remote: Remote, one: str, other: str) -> int:
    """Lines that are added and deleted between two commits."""
    numbers = remote.git("diff-tree", "-r", "--numstat", "--no-renames", one, other).splitlines()
    fields = (word for line in numbers for word in line.split("\t")[:2])
    return sum(int(word) for word in fields if word.isdecimal())
