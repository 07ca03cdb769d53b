"""`inv land`: queues a change, and follows it. An edge that reads git, calls, and prints."""

import datetime as dt
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from xptasks.errors import CannotRunError, ExitCode, OverBudgetError, UsageError
from xptasks.landing import marks
from xptasks.landing.forge.github import GithubForge
from xptasks.landing.forge.local import LocalForge, approvals_of
from xptasks.landing.marks import Queued, Tag
from xptasks.landing.policy import Verdict
from xptasks.landing.proposal import Approval, Forge, Proposal, Standing, State
from xptasks.loop import judging
from xptasks.loop.landing.acts import Acts
from xptasks.loop.landing.desk import Desk, tell
from xptasks.loop.landing.github import contract_note
from xptasks.loop.landing.queue import stopped
from xptasks.settings import format_duration, given_duration
from xptasks.system import change
from xptasks.system.plumbing import Git

_LOOK = 1.0  # seconds between two looks at a change that is followed
_LOOK_FAR = 15.0  # where each look counts against a rate limit
_HEARTBEAT = 30.0
_VERDICTS = {"may land": ExitCode.OK, "rejected": ExitCode.GATE_FAILED}
_CODE_OF: Mapping[State, ExitCode] = {
    "landed": ExitCode.OK,
    "rejected": ExitCode.GATE_FAILED,
    "withdrawn": ExitCode.GATE_FAILED,
    "open": ExitCode.HUMAN_NEEDED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    rev: str = ""
    change: str = ""
    title: str = ""
    labels: tuple[str, ...] = ()
    revert: str = ""
    patience: str = "1h"
    wait: bool = False
    check: bool = False
    dirty: bool = False
    replace: bool = False
    json: bool = False


def land(asked: Asked) -> int:
    """Queue a change, and follow it when asked to.

    Exit codes: 0 queued, or landed with `wait`; 1 it may not land, or was rejected; 5 it has not ended in time; 6 a
    human is needed.
    """
    patience = given_duration(asked.patience, "--patience")
    desk = Desk.here()
    if asked.revert:
        forge, standing, verdict = _revert(desk, asked)
    else:
        head, trunk = _head(desk, asked), _trunk(desk)
        proposal = _proposal(desk, asked, trunk, head)
        verdict = judging.before_gate(desk.project, trunk, head, proposal, _approvals(desk, proposal))
        if asked.check or verdict.outcome == "rejected":
            return _tell_verdict(proposal, verdict, as_json=asked.json)
        forge = desk.forge()
        standing = _submit(forge, _told(desk, proposal, verdict), replaces=asked.replace)
    if not asked.wait:
        tell(standing, _following(desk, standing, verdict), as_json=asked.json)
        return _CODE_OF.get(standing.state, ExitCode.OK)
    for line in _following(desk, standing, verdict):
        sys.stderr.write(f"{line}\n")
    return follow(desk, forge, standing, patience, as_json=asked.json)


def _submit(forge: Forge, proposal: Proposal, *, replaces: bool) -> Standing:
    return forge.submit(proposal, replaces=replaces) if isinstance(forge, LocalForge) else forge.submit(proposal)


def _head(desk: Desk, asked: Asked) -> str:
    """The commit that is meant.

    Raises:
        UsageError: the working tree holds something else, or there is no such commit.
    """
    if not asked.rev and not asked.dirty and not change.is_clean(desk.project):
        hint = "commit it; or land the commit alone with --dirty, or name one with --rev"
        raise UsageError("the working tree holds something that is not committed", hint=hint)
    found = desk.remote.git.find(f"{asked.rev or 'HEAD'}^{{commit}}")
    if found is None:
        raise UsageError(f"there is no commit {asked.rev or 'HEAD'!r}", hint="`git log` lists them")
    return found


def _trunk(desk: Desk) -> str:
    """The trunk as it is at the remote now; its objects are here, and no ref of the clone has changed."""
    remote = desk.remote
    view = remote.look()
    if not view.trunk:
        hint = f"push it: `git push {remote.address} HEAD:{remote.branch}`"
        raise CannotRunError(f"the remote {remote.address} has no branch {remote.trunk!r}", hint=hint)
    remote.bring({remote.branch: view.trunk})
    return view.trunk


def _proposal(desk: Desk, asked: Asked, trunk: str, head: str) -> Proposal:
    git, settings = desk.remote.git, desk.config.landing
    said = git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = said.out.strip() if said.code == 0 and not asked.rev else ""
    branch = "" if branch == settings.trunk else branch
    title, body = _words(git, trunk, head)
    title = asked.title or title
    name = asked.change or branch or f"{_slug(title)}-{head[:8]}"
    labels = (settings.label, *asked.labels) if settings.forge == "github" else asked.labels
    return Proposal(name, head, title, body, labels, branch, desk.actor)


def _told(desk: Desk, proposal: Proposal, verdict: Verdict) -> Proposal:
    """What the forge is told: on GitHub what it changes about contracts; and no label to land by, if it has to wait."""
    if desk.config.landing.forge != "github":
        return proposal
    labels = tuple(name for name in proposal.labels if not verdict.against or name != desk.config.landing.label)
    note = contract_note(desk.project, desk.config, dt.datetime.now(dt.UTC).date())
    return replace(proposal, labels=labels, comment=note)


def _words(git: Git, trunk: str, head: str) -> tuple[str, str]:
    """Title and text: the message of the only commit, or the first one's title and a list of all of them."""
    log = git("log", "--reverse", "--no-merges", "--format=%s%x00%b%x01", f"{trunk}..{head}", "--")
    commits = [record.lstrip("\n").split("\0") for record in log.split("\1") if record.strip()]
    if not commits:
        return git("show", "-s", "--format=%s", head), ""
    if len(commits) == 1:
        return commits[0][0], commits[0][1].strip()
    return commits[0][0], "\n".join(f"- {subject}" for subject, _ in commits)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:40].strip("-") or "change"


