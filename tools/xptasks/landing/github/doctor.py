"""What has to be so that changes land by themselves on GitHub, and what is not. Pure: only what was read is judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xptasks.landing.github.rules import ACTIONS, Rules
from xptasks.landing.github.workflows import Guard

Verdict = Literal["ok", "wrong", "note", "unknown"]
_ACTIONS_BOT = frozenset({"github-actions[bot]", "github-actions"})
NEEDED = {"contents": "pushes branches and merges", "pull_requests": "opens, labels and arms", "statuses": "reports"}
"""The permissions that a token has to have for writing, and what for."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at.

    Attributes:
        name: what.
        verdict: `wrong` keeps changes from landing safely; `note` is worth knowing.
        found: what is there.
        remedy: what to do; empty when nothing is.
    """

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read.

    Attributes:
        repository: `OWNER/NAME`.
        viewer: who the token is.
        token: how it is referred to.
        trunk: the branch.
        check: that has to guard it.
        method: of merging.
        automatic, squash, merges, deletes, archived: what the repository allows or does.
        rules: of the trunk.
        bypass: by ruleset, how the token's owner may bypass it; None for one that could not be read.
        guards: the jobs that report the check.
        may: by permission whether the token may write; None when nobody knows.
    """

    repository: str
    viewer: str
    token: str
    trunk: str
    check: str
    method: str
    automatic: bool
    squash: bool
    merges: bool
    deletes: bool
    archived: bool
    rules: Rules
    bypass: Mapping[int, str | None]
    guards: Sequence[Guard]
    may: Mapping[str, bool | None]


def examine(facts: Facts) -> list[Point]:
    """Everything, the gravest of each kind first."""
    return [*_token(facts), *_repository(facts), *_rules(facts), *_workflow(facts)]


def exit_code(points: Sequence[Point]) -> int:
    """1 when something is wrong."""
    return int(any(point.verdict == "wrong" for point in points))


def _token(facts: Facts) -> Iterator[Point]:
    yield Point("token", "ok", f"{facts.token} is {facts.viewer}")
    for permission, why in NEEDED.items():
        may = facts.may.get(permission)
        told = f"{permission}: write"
        if may is None:
            yield Point(told, "unknown", "GitHub does not tell", f"the token needs it: it {why}")
        elif may:
            yield Point(told, "ok", "granted")
        else:
            yield Point(told, "wrong", "missing", f"give the token {facts.token} this permission: it {why}")
    if facts.viewer in _ACTIONS_BOT:
        remedy = "let an app's token arm, or let what follows a landing run by schedule"
        yield Point("what a landing starts", "note", "nothing: merges made with GITHUB_TOKEN start no workflow", remedy)


def _repository(facts: Facts) -> Iterator[Point]:
    if facts.archived:
        yield Point("repository", "wrong", f"{facts.repository} is archived", "take it out of the archive")
    where = "Settings, General, Pull Requests"
    if facts.automatic:
        yield Point("auto-merge", "ok", "allowed")
    else:
        yield Point("auto-merge", "wrong", "not allowed", f"{where}: Allow auto-merge")
    allowed = {"squash": facts.squash, "merge": facts.merges}[facts.method]
    limited = facts.rules.methods is not None and facts.method not in facts.rules.methods
    if allowed and not limited:
        yield Point("method", "ok", facts.method)
    else:
        by = f"the rules of {facts.trunk}" if limited else "the repository"
        yield Point("method", "wrong", f"{by} does not allow {facts.method}", f"{where}, or set [landing] method")
    if not facts.deletes:
        yield Point("branches", "note", "stay after they have landed", f"{where}: Automatically delete head branches")


def _rules(facts: Facts) -> Iterator[Point]:
    rules, trunk = facts.rules, facts.trunk
    where = f"Settings, Rules, Rulesets: an active one for {trunk} that requires the check {facts.check}"
    if not rules.required:
        yield Point("guard", "wrong", f"{trunk} requires no check, so that auto-merge merges at once", where)
    elif facts.check not in rules.required:
        found = f"{trunk} requires {', '.join(sorted(rules.required))}, but not {facts.check}"
        yield Point("guard", "wrong", found, f"{where}; or name another one in [landing.github] check")
    else:
        yield Point("guard", "ok", f"{trunk} requires {facts.check}")
        yield from _reporter(facts)
    others = sorted(rules.required.keys() - {facts.check})
    if others and facts.check in rules.required:
        yield Point("other checks", "note", ", ".join(others), "a landing waits for them, too: each has to be reported")
    yield from _ways_round(facts)
    if rules.strict and not rules.queue:
        remedy = "a merge queue does this without rebasing by hand"
        yield Point("up to date", "note", "every landing makes all other changes rebase", remedy)
    if rules.approvals:
        yield Point("reviews", "note", f"{rules.approvals} approvals: no change lands without a human", "")


def _reporter(facts: Facts) -> Iterator[Point]:
    if facts.rules.required[facts.check] is None:
        remedy = "choose GitHub Actions as the source of the check in the rule"
        yield Point("who reports it", "wrong", "anybody who may write statuses can fake it", remedy)


def _ways_round(facts: Facts) -> Iterator[Point]:
    for number, how in sorted(facts.bypass.items()):
        if how is None:
            yield Point(f"ruleset {number}", "unknown", "it is the organisation's, or the token may not read it")
        elif how != "never":
            remedy = "take the token's owner from the bypass list: a mistake of ours could not be stopped"
            yield Point(f"ruleset {number}", "wrong", f"{facts.viewer} may bypass it ({how})", remedy)
    if facts.rules.admins_pass:
        remedy = "switch on: Do not allow bypassing the above settings"
        yield Point("administrators", "note", "may merge past the protection", remedy)


def _workflow(facts: Facts) -> Iterator[Point]:
    bound = facts.rules.required.get(facts.check)
    if not facts.guards and bound not in {None, ACTIONS}:
        yield Point("workflow", "note", f"the app {bound} reports {facts.check}, whose settings nobody looked at")
        return
    if not facts.guards:
        remedy = "`inv generate-ci` writes it; land it first"
        yield Point("workflow", "wrong", f"none on {facts.trunk} has a job {facts.check}", remedy)
        return
    triggers = frozenset().union(*(guard.triggers for guard in facts.guards))
    files = ", ".join(guard.file for guard in facts.guards)
    if "pull_request" in triggers:
        yield Point("workflow", "ok", f"{files} reports {facts.check}")
    else:
        yield Point("workflow", "wrong", f"{files} does not run on pull_request", "add that trigger")
    if "pull_request_target" in triggers:
        remedy = "use pull_request: this one gives strangers' code the repository's token"
        yield Point("strangers", "wrong", f"{files} runs on pull_request_target", remedy)
    if facts.rules.queue and "merge_group" not in triggers:
        remedy = "add that trigger: the queue would wait for ever"
        yield Point("merge queue", "wrong", f"{files} does not run on merge_group", remedy)
    elif facts.rules.queue:
        yield Point("merge queue", "ok", "its checks run")
    for guard in facts.guards:
        if guard.needs and not guard.always:
            remedy = "give the job `if: always()` and let it look at the results: a skipped job counts as green"
            yield Point(
                "aggregate", "wrong", f"{facts.check} in {guard.file} is skipped when a job before it fails", remedy
            )
