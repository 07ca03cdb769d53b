"""A bare git remote is all: changes wait at `refs/xp/queue/NAME`, and what became of them stands beside it.

A plain `git push origin HEAD:refs/xp/queue/NAME` queues a change as well as this module does; it only says less. The
process `inv land-queue` lands what waits. See `xptasks.landing.marks` for what is kept where.
"""

import hashlib
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xptasks.errors import CannotRunError, UsageError
from xptasks.landing import marks
from xptasks.landing.ledger import Entry, What
from xptasks.landing.marks import ENDINGS, Kind, Mark, Queued, Signature
from xptasks.landing.proposal import Approval, Proposal, Standing, State
from xptasks.landing.remote import Pushed, Remote, Update, View
from xptasks.landing.settings import LandingSettings
from xptasks.markup import clean
from xptasks.system.plumbing import Git

_TRIES = 8  # pushes, while others push at the same time
_IDENTITY = ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
_SHOWN = 20  # of what has ended
_STATES: Mapping[Kind, State] = {"landed": "landed", "rejected": "rejected", "withdrawn": "withdrawn", "held": "open"}


def forge(settings: LandingSettings, project: Path, environ: Mapping[str, str]) -> "LocalForge":
    """The forge of the remote that `[landing] remote` names.

    Raises:
        CannotRunError: this is no clone, or it has no such remote.
    """
    git = Git(project, {name: value for name, value in environ.items() if name in _IDENTITY})
    if git.ask("remote", "get-url", settings.remote).code != 0:
        hint = "`git remote add` it, or name another one in [landing] remote"
        raise CannotRunError(f"there is no git remote called {settings.remote!r} here", where=str(project), hint=hint)
    return LocalForge(Remote(git, settings.remote, settings.trunk))


