"""Whether a pull request may be told to merge by itself, and how. Pure: the heart of landing on GitHub.

Auto-merge waits for what the branch's rules require, and for nothing else: without a rule it merges at once. So
nothing is done before the rules were read and name our check; everything that is done names the head that is meant;
and afterwards the pull request is read again, because only what GitHub then shows is true.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from xptasks.landing.github.pulls import Pull
from xptasks.landing.github.rules import Rules

Act = Literal["merge", "enqueue", "arm", "look again", "nothing", "refuse"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for, and what the repository allows.

    Attributes:
        head: the commit that is meant.
        trunk: the branch it goes to.
        label: without it nothing lands by itself.
        holds: labels that keep it from landing.
        check: the check that has to guard the trunk.
        method: `squash` or `merge`.
        automatic: whether the repository allows auto-merge.
        merge_groups: whether the workflow that reports the check also runs for merge groups.
    """

    head: str
    trunk: str
    label: str
    holds: frozenset[str]
    check: str
    method: str
    automatic: bool = True
    merge_groups: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why.

    Attributes:
        act: `refuse` arms nothing, and the reason is for whoever proposed the change.
        why: one sentence.
        disarm: whether it merges by itself already, and must not.
        human: whether a human has to do something, whatever its author does.
    """

    act: Act
    why: str
    disarm: bool = False
    human: bool = False


def decide(pull: Pull, rules: Rules, terms: Terms) -> Decision:
    """What to do with a pull request as it is now."""
    if pull.state == "MERGED":
        late = "" if pull.head == terms.head else f"it landed without your commit: {moved(pull.head, terms.head)}"
        return Decision("refuse" if late else "nothing", late or "it has landed")
    human = next(_for_a_human(pull, rules, terms), "")
    objection = next(_for_the_author(pull, rules, terms), "")
    if human or objection:
        # One that moved was perhaps armed by whoever moved it.
        armed = pull.state == "OPEN" and bool(pull.armed or pull.entry) and pull.head == terms.head
        return Decision("refuse", human or objection, disarm=armed, human=bool(human))
    if pull.entry or pull.armed:
        return Decision("nothing", "it is in the merge queue" if pull.entry else "it merges by itself")
    return _to_do(pull, rules, terms)


def _to_do(pull: Pull, rules: Rules, terms: Terms) -> Decision:
    if pull.status == "UNKNOWN" or pull.conflicts is None:
        return Decision("look again", "GitHub has not computed yet whether it can be merged")
    if _is_clean(pull, rules):
        return Decision("enqueue" if rules.queue or pull.queue else "merge", "all that is required is green")
    if not terms.automatic:
        return Decision(
            "refuse",
            "the repository does not allow auto-merge: switch it on in its settings (General, Pull Requests), "
            "or call again when all checks are green",
            human=True,
        )
    return Decision("arm", "it merges by itself once all that is required is green")


def _for_a_human(pull: Pull, rules: Rules, terms: Terms) -> Iterator[str]:
    """Why it must not land by itself, where its author cannot mend it; the gravest first."""
    if pull.fork:
        yield "it comes from a fork: whoever may write has to look at it and merge it by hand"
    yield from _held(pull, terms)
    yield from unguarded(rules, terms.check)
    if (rules.queue or pull.queue) and not terms.merge_groups:
        yield (
            f"the merge queue would wait for ever: no workflow on {terms.trunk} that has the job {terms.check} runs on "
            "merge_group; add that trigger first"
        )
    if rules.methods is not None and terms.method not in rules.methods and not rules.queue:
        yield f"the rules of {terms.trunk} do not allow the method {terms.method}; set [landing] method"


def _for_the_author(pull: Pull, rules: Rules, terms: Terms) -> Iterator[str]:
    """Why it must not land as it is."""
    if pull.state != "OPEN":
        yield "it was closed; open it again, or propose the change anew"
    if pull.head != terms.head:
        yield moved(pull.head, terms.head)
    if pull.base != terms.trunk:
        yield f"it goes to {pull.base}, not to {terms.trunk}"
    yield from _not_green(pull, rules, terms.trunk)


def moved(now: str, meant: str) -> str:
    """That the head is another one."""
    return (
        f"somebody pushed: its head is {now[:12]}, not {meant[:12]}; look at what came (`git fetch`), take it in, and "
        "propose the change again"
    )


def _held(pull: Pull, terms: Terms) -> Iterator[str]:
    held = sorted(pull.labels & terms.holds)
    if held:
        yield f"the label {held[0]} keeps it from landing; whoever set it takes it away"
    if pull.draft:
        yield "it is a draft; say that it is ready for review"
    if terms.label not in pull.labels:
        yield f"it does not have the label {terms.label}, which lets it land by itself"


def unguarded(rules: Rules, check: str) -> Iterator[str]:
    """Why the rules do not guard the trunk. A merge queue is no guard: it waits for required checks, too."""
    if not rules.required:
        yield "no rule requires a check, so that it would merge at once and unchecked; `inv github-doctor` says more"
    elif check not in rules.required:
        listed = ", ".join(sorted(rules.required))
        yield f"no rule requires the check {check} (only {listed}); `inv github-doctor` says more"


def _not_green(pull: Pull, rules: Rules, trunk: str) -> Iterator[str]:
    if pull.conflicts:
        yield f"it conflicts with {trunk}: rebase onto it, then propose the change again"
    for name in sorted(rules.required):
        if pull.check(name) == "failed":
            yield f"the check {name} failed"
        if pull.check(name) == "skipped":
            yield f"the check {name} was skipped, which GitHub takes for green; it has to run"
    if pull.review == "CHANGES_REQUESTED":
        yield "a review asks for changes"
    if pull.status == "BEHIND":
        yield f"it is behind {trunk}, and the rules want it up to date: rebase, then propose the change again"


def _is_clean(pull: Pull, rules: Rules) -> bool:
    """Whether it may merge now, by what we see ourselves: GitHub lets by whoever may bypass the rules."""
    approved = pull.review == "APPROVED" or (not rules.approvals and not pull.review)
    green = all(pull.check(name) == "passed" for name in rules.required)
    return pull.status in {"CLEAN", "HAS_HOOKS", "UNSTABLE"} and green and approved


def verify(pull: Pull, terms: Terms, did: Act) -> str:
    """Whether what was done shows, for exactly that head; empty, or what is wrong.

    Args:
        pull: read after the act.
        terms: what was asked for.
        did: `merge`, `enqueue` or `arm`.
    """
    if pull.head != terms.head:
        return moved(pull.head, terms.head)
    if pull.state == "MERGED" or (pull.state == "OPEN" and (pull.entry or (pull.armed and did != "enqueue"))):
        return ""
    return "it was closed meanwhile" if pull.state == "CLOSED" else "GitHub does not show what it was told to do"


def held_meanwhile(pull: Pull, terms: Terms) -> str:
    """Whether somebody set a label that holds it, while it was armed; empty, or which one."""
    held = sorted(pull.labels & terms.holds) if pull.state == "OPEN" else []
    return f"the label {held[0]} was set meanwhile" if held else ""
