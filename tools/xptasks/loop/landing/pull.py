"""`inv land-pull-request`: what a workflow does with a pull request that somebody opened.

It runs the trunk's code, and looks at the change only as git's objects. What the trunk's rules allow is armed to merge
itself; what they do not is taken from its way, in case an earlier head of it was armed.
"""

import os
import sys
from dataclasses import dataclass

from xptasks.errors import ExitCode
from xptasks.history.actors import actor
from xptasks.landing.forge.github import GithubForge
from xptasks.landing.policy import Outcome, Verdict
from xptasks.landing.proposal import Proposal, Standing
from xptasks.loop import judging
from xptasks.loop.landing import github
from xptasks.loop.may_land import trunk_of

_CODES: dict[Outcome, ExitCode] = {"rejected": ExitCode.GATE_FAILED}


@dataclass(frozen=True, slots=True)
class Landing:
    """What became of it.

    Attributes:
        verdict: what the trunk's rules say.
        standing: how far it is at the forge.
    """

    verdict: Verdict
    standing: Standing

    @property
    def exit_code(self) -> ExitCode:
        """0 it lands by itself, 1 it cannot, 6 a human is needed."""
        if self.verdict.outcome != "may land":
            return _CODES.get(self.verdict.outcome, ExitCode.HUMAN_NEEDED)
        return ExitCode.GATE_FAILED if self.standing.state == "rejected" else ExitCode.OK

    def as_text(self) -> str:
        """For the log of a job."""
        if self.verdict.outcome == "may land":
            reason = f": {self.standing.reason}" if self.standing.reason else ""
            return f"{self.standing.id} is {self.standing.state}{reason}\n"
        lines = [f"{self.standing.id} does not land by itself: {self.verdict.outcome}", *map(str, self.verdict.against)]
        return "".join(f"{line}\n" for line in lines)


def land(number: int, head: str, profile: str = "") -> int:
    """Judge and arm, or take back; prints what became of it.

    Raises:
        XpError: the commit is not here, GitHub does not answer, nobody knows which repository it is.
    """
    at, config, project = github.here(profile)
    settings = config.landing
    who = str(actor(os.environ, terminal=False))
    proposal = Proposal(f"#{number}", head, "", labels=(settings.label,), actor=who)
    approvals = at.approvals(number)
    verdict = judging.before_gate(project, trunk_of(project, settings), head, proposal, approvals)
    landing = Landing(verdict, _act(at, number, head, verdict))
    sys.stdout.write(landing.as_text())
    return landing.exit_code


def _act(at: GithubForge, number: int, head: str, verdict: Verdict) -> Standing:
    """Arm what may land. What may not and was armed before is withdrawn; what was never armed is left as it is."""
    if verdict.outcome == "may land":
        return at.arm(number, head)
    standing = at.standing(f"#{number}")
    return at.withdraw(f"#{number}", "") if standing.state in {"queued", "testing"} else standing