class LocalForge:
    """The forge.

    Args:
        remote: where changes wait and end, as a clone sees it.
        now: seconds since the epoch.
    """

    def __init__(self, remote: Remote, now: Callable[[], float] = time.time) -> None:
        self.remote = remote
        self._now = now

    def submit(self, proposal: Proposal, *, replaces: bool = False) -> Standing:
        """Queue a change, or a new state of one. The same state again keeps its place.

        Args:
            proposal: the change.
            replaces: take the place of another developer's change of that name.

        Raises:
            UsageError: it cannot be called so, there is nothing to land, or another developer's change has that name.
            CannotRunError: the remote is away, or does not want it.
        """
        return self.queue(
            Queued(
                proposal.id,
                "",
                proposal.head,
                self._signed(),
                proposal.title,
                proposal.body,
                proposal.labels,
                proposal.branch,
                proposal.actor,
            ),
            replaces=replaces,
        )

    def queue(self, wanted: Queued, *, replaces: bool = False) -> Standing:
        """The same for a change that is known in the queue's own words.

        Raises:
            UsageError, CannotRunError: as for `submit`.
        """
        wrong = marks.what_is_wrong_with(wanted.change)
        if wrong or self.remote.git.ask("check-ref-format", f"{marks.QUEUE}{wanted.change}").code != 0:
            raise UsageError(
                f"a change cannot be called {clean(wanted.change)[:100]!r}: {wrong or 'git allows no such name'}",
                hint="give it a short name with --change",
            )
        head = self.remote.git.find(f"{wanted.head}^{{commit}}")
        if head is None:
            raise UsageError(f"there is no commit {wanted.head!r}")
        made = replace(wanted, head=head, signed=self._signed(), place=self._place())
        return self._try(lambda view: self._queue(view, made, replaces=replaces))

    def _signed(self) -> Signature:
        return Signature.of(self.remote.git.identity(), self._now())

    def _queue(self, view: View, made: Queued, *, replaces: bool) -> Standing | Pushed:
        queue = self.remote.queue(view)
        landed = self._landed_already(view, made)
        if landed:
            return landed
        self._no_neighbour(made.change, queue)
        before = next((each for each in queue if each.change == made.change), None)
        if before and before == replace(made, value=before.value, signed=before.signed):
            standing = self._of(view, before, queue)
            if standing.state != "open":  # what waits for a human is looked at again when it is queued again
                return standing
        elif before and not replaces:
            self._not_mine(before, made)
        if before:  # the same words at the same time would be the same tag
            later = max(made.signed.at, before.signed.at + 1)
            made = replace(made, signed=replace(made.signed, at=later))
        value = self.remote.git.write("tag", made.content())
        done = self.remote.push([Update(f"{marks.QUEUE}{made.change}", value, before.value if before else "")])
        if done.outcome != "done":
            return done
        made = replace(made, value=value)
        return self._of(view, made, [*(each for each in queue if each is not before), made])

    def _landed_already(self, view: View, made: Queued) -> Standing | None:
        if not view.trunk:
            hint = f"push it: `git push {self.remote.address} HEAD:{self.remote.branch}`"
            raise CannotRunError(f"the remote {self.remote.address} has no branch {self.remote.trunk!r}", hint=hint)
        mark = self.remote.mark(view, "landed", made.change)
        if mark and mark.data.get("head") == made.head and f"{marks.QUEUE}{made.change}" not in view.refs:
            return _ended(mark)
        self.remote.bring({self.remote.branch: view.trunk})
        if self.remote.git.is_ancestor(made.head, view.trunk):
            hint = "commit something first, or name another revision with --rev"
            raise UsageError(f"there is nothing to land: the trunk has {made.head[:12]} already", hint=hint)
        return None

    def _no_neighbour(self, change: str, queue: Sequence[Queued]) -> None:
        """Git keeps no ref `a/b` beside a ref `a`."""
        for each in queue:
            one, other = f"{each.change}/", f"{change}/"
            if each.change != change and (one.startswith(other) or other.startswith(one)):
                raise UsageError(
                    f"{change!r} cannot wait beside {clean(each.change)!r}: git keeps no ref below another one",
                    hint="give it another name with --change, or wait until the other one has ended",
                )

    def _not_mine(self, before: Queued, made: Queued) -> None:
        """Refuse to take the place of what somebody else queued, unless ours contains it."""
        mine = before.place == made.place if before.place else before.signed.address == made.signed.address
        if mine or (before.head and self.remote.git.is_ancestor(before.head, made.head)):
            return
        who = clean(f"{before.signed.name} <{before.signed.address}>")
        raise UsageError(
            f"another change called {made.change!r} waits already: {before.head[:12]} {clean(before.title)[:80]!r}, "
            f"queued by {who} from another clone",
            hint="give yours another name with --change, build on theirs, or take their place with --replace",
        )

    def _place(self) -> str:
        """Which clone this is, on which machine; it says nothing about either."""
        common = self.remote.git.ask("rev-parse", "--path-format=absolute", "--git-common-dir").out.strip()
        return hashlib.sha256(f"{socket.gethostname()}\0{common}".encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def standing(self, change: str) -> Standing:
        """How far a change is.

        Raises:
            UsageError: nobody knows such a change.
            CannotRunError: the remote is away.
        """
        view = self.remote.look()
        queue = self.remote.queue(view) if f"{marks.QUEUE}{change}" in view.refs else []
        for queued in queue:
            if queued.change == change:
                return self._of(view, queued, queue)
        ended = [mark for kind in ENDINGS if (mark := self.remote.mark(view, kind, change))]
        if not ended:
            raise UsageError(
                f"nobody knows a change called {clean(change)!r}", hint="`inv land-status` lists what waits"
            )
        return taken_back(_ended(max(ended, key=lambda mark: mark.signed.at)), self.remote.entries(view))

    def standings(self) -> list[Standing]:
        """What waits, in the order of the queue, then what ended last.

        Raises:
            CannotRunError: the remote is away.
        """
        view = self.remote.look()
        queue = self.remote.queue(view)
        ended = {mark.change: mark for mark in self.remote.marks(view, *ENDINGS)}
        waiting = {each.change for each in queue}
        over = [_ended(mark) for change, mark in reversed(ended.items()) if change not in waiting][:_SHOWN]
        entries = self.remote.entries(view) if over else []
        return [*(self._of(view, each, queue) for each in queue), *(taken_back(each, entries) for each in over)]

    def withdraw(self, change: str, actor: str) -> Standing:
        """Take a change out of the queue; its commits stay reachable by its mark.

        Raises:
            UsageError: no such change waits.
            CannotRunError: the remote is away, or does not want it.
        """
        return self._try(lambda view: self._withdraw(view, change, actor))

    def _withdraw(self, view: View, change: str, actor: str) -> Standing | Pushed:
        queued = self._waiting(view, change)
        signed = self._signed()
        text = f"withdrawn by {actor}"
        mark = Mark("withdrawn", change, queued.head, signed, text, {"actor": actor, "title": queued.title})
        entry = Entry(What.WITHDRAWN, signed.at, change, actor=actor, data={"head": queued.head})
        updates = [
            Update(f"{marks.QUEUE}{change}", "", queued.value),
            *(each for each in self.remote.without_marks(view, change) if each.ref != mark.ref),
            *([self.remote.write(mark)] if queued.head else []),
            self.remote.append(view, [entry], self.remote.git.identity()),
        ]
        done = self.remote.push(updates)
        return done if done.outcome != "done" else _ended(mark)

    def approve(self, change: str, actor: str) -> Standing:
        """Say that a change may land as it is now; whether that counts is for the trunk's rules to say.

        Raises:
            UsageError: no such change waits.
            CannotRunError: the remote is away, or does not want it.
        """
        return self._try(lambda view: self._approve(view, change, actor))

    def _approve(self, view: View, change: str, actor: str) -> Standing | Pushed:
        queued = self._waiting(view, change)
        if not queued.head:
            raise UsageError(f"{clean(change)!r} is no commit, so that nobody can approve it")
        signed = self._signed()
        mark = Mark("approved", change, queued.head, signed, f"approved by {signed.address}", {"actor": actor})
        still = Update(f"{marks.QUEUE}{change}", queued.value, queued.value)
        done = self.remote.push([self.remote.write(mark), still])
        return done if done.outcome != "done" else self._of(view, queued, self.remote.queue(view))

    def _waiting(self, view: View, change: str) -> Queued:
        for each in self.remote.queue(view):
            if each.change == change:
                return each
        hint = "`inv land-status` lists what waits"
        raise UsageError(f"no change called {clean(change)!r} waits", hint=hint)

    def _try(self, attempt: Callable[[View], Standing | Pushed]) -> Standing:
        """Look and push until nobody was faster."""
        why = ""
        for _ in range(_TRIES):
            found = attempt(self.remote.look())
            if isinstance(found, Standing):
                return found
            if found.outcome == "refused":
                raise CannotRunError(f"the remote {self.remote.address} refuses: {found.why}")
            why = found.why
        raise CannotRunError(f"others are faster at the remote {self.remote.address}: {why}", hint="try again")

    def _of(self, view: View, queued: Queued, queue: Sequence[Queued]) -> Standing:
        """How far a change is that waits."""
        position = 1 + [each.change for each in queue].index(queued.change)
        held = hold_of(self.remote, view, queued)
        if held:
            return Standing(queued.change, queued.head, "open", queued.title, held.text, position)
        testing = queued.change in {change for each in runners(self.remote, view) for change in each["changes"]}
        return Standing(queued.change, queued.head, "testing" if testing else "queued", queued.title, "", position)


def hold_of(remote: Remote, view: View, queued: Queued) -> Mark | None:
    """What says that a change waits for a human, as long as it is the same change."""
    mark = remote.mark(view, "held", queued.change)
    return mark if mark and mark.data.get("value") == queued.value else None


def approvals_of(remote: Remote, view: View, queued: Queued) -> tuple[Approval, ...]:
    """Who has approved a change, in whatever state it was then."""
    mark = remote.mark(view, "approved", queued.change)
    return (Approval(mark.target, mark.signed.address, mark.signed.at),) if mark else ()


def runners(remote: Remote, view: View) -> list[dict[str, Any]]:
    """What each runner says that it tests now: `changes`, `since`, `runner`; it may have died since."""
    refs = view.named(marks.RUNNER)
    remote.bring(refs)
    found = []
    for each in remote.git.objects(list(refs.values())):
        try:
            told = json.loads(each.content) if each else None
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("changes"), list):
            found.append(told)
    return found


