"""The forge `github`: a change is a pull request, and GitHub merges it once all that its rules require is green.

What is decided stands in `landing/github/`: whether it may be armed (`arming`), how far it is (`standing`), what of
its description is ours (`body`). Here is the order in which things are asked and done.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.errors import CannotRunError, UsageError
from xptasks.landing.github import arming, body, rules
from xptasks.landing.github import standing as standings
from xptasks.landing.github.api import Opened, Repository, workflows
from xptasks.landing.github.arming import Act, Decision, Terms
from xptasks.landing.github.client import Client, Time, Token
from xptasks.landing.github.pulls import Pull, understood
from xptasks.landing.github.refusals import RefusedError
from xptasks.landing.github.remote import Remote
from xptasks.landing.github.rules import Rules
from xptasks.landing.github.workflows import guards
from xptasks.landing.proposal import Approval, Proposal, Standing, State
from xptasks.landing.settings import LandingSettings
from xptasks.settings import Secret

_LOOKS = 8  # until GitHub knows whether something can be merged
_BETWEEN = 2.0  # seconds
_NOTE = "note"
_TOKEN = "env:GITHUB_TOKEN"  # noqa: S105 - a reference


def forge(settings: LandingSettings, project: Path, environ: Mapping[str, str]) -> "GithubForge":
    """The forge of a project.

    Raises:
        ConfigError: nobody knows which repository it is.
        CannotRunError: the token is not where it should be.
    """
    return of(settings, project, environ, Time())


def of(settings: LandingSettings, project: Path, environ: Mapping[str, str], machine: Time) -> "GithubForge":
    """As `forge`, with a clock."""
    github = settings.github
    reference = github.token or Secret(_TOKEN)
    token = Token(reference.resolve(environ, project), str(reference))
    if not token.value:
        raise CannotRunError(f"the secret {reference} is empty", hint="set it to a token of GitHub")
    remote = Remote(project, settings.remote, environ or os.environ)
    client = Client(github.api, token, timeout=github.timeout, patience=github.patience, machine=machine)
    return GithubForge(settings, Repository(client, github.repository or remote.repository()), remote, machine.sleep)


@dataclass(frozen=True, slots=True)
class GithubForge:
    """A place where changes are pull requests; see `landing.proposal.Forge`.

    Attributes:
        settings: the table `[landing]`.
        repository: where it all happens.
        remote: where branches are pushed to.
        sleep: waits so many seconds.
    """

    settings: LandingSettings
    repository: Repository
    remote: Remote
    sleep: Callable[[float], None] = time.sleep

    def submit(self, proposal: Proposal) -> Standing:
        """Push the branch, open or update its pull request, and let it merge by itself if that is safe.

        Returns:
            How far it is. When it does not merge by itself, it is `rejected` with what its author has to mend, or
            `open` with what it needs of a human, such as the label.
        """
        branch = proposal.branch or proposal.id
        if branch == self.settings.trunk:
            hint = "commit on a branch of its own: git switch -c NAME"
            raise UsageError(f"{branch} is the trunk; a change is proposed from another branch", hint=hint)
        self.remote.push(proposal.head, branch)
        opened = self._proposed(proposal, branch)
        self._labelled(opened, proposal)
        self.comment(opened.number, proposal.comment)
        return self.arm(opened.number, proposal.head, proposal.id)

    def arm(self, number: int, head: str, change: str = "") -> Standing:
        """Let a pull request that is there merge by itself, if that is safe; nothing is pushed, set or written.

        Args:
            number: of the pull request.
            head: the commit that is meant.
            change: how the change is called; by its number without it.

        Returns:
            As `submit`.
        """
        guard = self.repository.rules(self.settings.trunk)
        pull, decision = self._armed(number, self._terms(head, guard), guard)
        found, refused = self._standing(pull, guard, change or f"#{number}"), decision.why
        if decision.act != "refuse" or (
            found.state == "rejected" and refused.startswith(("the check", "it conflicts"))
        ):
            return found  # which says more about what is red
        state: State = "landed" if found.state == "landed" else "open" if decision.human else "rejected"
        return replace(found, state=state, reason=refused, position=0)

    def standing(self, change: str) -> Standing:
        """How far a change is: named by its id, its branch, or the pull request's number."""
        pull = self._found(change)
        return self._standing(pull, self.repository.rules(pull.base), change)

    def standings(self) -> list[Standing]:
        """Every open change with our label: the merge queue first, in its order; then what ended last."""
        guard = self.repository.rules(self.settings.trunk)
        waiting, ended = self.repository.pulls(self.settings.trunk, self.settings.label)
        waiting.sort(key=lambda pull: (pull.entry is None, pull.entry.position if pull.entry else 0, pull.number))
        return [self._standing(pull, guard, _id(pull)) for pull in (*waiting, *ended)]

    def withdraw(self, change: str, actor: str, *, close: bool = False) -> Standing:
        """Take a change from its way; the pull request stays open unless it is to be closed.

        Raises:
            CannotRunError: it still merges by itself.
        """
        del actor  # GitHub knows who does it
        pull = self._found(change)
        self._disarmed(pull)
        if pull.state == "OPEN" and self.settings.label in pull.labels:
            self._without_label(pull)
        if close and pull.state == "OPEN":
            self.repository.edit(pull.number, state="closed")
        pull = self.repository.pull(pull.number)
        if pull.state == "OPEN" and (pull.armed or pull.entry):
            raise CannotRunError(f"{pull.url} still merges by itself", hint="switch it off there, or call again")
        found = self._standing(pull, self.repository.rules(pull.base), change)
        if found.state == "landed":
            return replace(found, reason="it was too late: it has landed")
        why = "closed" if pull.state == "CLOSED" else f"auto-merge is off, {pull.url} stays open"
        return replace(found, state="withdrawn", reason=why)

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Who approved which commit of a pull request, as the trunk's rules count it."""
        return self.repository.approvals(number)

    def number_of(self, branch: str) -> int | None:
        """The open pull request of a branch; None without one."""
        found = self._open_one(branch)
        return found.number if found else None

    # the pull request

    def _proposed(self, proposal: Proposal, branch: str) -> Opened:
        found = self._open_one(branch)
        facts = {"id": proposal.id, "head": proposal.head, "title": proposal.title}
        if found is None:
            return self._opened(proposal, branch, body.with_section("", proposal.body, facts))
        known = body.facts_of(found.body)
        # A title that somebody wrote is theirs; one that we set follows the change.
        title = proposal.title if known.get("title") == found.title else found.title
        text = body.with_section(found.body, proposal.body, facts)
        changes = {
            name: new for name, old, new in (("title", found.title, title), ("body", found.body, text)) if new != old
        }
        if changes:
            self.repository.edit(found.number, **changes)
        return replace(found, title=title, body=text)

    def _opened(self, proposal: Proposal, branch: str, text: str) -> Opened:
        """A new pull request; when the answer is lost, the one that was opened all the same."""
        try:
            return self.repository.open(proposal.title, text, branch, self.settings.trunk)
        except CannotRunError as error:
            if isinstance(error, RefusedError) and "no commits between" in error.said.lower():
                hint = "commit something first"
                raise UsageError(f"{branch} has no commit that {self.settings.trunk} lacks", hint=hint) from None
            found = self._open_one(branch)
            if found is None:
                raise
            return found

    def _open_one(self, branch: str) -> Opened | None:
        found = self.repository.with_branch(branch)
        return next((each for each in found if each.base == self.settings.trunk), None)

    def _labelled(self, opened: Opened, proposal: Proposal) -> None:
        missing = [name for name in dict.fromkeys(proposal.labels) if name not in opened.labels]
        if missing:
            self.repository.label(opened.number, missing)

    def comment(self, number: int, text: str) -> None:
        """One comment, kept up to date; without anything to say an older one says so."""
        ours = (each for each in self.repository.comments(number) if body.facts_of(each[1]).get("kind") == _NOTE)
        known = next(ours, None)
        if not text and not known:
            return
        wanted = body.with_section("", text or "Nothing to tell any more.", {"kind": _NOTE})
        if known is None:
            self.repository.comment(number, wanted)
        elif known[1] != wanted:
            self.repository.edit_comment(known[0], wanted)

    # arming

    def _terms(self, head: str, guard: Rules) -> Terms:
        said = self.repository.settings(self.settings.trunk)
        check = self.settings.github.check
        found = understood("workflows", lambda: guards(workflows(said), check))
        elsewhere = not found and guard.required.get(check) not in {None, rules.ACTIONS}  # another CI reports it
        return Terms(
            head=head,
            trunk=self.settings.trunk,
            label=self.settings.label,
            holds=frozenset(self.settings.hold_labels),
            check=check,
            method=self.settings.method,
            automatic=understood("settings", lambda: bool(said["repository"]["autoMergeAllowed"])),
            merge_groups=elsewhere or any("merge_group" in each.triggers for each in found),
        )

    def _armed(self, number: int, terms: Terms, guard: Rules) -> tuple[Pull, Decision]:
        """Look, decide, act, look again: the pull request afterwards, and the last word about it."""
        problem: CannotRunError | None = None
        for _ in range(_LOOKS):
            pull = self.repository.pull(number)
            decision = arming.decide(pull, guard, terms)
            if decision.act in {"refuse", "nothing"}:
                return self._left_alone(pull, decision, acted=problem is not None)
            if decision.act != "look again":
                try:
                    self._do(decision.act, pull, terms)
                    return self._verified(number, terms, decision)
                except CannotRunError as error:  # something changed in between, or the answer was lost: look
                    problem = error
            self.sleep(_BETWEEN)
        if problem:
            raise problem
        return pull, Decision("refuse", "GitHub has not computed yet whether it can be merged: call again")

    def _left_alone(self, pull: Pull, decision: Decision, *, acted: bool) -> tuple[Pull, Decision]:
        """Nothing more is to be done; what an earlier try may have armed is taken back when it must not land."""
        if decision.disarm or (acted and decision.act == "refuse"):
            self._disarmed(pull)
            return self.repository.pull(pull.number), decision
        return pull, decision

    def _do(self, act: Act, pull: Pull, terms: Terms) -> None:
        if act == "merge":
            self.repository.merge(pull.number, terms.head, terms.method)
        elif act == "enqueue":
            self.repository.enqueue(pull, terms.head)
        else:
            self.repository.arm(pull, terms.head, terms.method)

    def _verified(self, number: int, terms: Terms, done: Decision) -> tuple[Pull, Decision]:
        """What GitHub shows afterwards; what is not as it should be is taken back."""
        pull = self.repository.pull(number)
        guard = self.repository.rules(self.settings.trunk)
        human = arming.held_meanwhile(pull, terms) or next(arming.unguarded(guard, terms.check), "")
        problem = human or arming.verify(pull, terms, done.act)
        if not problem:
            return pull, done
        self._disarmed(pull)
        return self.repository.pull(number), Decision("refuse", problem, human=bool(human))

    def _disarmed(self, pull: Pull) -> None:
        if pull.state == "OPEN" and pull.entry:
            self.repository.dequeue(pull)
        if pull.state == "OPEN" and pull.armed:
            self.repository.disarm(pull)

    def _without_label(self, pull: Pull) -> None:
        try:
            self.repository.unlabel(pull.number, self.settings.label)
        except RefusedError as error:
            if error.status != 404:  # noqa: PLR2004 - somebody was faster
                raise

    # looking

    def _found(self, change: str) -> Pull:
        number = change.removeprefix("#")
        if number.isdecimal():
            return self.repository.pull(int(number))
        listed = self.repository.with_branch(change, state="all")
        if listed:
            return self.repository.pull(listed[0].number)
        waiting, ended = self.repository.pulls(self.settings.trunk, self.settings.label)
        for pull in (*waiting, *ended):
            if _id(pull) == change:
                return pull
        raise UsageError(f"there is no pull request of {change}", hint="`inv land` opens one")

    def _standing(self, pull: Pull, guard: Rules, change: str) -> Standing:
        return standings.standing(pull, guard, change, self.settings.label, frozenset(self.settings.hold_labels))


def _id(pull: Pull) -> str:
    """What the change is called: what was chosen when it was proposed, else its branch."""
    return str(body.facts_of(pull.body).get("id") or pull.branch)
