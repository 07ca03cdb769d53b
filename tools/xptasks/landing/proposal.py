"""A change on its way to the trunk, as every forge tells it. Plain values."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["open", "queued", "testing", "landed", "rejected", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to land.

    Attributes:
        id: the change's id at the forge, stable while it is worked on: its branch's name, or what was chosen.
        head: the commit.
        title: one line.
        body: the text below; Markdown.
        labels: to be set; others stay.
        branch: the branch it was made on, empty without one.
        actor: who proposes, as `str(Actor)`.
        comment: what whoever looks at the change should know besides, such as what it changes about the contracts;
            Markdown, empty without it. A forge that shows it keeps one comment up to date.
    """

    id: str
    head: str
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    branch: str = ""
    actor: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's word that a change may land; it binds to the very commit that was looked at.

    Attributes:
        change_head: the commit, its whole id.
        approver: an e-mail address.
        at: when, in seconds since the epoch (UTC).
    """

    change_head: str
    approver: str
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a change is.

    Attributes:
        id: the change's id.
        head: the commit that is meant.
        state: how far it is.
        title: one line.
        reason: why it was rejected, or what it waits for, in words that its author can act on.
        position: its place in the queue from 1 on; 0 when it is not queued.
        landed: the commit on the trunk, once it has landed.
        url: where it can be looked at; empty without such a place.
        taken_back: why it is taken back after it has landed, by what, and what its author can do; empty when it is not.
    """

    id: str
    head: str
    state: State
    title: str = ""
    reason: str = ""
    position: int = 0
    landed: str = ""
    url: str = ""
    taken_back: str = ""


class Forge(Protocol):
    """A place where changes are proposed, and from which they land. Raises `XpError` for what is expected to fail."""

    def submit(self, proposal: Proposal) -> Standing:
        """Propose a change, or a new state of one; to land as soon as it may."""
        ...

    def standing(self, change: str) -> Standing:
        """How far a change is.

        Raises:
            UsageError: nobody knows such a change.
        """
        ...

    def standings(self) -> list[Standing]:
        """Every change that has not ended, in the order of the queue, then what ended last."""
        ...

    def withdraw(self, change: str, actor: str) -> Standing:
        """Take a change back."""
        ...