def taken_back(standing: Standing, entries: Sequence[Entry]) -> Standing:
    """The same, with what has become of it after it had landed: its release was rolled back, or somebody reverts it.

    Whoever wrote it was told that it has landed, and may be innocent: all that was in one release goes with it.
    """
    since = [at for at, each in enumerate(entries) if each.what is What.LANDED and each.commit == standing.landed]
    # It may have landed before under this name, and been taken back then.
    for entry in entries[since[-1] + 1 :] if since else ():
        if entry.what is What.ROLLED_BACK and standing.landed in entry.data.get("reverts", ()):
            by, why = str(entry.data.get("queued", "")), f"its release was rolled back: {entry.data.get('why', '')}"
        elif entry.what is What.LANDED and entry.data.get("reverts") == standing.id:
            by, why = entry.change, "somebody has reverted it"
        else:
            continue
        over = any(each.what is What.LANDED and each.change == by for each in entries)
        how = f"{by} {'has taken' if over else 'takes'} it back"
        again = f"on the trunk's tip `git cherry-pick {standing.landed}`, mend it if it is to blame, `inv land`"
        told = f"{why}\n{how}\nnext: {again}"
        return replace(standing, taken_back=told)
    return standing


def _ended(mark: Mark) -> Standing:
    landed = mark.target if mark.kind == "landed" else ""
    head = str(mark.data.get("head") or mark.target)
    title = str(mark.data.get("title", ""))
    return Standing(mark.change, head, _STATES[mark.kind], title, mark.text, landed=landed)
