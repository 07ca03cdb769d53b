"""A bare git remote as the place where changes wait, end and are remembered: looked at as a whole, changed atomically.

Whoever changes something says what he saw before: a push in which any ref is another one now does nothing at all.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from xptasks.errors import CannotRunError
from xptasks.landing import ledger, marks
from xptasks.landing.ledger import Entry
from xptasks.landing.marks import ENDINGS, Kind, Mark, Queued, Signature, Tag
from xptasks.markup import clean
from xptasks.system.plumbing import Git, Object

_LOG = "refs/xptasks/log"  # here, so that only what is new of the ledger has to be fetched
_PATIENCE = 300.0  # seconds that a fetch or a push may take
_QUESTION = 60.0  # seconds that a look may take
_TOGETHER = 200  # refs in one fetch
_RACES = 5  # fetches, while other worktrees of the clone fetch at the same time
_HOPS = 5  # tags of tags
_LOST = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock|"
    r"incorrect old value|already exists|reference already|deletion of|remote ref does not exist"
)
_RACED = "atomic transaction failed"
_CRUD = str.maketrans("", "", "<>\n\0")


@dataclass(frozen=True, slots=True)
class View:
    """The refs of a remote at one moment.

    Attributes:
        trunk: the trunk's commit; empty when there is no such branch.
        refs: all below `refs/xp/`, with what they hold.
    """

    trunk: str
    refs: Mapping[str, str] = field(default_factory=dict)

    def named(self, prefix: str) -> dict[str, str]:
        """The refs that begin so."""
        return {name: value for name, value in self.refs.items() if name.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class Update:
    """A ref and what it is to hold.

    Attributes:
        ref: the ref's whole name.
        new: an object's id; empty to remove the ref.
        old: what it held when it was looked at; empty when it was not there, None when that does not matter.
    """

    ref: str
    new: str
    old: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended.

    Attributes:
        outcome: `done`; `lost` when a ref is another one by now; `refused` when the remote does not want it.
        why: what git or the remote said.
    """

    outcome: Literal["done", "lost", "refused"]
    why: str = ""


