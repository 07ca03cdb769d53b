"""The events of the history: what they are called, what they say, and how each gets an id that never changes.

An event is a fact with a time. The same happening, told twice, has the same id, so that delivering at least once
keeps it exactly once. Only the standard library: every run and every deployment writes events.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Self

ActorKind = Literal["human", "agent", "machine"]
_ACTORS: tuple[ActorKind, ...] = ("human", "agent", "machine")


class Kind(StrEnum):
    """What can happen. The comment says what `data` holds; times are seconds since the epoch, the unknown is left out.

    `event.at` is when it was over: a run when it finished, a rollback when its release had no traffic any more.
    """

    CHANGE_OPENED = "change-opened"  # title, lines, base
    QUEUED = "queued"  # again: whether it was queued before
    RUN_FINISHED = "run-finished"  # run, tier, status, exit_code, seconds, attempt, changes; the actor is who ran it
    STEP_FINISHED = "step-finished"  # run, tier, step, status, seconds, cached, measurements, fingerprints
    # automatic (no human merged it), reviewed (it waited for a human's approval), commits (the time of each, as its
    # author made it), lines, method (squash, merge; push: straight to the trunk), reverts (the change it takes back)
    LANDED = "landed"
    REJECTED = "rejected"  # reason, rule, run
    DEPLOY_STARTED = "deploy-started"  # release, old, strategy, rollback, committed (the time of its commit)
    DEPLOY_CANARY = "deploy-canary"  # release, weight (its share of the traffic from now on, be it all), stage
    DEPLOY_FULL = "deploy-full"  # release, why: it has all traffic, and stays
    DEPLOY_FAILED = "deploy-failed"  # release, why: neither promoted nor rolled back
    # release (that is given up), to, trigger, why, detected (when it was decided), automatic; its deployment is the one
    # that is given up, also where going back is a deployment of its own
    ROLLBACK = "rollback"
    # target (TARGET@HOST), process (tells two watchers apart), every (seconds to the next sign of life), probes (what
    # is known of each: {name: up or down})
    WATCH_STARTED = "watch-started"
    WATCH_ALIVE = "watch-alive"  # the same: a sign of life, so that time nobody looked is not called uptime
    WATCH_ENDED = "watch-ended"  # target, process
    PROBE = "probe"  # target, probe, state (up, down), detail
    INCIDENT_OPENED = "incident-opened"  # incident, why, began; its deployment, where one is the reason
    INCIDENT_CLOSED = "incident-closed"  # incident, how
    FLAKE = "flake"  # step, test (empty: the whole step), tier, runs: {run: status}, which differ on one commit
    RATCHET = "ratchet"  # ratchet, before, after, unit, loosened
    INTERVENTION = "intervention"  # intervention (its kind), why; its change, where there is one
    QUEUE_STARTED = "queue-started"  # process (tells two runners apart), every (seconds to the next sign of life)
    QUEUE_ALIVE = "queue-alive"  # the same, while there is nothing to do, too
    QUEUE_ENDED = "queue-ended"  # process, why
    BREAKER_OPENED = "breaker-opened"  # rule, why, decide
    BREAKER_CLOSED = "breaker-closed"


class Intervention(StrEnum):
    """How people step in; each counts."""

    COMMIT = "commit"  # a human's commit on top of an automatic change
    PUSH = "push"  # a human's commit straight to the trunk
    RERUN = "rerun"  # a human ran a red gate again without a change
    LABEL = "label"  # a label was edited by a human
    REVIEW = "review"  # a change had to wait for a human's approval
    PROMOTE = "promote"
    ABORT = "abort"
    PAUSE = "pause"
    RESUME = "resume"
    ROLLBACK = "rollback"
    OVERRIDE = "override"  # the configuration was overridden for a run
    LOOSENED = "loosened"  # an entry that loosens a ratchet landed
    BREAKER = "breaker"  # a breaker was closed by hand
    WITHDRAW = "withdraw"  # a queued change was taken out by hand


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `human:ann`, `agent:coder`, `machine:queue`."""

    kind: ActorKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `human:ann`; a text without a kind is a human's name, because nobody else may hide."""
        kind, colon, name = text.partition(":")
        for each in _ACTORS:
            if colon and kind == each:
                return cls(each, name)
        return cls("human", text)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One fact.

    Attributes:
        id: 32 hexadecimal digits, made of what happened; see `event`.
        at: when, in seconds since the epoch (UTC).
        kind: what happened.
        project: the project's name.
        change: the change's id, where there is one.
        commit: the commit's id, where there is one.
        deployment: the deployment's id, `TARGET@HOST/NUMBER`, where there is one.
        actor: who did it, as `str(Actor)`; empty where nobody did.
        data: what belongs to the kind, JSON-serialisable.
    """

    id: str
    at: float
    kind: Kind
    project: str
    change: str = ""
    commit: str = ""
    deployment: str = ""
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line of JSON, pure ASCII."""
        return json.dumps({name: getattr(self, name) for name in _FIELDS}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `as_json` wrote.

        Raises:
            UnknownKindError: it is of a kind that this version does not know.
            ValueError: it is something else.
        """
        loaded = json.loads(text)
        if not isinstance(loaded, dict) or not _is_event(loaded):
            raise ValueError(f"not an event: {text[:100]}")
        if loaded["kind"] not in _KINDS:
            raise UnknownKindError(f"events of the kind {loaded['kind'][:50]!r} are of a later version")
        return cls(**{**loaded, "kind": Kind(loaded["kind"]), "at": float(loaded["at"])})


class UnknownKindError(ValueError):
    """An event of a later version."""


_FIELDS = ("id", "at", "kind", "project", "change", "commit", "deployment", "actor", "data")
_KINDS = frozenset(Kind)
_ID = re.compile("[0-9a-f]{32}")


def _is_event(loaded: Mapping[str, Any]) -> bool:
    if set(loaded) != set(_FIELDS) or not isinstance(loaded["data"], dict):
        return False
    texts = all(isinstance(loaded[name], str) for name in _FIELDS if name not in {"at", "data"})
    at = loaded["at"]
    timed = isinstance(at, int | float) and not isinstance(at, bool) and abs(at) < _LAST
    return texts and timed and _ID.fullmatch(loaded["id"]) is not None


_LAST = 253402300800  # the year 10000: beyond it no calendar of ours can write a time


def event(  # noqa: PLR0913 - the columns of an event
    kind: Kind,
    at: float,
    project: str,
    *key: object,
    change: str = "",
    commit: str = "",
    deployment: str = "",
    actor: Actor | str = "",
    **data: object,
) -> HistoryEvent:
    """An event whose id is made of project, kind and key.

    Args:
        kind: what happened.
        at: seconds since the epoch.
        project: the project's name.
        key: what tells this happening from every other of its kind: a run's id and a step, a deployment's number and
            an entry's. Whoever tells it again must come to the same key.
        change: the change's id.
        commit: the commit's id.
        deployment: the deployment's id.
        actor: who did it.
        data: what belongs to the kind.
    """
    words = json.dumps([project, kind, *map(str, key)])
    made = hashlib.sha256(words.encode()).hexdigest()[:32]
    return HistoryEvent(made, at, kind, project, change, commit, deployment, str(actor), data)