def _approvals(desk: Desk, proposal: Proposal) -> tuple[Approval, ...]:
    """Who has approved the change already."""
    forge = desk.forge() if desk.config.landing.forge == "github" else None
    if isinstance(forge, GithubForge):
        number = forge.number_of(proposal.branch or proposal.id)
        return forge.approvals(number) if number else ()
    remote = desk.remote
    view = remote.look()
    waiting = (each for each in remote.queue(view) if each.change == proposal.id)
    return tuple(approval for queued in waiting for approval in approvals_of(remote, view, queued))


def _revert(desk: Desk, asked: Asked) -> tuple[Forge, Standing, Verdict]:
    """Queue what takes back one commit of the trunk: as the queue proposed it, or made now."""
    forge, trunk = desk.local("inv land --revert"), _trunk(desk)
    remote = forge.remote
    commit = remote.git.find(f"{asked.revert}^{{commit}}")
    if commit is None or not remote.git.is_ancestor(commit, trunk):
        raise UsageError(f"{asked.revert!r} is no commit of {remote.trunk}", hint="`git log` lists them")
    name = f"revert-{commit[:12]}"
    view = remote.look()
    value = view.refs.get(f"{marks.PROPOSED}{name}", "")
    if value:
        remote.bring({f"{marks.PROPOSED}{name}": value})
    else:
        value = Acts(remote, remote.git.identity(), time.time).proposed(name, commit, f"{commit}^", [commit])
    (found,) = remote.git.objects([value])
    tagged = Tag.parse(found) if found else None
    if tagged is None:
        raise CannotRunError(f"{marks.PROPOSED}{name} holds no change", hint="name the change with --rev")
    queued = Queued.of_tag(asked.change or name, value, tagged)
    return forge, forge.queue(replace(queued, actor=desk.actor), replaces=asked.replace), Verdict("may land")


# -- following -------------------------------------------------------------------------------------------------------


def follow(desk: Desk, forge: Forge, first: Standing, patience: float, *, as_json: bool) -> int:
    """Look at a change until it has ended; what it says then goes to standard output."""
    until, said, word = time.monotonic() + patience, "", time.monotonic()
    standing = first
    while True:
        if standing.state in _CODE_OF:
            tell(standing, (), as_json=as_json)
            return _CODE_OF[standing.state]
        _still_going(desk)
        now = f"{standing.state}, place {standing.position}" if standing.position else standing.state
        if now != said or time.monotonic() >= word + _HEARTBEAT:
            said, word = now, time.monotonic()
            sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {standing.id}: {now}\n")
        if time.monotonic() >= until:
            hint = f"`inv land-status --change {standing.id}` shows it later"
            raise OverBudgetError(f"{standing.id} has not ended after {format_duration(patience)}: {now}", hint=hint)
        time.sleep(_LOOK if desk.config.landing.forge == "local" else _LOOK_FAR)
        standing = _look(forge, first, standing)


def _look(forge: Forge, first: Standing, last: Standing) -> Standing:
    """How far it is now; a remote that is away for a moment is no reason to give up.

    Raises:
        UsageError: it is another change by now.
    """
    try:
        standing = forge.standing(first.id)
    except CannotRunError as error:
        sys.stderr.write(f"{error}\n")
        return last
    if standing.head != first.head:
        raise UsageError(
            f"{first.id} is another commit by now: {standing.head[:12]}", hint="`inv land-status` shows it"
        )
    return standing


def _still_going(desk: Desk) -> None:
    """Raise when the queue has stopped itself.

    Raises:
        HumanNeededError: it has.
    """
    if desk.config.landing.forge == "local":
        with suppress(CannotRunError):
            trip = desk.trip()
            if trip:
                raise stopped(trip)


def _following(desk: Desk, standing: Standing, verdict: Verdict) -> Iterator[str]:
    """How to follow a change that is queued, and what keeps it from landing by itself."""
    if standing.state in {"landed", "rejected", "withdrawn"}:
        return
    for reason in verdict.against:
        yield from f"it will wait: {reason}".splitlines()
    yield f"follow it: inv land-status --change {shlex.quote(standing.id)}, or inv land --wait"
    if desk.config.landing.forge == "local" and not desk.place().holder():
        yield "no queue runs on this machine; start one with: inv land-queue --detach"


def _tell_verdict(proposal: Proposal, verdict: Verdict, *, as_json: bool) -> int:
    code = _VERDICTS.get(verdict.outcome, ExitCode.HUMAN_NEEDED)
    if as_json:
        told = {"change": proposal.id, "head": proposal.head, **asdict(verdict)}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.write(f"{proposal.id} ({proposal.head[:12]}): {verdict.outcome}\n")
        sys.stdout.write("".join(f"{reason}\n" for reason in verdict.reasons))
    return code
