"""Which changes go into the next batch: judged by the trunk's rules, merged one onto the other."""

import hashlib
import shlex
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from xptasks.errors import UsageError
from xptasks.landing import marks, rejection
from xptasks.landing.forge import local
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import Queued
from xptasks.landing.merging import Merged, Merger, Unmergeable
from xptasks.landing.policy import Reason, Verdict
from xptasks.landing.proposal import Approval, Proposal
from xptasks.landing.rejection import Setting, Why
from xptasks.landing.remote import Remote, View
from xptasks.loop.landing.rules import Rules

Judge = Callable[[str, str, Proposal, Sequence[Approval]], Verdict]
"""From the trunk, a change's head, what is said of it, and who approved it, to the verdict before anything runs."""

_MOST = 5000  # of each thing that is remembered
_MAY_LAND = Verdict("may land")
_NOT_YET = Merged("", "")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that may land, and what the trunk becomes by it and those before it.

    Attributes:
        queued: the change.
        merged: the commit that is tested and lands.
        verdict: what the trunk's rules say of it.
        onto: the commit that it is compared with, where that is not the trunk: what takes something back is judged as
            what is left since the commit that it goes back to.
    """

    queued: Queued
    merged: Merged
    verdict: Verdict = _MAY_LAND
    onto: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """A change that cannot go on as it is.

    Attributes:
        queued: the change.
        how: `rejected` is for its author, `held` waits for a human.
        why: in words.
        needs: what a held one waits for.
    """

    queued: Queued
    how: Literal["rejected", "held"]
    why: Why
    needs: Literal["", "approval", "word", "gate"] = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The next batch.

    Attributes:
        batch: in the order in which they are merged.
        endings: those that go no further.
        waiting: how many wait for a human.
        postponed: how many wait for those before them.
    """

    batch: tuple[Candidate, ...] = ()
    endings: tuple[Ending, ...] = ()
    waiting: int = 0
    postponed: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a turn of the queue looks at.

    Attributes:
        view: the remote's refs.
        entries: the ledger, oldest first.
        rules: the trunk's.
        setting: for what is said.
        queue: the changes that wait.
    """

    view: View
    entries: Sequence[Entry]
    rules: Rules
    setting: Setting
    queue: Sequence[Queued]


@dataclass
class LineUp:
    """Lines changes up; what it worked out once it remembers as long as nothing changes.

    Args:
        remote: where changes wait.
        judge: the trunk's rules.
    """

    remote: Remote
    judge: Judge
    _looked: set[str] = field(default_factory=set)
    _verdicts: dict[tuple[str, ...], Verdict] = field(default_factory=dict)
    _merged: dict[tuple[str, ...], Merged | Unmergeable] = field(default_factory=dict)

    def line(self, scene: Scene, merger: Merger, skip: Container[str] = ()) -> Line:
        """The next batch.

        Args:
            scene: what there is.
            merger: builds commits.
            skip: values of the queue's refs that have to wait for a while.
        """
        self._forget()
        # Where the trunk has no rules yet, only the change that brings them can be judged.
        queue = [each for each in scene.queue if scene.rules.adopts in {"", each.change}]
        queue.sort(key=lambda each: not self._goes_back_to(each, scene.entries))
        batch: list[Candidate] = []
        endings: list[Ending] = []
        waiting, postponed = 0, len(scene.queue) - len(queue)
        for queued in queue:
            full = queued.value in skip or len(batch) >= scene.rules.landing.batch
            if full and queued.value in self._looked:  # once it is queued its author hears at once what is wrong
                postponed += 1
                continue
            self._looked.add(queued.value)
            found = self._found(scene, merger, batch, queued, full=full)
            if isinstance(found, Candidate):
                batch.append(found)
            elif isinstance(found, Ending):
                endings.append(found)
            elif found == "waits":
                waiting += 1
            else:
                postponed += 1
        return Line(tuple(batch), tuple(endings), waiting, postponed)

    def _forget(self) -> None:
        """What is remembered must not grow for ever."""
        for memory in (self._looked, self._verdicts, self._merged):
            if len(memory) > _MOST:
                memory.clear()

    def _found(
        self, scene: Scene, merger: Merger, batch: Sequence[Candidate], queued: Queued, *, full: bool
    ) -> Candidate | Ending | Literal["waits", "postponed"]:
        """What becomes of the next change."""
        verdict = self._of(scene, queued)
        if not isinstance(verdict, Verdict):
            return verdict or "waits"
        if full:
            return "postponed"
        new = Candidate(queued, _NOT_YET, verdict, self._goes_back_to(queued, scene.entries))
        return self._joined(scene, merger, batch, new) or "postponed"

    def _joined(
        self, scene: Scene, merger: Merger, batch: Sequence[Candidate], new: Candidate
    ) -> Candidate | Ending | None:
        """A change on top of those before it; None when it only disagrees with one of them, which may never land."""
        tip = batch[-1].merged.commit if batch else scene.rules.tip
        merged = self._merge(merger, tip, new)
        if isinstance(merged, Merged):
            return replace(new, merged=merged)
        alone = merged if not batch else self._merge(merger, scene.rules.tip, new)
        if isinstance(alone, Unmergeable):
            return Ending(new.queued, "rejected", rejection.unmergeable(alone, scene.setting))
        return None

    def _of(self, scene: Scene, queued: Queued) -> Verdict | Ending | None:
        """May a change land? None when that was said before, and nothing is new."""
        wrong = marks.what_is_wrong_with(queued.change)
        if wrong:
            text = f"{wrong}\nnext: give it another name: git push REMOTE HEAD:refs/xp/queue/NAME"
            return Ending(queued, "rejected", Why("name", text, "name"))
        if not queued.head:
            return Ending(queued, "rejected", rejection.unmergeable(Unmergeable("no-commit"), scene.setting))
        held = local.hold_of(self.remote, scene.view, queued)
        if held and held.data.get("needs") == "gate":
            return None
        verdict = self._judged(scene, queued)
        return verdict if verdict.outcome == "may land" else _ending(queued, verdict, held.text if held else "")

    def _judged(self, scene: Scene, queued: Queued) -> Verdict:
        if self._goes_back_to(queued, scene.entries):
            return _MAY_LAND
        approvals = local.approvals_of(self.remote, scene.view, queued)
        # What it says depends on the trunk only by its rules, and by where the change left it.
        base = self.remote.git.ask("merge-base", "--all", scene.rules.tip, queued.head).out
        said = (f"{each.approver} {each.change_head}" for each in approvals)
        key = (queued.value, scene.rules.text, base, *said)
        if key not in self._verdicts:
            self._verdicts[key] = self._judge(scene.rules.tip, queued, approvals)
        return self._verdicts[key]

    def _judge(self, tip: str, queued: Queued, approvals: Sequence[Approval]) -> Verdict:
        actor = queued.actor or queued.signed.address
        told = Proposal(queued.change, queued.head, queued.title, queued.body, queued.labels, queued.branch, actor)
        try:
            return self.judge(tip, queued.head, told, approvals)
        except UsageError as error:
            return Verdict("rejected", (Reason("unreadable", "rejected", error.message, error.hint or ""),))

    def _goes_back_to(self, queued: Queued, entries: Sequence[Entry]) -> str:
        """The commit that a change goes back to, if it takes back exactly what the ledger says may go back.

        No rule keeps such a change from landing: all of it was on the trunk, and was green there.
        """
        git = self.remote.git
        named = any(
            tuple(entry.data.get("reverts", ())) == queued.reverts
            for entry in entries
            if entry.what in {What.ROLLED_BACK, What.TRUNK_RED} and queued.reverts
        )
        before = git.find(f"{queued.reverts[0]}^") if named else None
        if before is None or git.find(f"{queued.head}^") != queued.reverts[-1]:
            return ""
        return before if git.find(f"{queued.head}^{{tree}}") == git.find(f"{before}^{{tree}}") else ""

    def _merge(self, merger: Merger, tip: str, new: Candidate) -> Merged | Unmergeable:
        key = (tip, new.queued.value, merger.method, *new.verdict.trailers)
        if key not in self._merged:
            self._merged[key] = merger.merge(tip, new.queued, new.verdict.trailers)
        return self._merged[key]


def _ending(queued: Queued, verdict: Verdict, said: str) -> Ending | None:
    """What becomes of a change that may not land; None when it waits, and just that was said before."""
    if verdict.outcome == "rejected":
        return Ending(queued, "rejected", rejection.policy(verdict.against))
    approval = verdict.outcome == "needs approval"
    who = f"who may approve says `inv land-approve --change {shlex.quote(queued.change)}`"
    why = rejection.policy(
        verdict.against, f"{who}; or change it, commit, `inv land`" if approval else "then `inv land`"
    )
    return None if said == why.text else Ending(queued, "held", why, "approval" if approval else "word")


def same_change(remote: Remote, merged: Merged) -> str:
    """What a change does, whatever it is merged onto: the same for the same files before and after."""
    said = remote.git("diff-tree", "-r", "--raw", "--no-renames", merged.onto, merged.commit)
    return hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()
