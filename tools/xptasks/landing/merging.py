"""What lands: the commits that a batch makes of the trunk, built from objects alone. No working tree is touched.

The same trunk, change and words make the same commit, id and all, whoever builds it and whenever: what one runner has
tested is not tested again by its successor.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from xptasks.errors import CannotRunError
from xptasks.landing.marks import Queued, Signature
from xptasks.landing.remote import signing
from xptasks.markup import clean
from xptasks.system.plumbing import Git

Method = Literal["squash", "merge"]
CHANGE, LANDED_BY, REVERTS = "Change-Id", "Landed-By", "Reverts"
_OURS = frozenset({"change-id", "landed-by", "approved-by", "reverts"})
"""Trailers that only the queue writes: a change that brings them along says nothing by them."""

_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):[ \t]+(\S.*)")
_FIELDS = "%an%x00%ae%x00%at%x00%(trailers:only,unfold,separator=%x01)"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a change: who wrote it, when, and the trailers of its message."""

    author: Signature
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """What the trunk becomes by a change.

    Attributes:
        commit: the commit that is tested, and lands.
        onto: the trunk before it, perhaps with other changes of the batch.
    """

    commit: str
    onto: str


@dataclass(frozen=True, slots=True)
class Unmergeable:
    """Why a change cannot be merged.

    Attributes:
        rule: `conflict`, `unrelated`, `nothing` (the trunk has all of it), or `no-commit`.
        files: those in conflict.
    """

    rule: Literal["conflict", "unrelated", "nothing", "no-commit"]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Merger:
    """Builds commits.

    Args:
        git: the repository.
        method: as configured.
        by: `Name <address>` of the committer.
        landed_by: who lands, for the trailer.
    """

    git: Git
    method: Method
    by: str
    landed_by: str

    def merge(self, tip: str, queued: Queued, trailers: Sequence[str] = ()) -> Merged | Unmergeable:
        """Put a change on top of a commit.

        Args:
            tip: the commit.
            queued: the change.
            trailers: further lines for the end of the message.

        Raises:
            CannotRunError: git or the disk refuses.
        """
        if not queued.head:
            return Unmergeable("no-commit")
        tree = self._tree(tip, queued.head)
        if isinstance(tree, Unmergeable):
            return tree
        commits = commits_of(self.git, tip, queued.head)
        _, moment = about(self.git, tip)
        message = squashed(queued, commits, (*trailers, *self._own(queued)))
        if self.method == "merge":
            message = said(f"Merge {queued.title or queued.change}", "", (*trailers, *self._own(queued)))
        author = commits[-1].author if commits else queued.signed
        parents = [tip] if self.method == "squash" else [tip, queued.head]
        committer = Signature.of(self.by, max(moment, queued.signed.at))
        made = self.git(
            "commit-tree",
            tree,
            *(word for parent in parents for word in ("-p", parent)),
            stdin=message,
            environ=signing(author, committer),
        )
        return Merged(made, tip)

    def _own(self, queued: Queued) -> tuple[str, ...]:
        reverts = tuple(f"{REVERTS}: {commit}" for commit in queued.reverts)
        return (*reverts, f"{CHANGE}: {queued.change}", f"{LANDED_BY}: {self.landed_by}")

    def _tree(self, tip: str, head: str) -> str | Unmergeable:
        """The tree of both together."""
        said = self.git.ask("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", tip, head)
        tree, *files = said.out.split("\0")
        if said.code == 0:
            return Unmergeable("nothing") if tree == about(self.git, tip)[0] else tree
        if said.code == 1:
            return Unmergeable("conflict", tuple(dict.fromkeys(filter(None, files))))
        if "unrelated" in said.error:
            return Unmergeable("unrelated")
        raise CannotRunError(f"git cannot merge {head[:12]} into {tip[:12]}: {said.error}")


def commits_of(git: Git, tip: str, head: str) -> list[Commit]:
    """The commits of a change that a trunk does not have, oldest first, without merges.

    Raises:
        CannotRunError: git does not answer.
    """
    log = git("log", "--reverse", "--no-merges", "--no-use-mailmap", f"--format={_FIELDS}%x02", f"{tip}..{head}", "--")
    found = []
    for record in filter(str.strip, log.split("\2")):
        name, address, at, trailers = record.lstrip("\n").split("\0")
        found.append(Commit(Signature(name, address, float(at)), tuple(filter(None, trailers.split("\1")))))
    return found


@lru_cache(maxsize=256)
def about(git: Git, commit: str) -> tuple[str, float]:
    """The tree of a commit, and when it was made; the same id always means the same.

    Raises:
        CannotRunError: there is no such commit.
    """
    tree, moment = git("show", "--no-patch", "--format=%T %ct", commit).split()
    return tree, float(moment)


def revert(git: Git, newest: str, before: str, message: str, by: Signature) -> str:
    """A commit that takes back all that came after one commit of the trunk up to another.

    It stands on the newest of them and holds what the trunk held before: merging it into the trunk takes back just
    that, whatever has landed since.

    Args:
        git: the repository.
        newest: the last commit that is taken back.
        before: the commit whose content comes back.
        message: of the commit.
        by: who takes it back.

    Raises:
        CannotRunError: git or the disk refuses.
    """
    tree = git("rev-parse", "--verify", f"{before}^{{tree}}")
    return git("commit-tree", tree, "-p", newest, stdin=message, environ=signing(by))


def squashed(queued: Queued, commits: Sequence[Commit], trailers: Sequence[str]) -> str:
    """The message of a change that lands as one commit.

    Trailers of all its commits come together at the end, so that a gate's waiver is found there; a change's own word
    for what only the queue says is left out. Other authors are named as Git's hosts do.
    """
    body, own = _parted(queued.body)
    inherited = [trailer for commit in commits for trailer in commit.trailers]
    author = commits[-1].author.address if commits else queued.signed.address
    others = {each.author.address: each.author for each in commits if each.author.address != author}
    together = [f"Co-authored-by: {each.name} <{each.address}>" for each in others.values()]
    kept = [trailer for trailer in (*inherited, *own) if trailer.partition(":")[0].lower() not in _OURS]
    return said(queued.title or queued.change, body, (*kept, *together, *trailers))


def _parted(body: str) -> tuple[str, list[str]]:
    """A body without the trailers at its end, and those."""
    before, _, last = f"\n\n{body.strip()}".rpartition("\n\n")
    lines = last.splitlines()
    if lines and all(map(_TRAILER.fullmatch, lines)):
        return before.strip(), lines
    return body.strip(), []


def said(title: str, body: str, trailers: Iterable[str]) -> str:
    """A message: clean, with each trailer once."""
    last = "\n".join(dict.fromkeys(" ".join(clean(trailer).split()) for trailer in trailers))
    return "\n\n".join(filter(None, (" ".join(clean(title).split()), clean(body).strip(), last))) + "\n"