@dataclass(frozen=True)
class Remote:
    """A remote, as one repository sees it.

    Args:
        git: the repository: a clone, or what the queue keeps for itself.
        address: the remote's name or URL.
        trunk: the branch that everything lands on.
    """

    git: Git
    address: str
    trunk: str

    @property
    def branch(self) -> str:
        """The trunk's whole name."""
        return f"refs/heads/{self.trunk}"

    def look(self) -> View:
        """The refs as they are now.

        Raises:
            CannotRunError: the remote does not answer.
        """
        said = self.git.ask(
            "ls-remote", "--refs", "--quiet", self.address, self.branch, f"{marks.ROOT}*", patience=_QUESTION
        )
        if said.code != 0:
            raise self._away(said.error)
        refs = {name: value for value, _, name in (line.partition("\t") for line in said.out.splitlines())}
        return View(refs.pop(self.branch, ""), refs)

    def _away(self, why: str) -> CannotRunError:
        first = clean(why).strip()[-500:] or "it does not answer"
        return CannotRunError(f"the remote {clean(self.address)} cannot be reached: {first}", hint="is it there?")

    def bring(self, refs: Mapping[str, str]) -> None:
        """Fetch what refs hold, as far as it is not here; nothing of the repository's own refs changes.

        Raises:
            CannotRunError: the remote does not answer.
        """
        known = self._known({*refs.values()})
        missing = [name for name, value in refs.items() if value not in known]
        for start in range(0, len(missing), _TOGETHER):
            some = missing[start : start + _TOGETHER]
            words = [f"+{name}:{_LOG}" if name == ledger.REF else name for name in some]
            for _ in range(_RACES):
                said = self.git.ask(*_FETCH, self.address, *words, patience=_PATIENCE)
                if said.code == 0 or "cannot lock ref" not in said.error:  # another worktree of the clone is at it
                    break
            if said.code != 0 and "couldn't find remote ref" not in said.error:
                raise self._away(said.error)

    def _known(self, values: Collection[str]) -> set[str]:
        if not values:
            return set()
        asked = "".join(f"{value}\n" for value in sorted(values))
        said = self.git.ask("cat-file", "--batch-check=%(objectname)", stdin=asked)
        return {line for line in said.out.splitlines() if " " not in line}

    def queue(self, view: View) -> list[Queued]:
        """The changes that wait, in the order in which they were queued; also those that cannot land.

        Raises:
            CannotRunError: the remote does not answer.
        """
        refs = view.named(marks.QUEUE)
        self.bring(refs)
        objects = self.git.objects(list(refs.values()))
        told = [
            self._queued(marks.change_of(ref), value, found)
            for (ref, value), found in zip(refs.items(), objects, strict=True)
            if found is not None  # it was gone before it could be fetched
        ]
        here = self._known({each.head for each in told} - {""})
        found = [each if each.head in here else replace(each, head=self._peeled(each.value)) for each in told]
        return sorted(found, key=lambda each: (each.signed.at, each.change))

    def _queued(self, change: str, value: str, found: Object) -> Queued:
        if found.kind == "commit":
            return Queued.of_commit(change, value, found.content)
        tagged = Tag.parse(found)
        return Queued.of_tag(change, value, tagged) if tagged else Queued(change, value, "", Signature("", "", 0.0))

    def _peeled(self, value: str) -> str:
        """The commit that a tag of a tag leads to; empty when there is none."""
        for _ in range(_HOPS):
            (found,) = self.git.objects([value])
            if found is None or found.kind != "tag":
                return value if found and found.kind == "commit" else ""
            tagged = Tag.parse(found)
            value = tagged.target if tagged else ""
        return ""

    def marks(self, view: View, *kinds: Kind) -> list[Mark]:
        """The marks of some kinds, the oldest first.

        Raises:
            CannotRunError: the remote does not answer.
        """
        refs = {name: value for kind in kinds for name, value in view.named(f"{marks.ROOT}{kind}/").items()}
        self.bring(refs)
        objects = self.git.objects(list(refs.values()))
        found = [Mark.parse(ref, value, each) for (ref, value), each in zip(refs.items(), objects, strict=True)]
        return sorted((each for each in found if each), key=lambda each: (each.signed.at, each.change))

    def mark(self, view: View, kind: Kind, change: str) -> Mark | None:
        """One mark, None when there is none.

        Raises:
            CannotRunError: the remote does not answer.
        """
        ref = marks.mark(kind, change)
        if ref not in view.refs:
            return None
        self.bring({ref: view.refs[ref]})
        return Mark.parse(ref, view.refs[ref], self.git.objects([view.refs[ref]])[0])

    def entries(self, view: View, most: int = 500) -> list[Entry]:
        """The last entries of the ledger, the oldest first.

        Raises:
            CannotRunError: the remote does not answer.
        """
        value = view.refs.get(ledger.REF, "")
        if not value:
            return []
        self.bring({ledger.REF: value})
        said = self.git.ask("log", f"--max-count={most}", "--format=%B%x00", value, "--")
        found = [Entry.parse(message) for message in said.out.split("\0") if message.strip()]
        return [entry for entry in reversed(found) if entry]

    def write(self, mark: Mark) -> Update:
        """Write the tag of a mark; the update that sets its ref, whatever stands there.

        Raises:
            CannotRunError: the disk is full.
        """
        return Update(mark.ref, self.git.write("tag", mark.content()))

    def without_marks(self, view: View, change: str, kinds: Iterable[Kind] = (*ENDINGS, "held")) -> list[Update]:
        """The updates that take away what was said about a change before."""
        refs = [marks.mark(kind, change) for kind in kinds]
        return [Update(ref, "", view.refs[ref]) for ref in refs if ref in view.refs]

    def append(self, view: View, entries: Sequence[Entry], by: str) -> Update:
        """Write entries of the ledger; the update that adds them.

        Args:
            view: the ledger as it was seen.
            entries: the oldest first.
            by: `Name <address>`.

        Raises:
            CannotRunError: the disk is full.
        """
        old = view.refs.get(ledger.REF, "")
        tip, tree = old, self.git.write("tree", "")
        for entry in entries:
            parent = ("-p", tip) if tip else ()
            tip = self.git(
                "commit-tree", tree, *parent, stdin=entry.message(), environ=signing(Signature.of(by, entry.at))
            )
        return Update(ledger.REF, tip, old)

    def push(self, updates: Sequence[Update]) -> Pushed:
        """All of these, or none.

        Raises:
            CannotRunError: the remote does not answer, so that nobody knows whether it has happened.
        """
        leases = [f"--force-with-lease={each.ref}:{each.old}" for each in updates if each.old is not None]
        specs = [f"{'+' if each.old is None else ''}{each.new}:{each.ref}" for each in updates]
        said = self.git.ask(
            "push", "--atomic", "--porcelain", "--no-verify", *leases, self.address, *specs, patience=_PATIENCE
        )
        if said.code == 0:
            return Pushed("done")
        refused = [line.split("\t", 2)[2] for line in said.out.splitlines() if line.startswith("!\t")]
        if not refused:
            raise self._away(said.error)
        reasons = [reason for reason in refused if "atomic" not in reason] or refused
        told = [line.rstrip() for line in said.error.splitlines() if line.startswith("remote:")]
        # Of two pushes that are let in at the same time, the remote itself tells the slower one by its locks.
        locks = [line for line in told if line.startswith("remote: error:")] if _RACED in reasons[0] else []
        lost = any(map(_LOST.search, (*reasons, *locks)))
        return Pushed("lost" if lost else "refused", clean("\n".join(dict.fromkeys((*reasons, *told)))))


_FETCH = (
    "fetch",
    "--quiet",
    "--refmap=",  # the clone's own refs stay as they are
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
)


def signing(author: Signature, committer: Signature | None = None) -> dict[str, str]:
    """The variables by which git is told who makes a commit, and when."""
    found: dict[str, str] = {}
    for role, who in (("AUTHOR", author), ("COMMITTER", committer or author)):
        name, address = who.name.translate(_CRUD), who.address.translate(_CRUD)
        found[f"GIT_{role}_NAME"] = name if re.search(r"\w", name) else "somebody"
        found[f"GIT_{role}_EMAIL"] = address or "somebody@localhost"
        found[f"GIT_{role}_DATE"] = f"@{max(0, int(who.at))} +0000"
    return found
