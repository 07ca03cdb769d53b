"""Says before anything is pushed whether the change at hand may land: committed or not, by the rules of the trunk."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from xptasks.errors import ExitCode, UsageError
from xptasks.history.actors import actor
from xptasks.landing.policy import Outcome, Reason, Verdict
from xptasks.landing.proposal import Proposal
from xptasks.landing.settings import LandingSettings
from xptasks.loop import judging
from xptasks.markup import clean
from xptasks.system import change
from xptasks.system.commits import Objects
from xptasks.system.snapshot import snapshot

_CODES: Mapping[Outcome, ExitCode] = {
    "may land": ExitCode.OK,
    "rejected": ExitCode.GATE_FAILED,
    "wait": ExitCode.HUMAN_NEEDED,
    "needs approval": ExitCode.HUMAN_NEEDED,
}
_WORDS: Mapping[Outcome, str] = {
    "may land": "may land, once the gate is green",
    "wait": "has to wait",
    "needs approval": "needs an approval",
    "rejected": "cannot land",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and on what.

    Attributes:
        head: the commit that was judged; made of the working tree where that holds more than the last one.
        uncommitted: whether it was.
        trunk: the trunk, by name.
        verdict: what becomes of the change.
    """

    head: str
    uncommitted: bool
    trunk: str
    verdict: Verdict

    @property
    def exit_code(self) -> ExitCode:
        """0 may land, 1 cannot land, 6 a human is needed."""
        return _CODES[self.verdict.outcome]


def ask(project: Path, landing: LandingSettings, environ: Mapping[str, str]) -> Answer:
    """The verdict on the change in a working tree.

    Args:
        project: the project's folder.
        landing: which remote and which trunk; all else is read from the trunk.
        environ: says who acts.

    Raises:
        UsageError: there is no trunk, or no commit.
        CannotRunError: git does not answer.
    """
    trunk = trunk_of(project, landing)
    uncommitted = not change.is_clean(project)
    head = snapshot(project) if uncommitted else change.head(project)
    who = str(actor(environ, terminal=False))
    proposal = Proposal("", head, "", labels=(landing.label,), actor=who)
    return Answer(head, uncommitted, trunk, judging.before_gate(project, trunk, head, proposal))


def trunk_of(project: Path, landing: LandingSettings) -> str:
    """The name of the trunk as this clone knows it: that of the remote, else a branch.

    Raises:
        UsageError: there is none.
    """
    objects = Objects.of(project)
    for name in (f"refs/remotes/{landing.remote}/{landing.trunk}", f"refs/heads/{landing.trunk}"):
        if objects.has(name):
            return name.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    known = f"neither {landing.remote}/{landing.trunk} nor a branch {landing.trunk}"
    hint = f"`git fetch {landing.remote}` may bring it; [landing] remote and trunk name another one"
    raise UsageError(f"there is no trunk to land on: {known}", hint=hint)


# -- in words ----------------------------------------------------------------------------------------------------------


def as_text(answer: Answer) -> str:
    """For people and agents: the verdict, each reason with its place and what to do, then what is only said."""
    what = "the working tree" if answer.uncommitted else answer.head[:12]
    lines = [f"{what} {_WORDS[answer.verdict.outcome]} (trunk: {answer.trunk})"]
    for reason, following in pairwise([*answer.verdict.reasons, None]):
        if reason:
            lines.append(_line(reason))
            if reason.hint and not (following and following.hint == reason.hint):
                lines.append(f"  {clean(reason.hint)}")
    return "".join(f"{line}\n" for line in lines)


def _line(reason: Reason) -> str:
    """A reason without what to do about it, which several may share."""
    return f"{'note: ' if reason.outcome == 'may land' else ''}{replace(reason, hint='')}"


def as_json(answer: Answer) -> str:
    """For programs."""
    told = {
        "outcome": answer.verdict.outcome,
        "exit_code": int(answer.exit_code),
        "head": answer.head,
        "uncommitted": answer.uncommitted,
        "trunk": answer.trunk,
        "reasons": list(_reasons(answer.verdict)),
    }
    return json.dumps(told, indent=2) + "\n"


def _reasons(verdict: Verdict) -> Iterator[dict[str, Any]]:
    for reason in verdict.reasons:
        yield reason_as_json(reason)


def reason_as_json(reason: Reason) -> dict[str, Any]:
    """A reason with plain values."""
    place = reason.position
    return {
        "rule": reason.rule,
        "outcome": reason.outcome,
        "message": reason.message,
        "hint": reason.hint,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
