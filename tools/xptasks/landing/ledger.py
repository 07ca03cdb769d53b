"""What the queue has done, one entry after the other: the memory that all runners of a remote share. Plain values.

The ledger is a chain of commits without files at the ref `refs/xp/log`, so that `git log` shows it; the message of each
is a sentence and a line of JSON. It only grows, and whoever adds to it does so by compare-and-swap.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

REF = "refs/xp/log"


class What(StrEnum):
    """What can stand in the ledger. The comment says what `data` holds."""

    LANDED = "landed"  # head, base, lines, authored, method, automatic, reviewed, title
    REJECTED = "rejected"  # head, rule, fingerprint, reason
    WITHDRAWN = "withdrawn"  # head
    TRUNK_RED = "trunk-red"  # reason, rule: commits that were pushed straight to the trunk
    TRUNK_GREEN = "trunk-green"
    MOVED = "moved"  # why: the queue's own commit, such as tightened ratchets
    DEPLOYED = "deployed"  # release, host
    PROMOTED = "promoted"  # release, host, why
    ROLLED_BACK = "rolled-back"  # release, host, why, reverts
    DEPLOY_FAILED = "deploy-failed"  # release, host, why
    BREAKER_OPENED = "breaker-opened"  # rule, why, decide
    BREAKER_CLOSED = "breaker-closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        what: what happened.
        at: when, in seconds since the epoch.
        change: the change's id, where there is one.
        commit: the commit on the trunk, where there is one.
        actor: who did it, as `str(Actor)`.
        data: what belongs to it, JSON-serialisable.
    """

    what: What
    at: float
    change: str = ""
    commit: str = ""
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def message(self) -> str:
        """The message of its commit: a line for people, and all of it as JSON, pure ASCII."""
        said = " ".join(word for word in (self.what, self.change, self.commit[:12]) if word)
        return f"{said.encode('ascii', 'replace').decode()}\n\n{json.dumps(asdict(self), sort_keys=True)}\n"

    @classmethod
    def parse(cls, message: str) -> Self | None:
        """Read such a message; None for one that is something else, or of a newer version."""
        try:
            loaded = json.loads(message.strip().rpartition("\n")[2])
            found = cls(**{**loaded, "what": What(loaded["what"]), "at": float(loaded["at"])})
        except (ValueError, TypeError, KeyError):
            return None
        return found if isinstance(found.data, dict) else None
