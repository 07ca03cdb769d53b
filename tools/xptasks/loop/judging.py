"""Judges a change by git's objects: before anything runs, and once the gate has run. The working tree has no say.

Rules are those of the trunk as it is now; whatever the change says about its own gate counts from the next change on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.config import document
from xptasks.errors import ConfigError
from xptasks.landing import policy, ran, waivers
from xptasks.landing.policy import Facts, Reason, Verdict
from xptasks.landing.proposal import Approval, Proposal
from xptasks.loop import looking, ratcheting
from xptasks.loop import trunk as trunks
from xptasks.loop.trunk import Trunk
from xptasks.results import Position
from xptasks.system.commits import Objects

_TRAILERS = (waivers.SIZE[0], waivers.TEST_FIRST[0])


@dataclass(frozen=True, slots=True)
class _Change:
    """A change with what it is judged by."""

    objects: Objects
    head: str
    trunk: Trunk


def before_gate(
    repository: Path, trunk: str, head: str, proposal: Proposal, approvals: Sequence[Approval] = ()
) -> Verdict:
    """What can be said of a change without running anything.

    Args:
        repository: the project's folder in any clone or worktree; what is checked out there does not matter.
        trunk: the trunk, any name of git's for it.
        head: the change.
        proposal: its labels and its text; nothing else of it counts.
        approvals: who said that it may land; the rules say whose word counts.

    Raises:
        UsageError: there is no such commit.
        CannotRunError: git does not answer.
    """
    objects = Objects.of(repository)
    change = _find(objects, objects.commit(trunk), objects.commit(head))
    if isinstance(change, Verdict):
        return change
    try:
        return policy.judge(_facts(change, proposal, approvals), change.trunk.rules)
    except ConfigError as error:
        return _unusable(error)


def after_gate(
    repository: Path, trunk: str, candidate: str, run: Mapping[str, Any], steps: Sequence[str] = ()
) -> Verdict:
    """What the gate's run says of what is about to land.

    Args:
        repository: as above.
        trunk: the trunk as it was when the candidate was made.
        candidate: the very commit that was run.
        run: `.xp/last-run.json` of that run.
        steps: the steps that were asked for, where that were not all.

    Raises:
        UsageError: there is no such commit.
        CannotRunError: git does not answer.
    """
    objects = Objects.of(repository)
    change = _find(objects, objects.commit(trunk), objects.commit(candidate))
    if isinstance(change, Verdict):
        return change
    try:
        wanted = ran.Wanted(
            commit=change.head,
            tier=change.trunk.landing.tier,
            steps=tuple(steps) or change.trunk.steps,
            checks=() if steps else change.trunk.landing.checks,
            ratchets=not steps and _measured(change.trunk),
            empty=objects.tree(change.trunk.base) == objects.tree(change.head),
        )
    except ConfigError as error:
        return _unusable(error)
    return policy.verdict([*_adoption(change.trunk), *ran.judge(run, wanted)])


def _measured(trunk: Trunk) -> bool:
    ratchets = trunks.table(trunk.values, "ratchets")
    return any(ratcheting.ought(step, name) for step in trunk.steps for name in ratchets)


def _find(objects: Objects, trunk: str, head: str) -> _Change | Verdict:
    bases = objects.merge_bases(trunk, head)
    if len(bases) != 1:
        what = "has more than one merge base with the trunk" if bases else "has no commit in common with the trunk"
        hint = "rebase it: `git fetch`, then `git rebase` onto the trunk"
        return policy.verdict([Reason("merge-base", "rejected", f"the change {what}", hint)])
    try:
        return _Change(objects, head, trunks.find(objects, trunk, head, bases[0]))
    except ConfigError as error:
        return _unusable(error)


def _unusable(error: ConfigError) -> Verdict:
    name, _, place = (error.where or document.NAME).partition(":")
    line = place.partition(":")[0]
    position = Position(name, int(line) if line.isdecimal() else None)
    hint = error.hint or "mend the configuration on the trunk first; a human pushes that straight to it"
    return policy.verdict([Reason("config", "rejected", error.message, hint, position)])


def _adoption(trunk: Trunk) -> Iterator[Reason]:
    if trunk.adopted:
        message = f"first adoption: the trunk has no {document.NAME}, so that this change's own rules count"
        yield Reason("first-adoption", "may land", message, "from the next change on, these rules are the trunk's")


def _facts(change: _Change, proposal: Proposal, approvals: Sequence[Approval]) -> Facts:
    objects, base, head = change.objects, change.trunk.base, change.head
    files = objects.differences(base, head)
    seen = looking.reasons(objects, change.trunk, head, files)
    signed = objects.signed(base, head)
    people = {address for each in signed for address in (each.author, each.committer, *each.others)}
    text = f"{proposal.title}\n{proposal.body}"
    return Facts(
        head=head,
        files=tuple(each.file for each in files),
        authors=tuple(dict.fromkeys(each.author for each in signed)),
        people=(*sorted(people), proposal.actor.partition(":")[2] or proposal.actor),
        labels=proposal.labels,
        trailers={key: [*objects.trailers(base, head, key), *_said(text, key)] for key in _TRAILERS},
        approvals=tuple(approvals),
        found=(*_adoption(change.trunk), *seen),
    )


def _said(text: str, key: str) -> list[str]:
    """Trailers in the text of a proposal, which may become the message of what lands."""
    return re.findall(rf"^{re.escape(key)}:[ \t]*(.+?)[ \t]*$", text, re.MULTILINE | re.IGNORECASE)
