"""What the fake GitHub knows: a repository with pull requests over a real bare git repository, that merge for real."""

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.repository import QUIET, WITHOUT_GIT

Conclusion = Literal["SUCCESS", "FAILURE", "SKIPPED", "NEUTRAL", "CANCELLED", "TIMED_OUT", "PENDING"]
GREEN = {"SUCCESS", "SKIPPED", "NEUTRAL"}
START = 1_790_000_000.0


@dataclass
class Check:
    name: str
    conclusion: Conclusion = "SUCCESS"
    kind: Literal["run", "status"] = "run"
    annotations: tuple[tuple[str, int, str], ...] = ()
    url: str = ""
    title: str = ""


@dataclass
class Comment:
    id: int
    author: str
    body: str


@dataclass
class Armed:
    method: str
    by: str
    head: str  # the fake's own note; GitHub does not tell


@dataclass
class Queued:
    group: str  # the commit that is tested
    base: str
    state: str = "AWAITING_CHECKS"


@dataclass
class Pull:
    number: int
    branch: str
    base: str
    title: str
    body: str
    author: str = "ann"
    draft: bool = False
    labels: list[str] = field(default_factory=list)
    state: Literal["OPEN", "CLOSED", "MERGED"] = "OPEN"
    fork: bool = False
    head: str = ""  # kept when the branch is not ours, or gone
    merged_as: str = ""
    armed: Armed | None = None
    queued: Queued | None = None
    review: str | None = None
    unknown: int = 1  # so often GitHub has not computed yet whether it can be merged
    comments: list[Comment] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[tuple[str, str, str]] = field(default_factory=list)  # who, what, of which commit
    authors: list[str] = field(default_factory=list)  # logins of those who wrote its commits
    more_commits: int = 0


@dataclass
class Issue:
    number: int
    title: str
    body: str
    labels: list[str]
    state: str = "open"
    reason: str | None = None
    author: str = "ann"
    comments: list[Comment] = field(default_factory=list)


@dataclass
class World:
    """One repository, `example/projects`, and whoever asks."""

    bare: Path
    token: str = "ghp_a-secret-that-nobody-may-see"
    viewer: str = "coder-bot"
    permissions: dict[str, str] = field(
        default_factory=lambda: {
            "contents": "write",
            "pull_requests": "write",
            "issues": "write",
            "statuses": "write",
            "administration": "read",
        }
    )
    rules: list[dict[str, Any]] = field(default_factory=list)
    bypass: str = "never"
    protection: dict[str, Any] | None = None
    auto_merge: bool = True
    delete_branch: bool = True
    squash: bool = True
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    checks: dict[str, dict[str, Check]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    attempts: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    activity: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 100
    time: float = START
    last: int = 100

    def next(self) -> int:
        self.last += 1
        return self.last

    # git

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.bare, env={**WITHOUT_GIT, **QUIET}, check=True, capture_output=True, text=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.strip()

    def tip(self, branch: str) -> str:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        except subprocess.CalledProcessError:
            return ""

    def has(self, commit: str) -> bool:
        try:
            self.git("cat-file", "-e", f"{commit}^{{commit}}")
        except subprocess.CalledProcessError:
            return False
        return True

    def contains(self, commit: str, ancestor: str) -> bool:
        return self.git("merge-base", commit, ancestor) == ancestor

    def head_of(self, pull: Pull) -> str:
        if pull.state == "OPEN" and not pull.fork:
            pull.head = self.tip(pull.branch) or pull.head
        return pull.head

    def merged_tree(self, base: str, head: str) -> str:
        """The tree of a merge; empty when they conflict."""
        try:
            return self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        except subprocess.CalledProcessError:
            return ""

    def merge_commit(self, base: str, pull: Pull, method: str) -> str:
        head = self.head_of(pull)
        tree = self.merged_tree(base, head)
        parents = ["-p", base] if method == "SQUASH" else ["-p", base, "-p", head]
        return self.git("commit-tree", tree, *parents, "-m", f"{pull.title} (#{pull.number})")

    # rules

    def rule(self, kind: str) -> dict[str, Any] | None:
        return next((rule.get("parameters", {}) for rule in self.rules if rule["type"] == kind), None)

    def required(self) -> list[str]:
        rule = self.rule("required_status_checks") or {}
        named = [each["context"] for each in rule.get("required_status_checks", ())]
        classic = (self.protection or {}).get("required_status_checks", {})
        return [*named, *(classic.get("contexts", ()) if classic.get("enforcement_level") != "off" else ())]

    def strict(self) -> bool:
        return bool((self.rule("required_status_checks") or {}).get("strict_required_status_checks_policy"))

    def is_queue(self) -> bool:
        return self.rule("merge_queue") is not None

    def passed(self, commit: str, names: Iterable[str]) -> bool:
        known = self.checks.get(commit, {})
        return all(name in known and known[name].conclusion in GREEN for name in names)

    def state_of(self, pull: Pull) -> tuple[str, str]:
        """What GitHub calls `mergeable` and `mergeStateStatus`."""
        if pull.unknown > 0 or pull.state != "OPEN":
            pull.unknown = max(0, pull.unknown - 1)
            return "UNKNOWN", "UNKNOWN"
        return self._state_of(pull)

    def _state_of(self, pull: Pull) -> tuple[str, str]:
        head, base = self.head_of(pull), self.tip(pull.base)
        if not self.merged_tree(base, head):
            return "CONFLICTING", "DIRTY"
        if pull.draft or not self.passed(head, self.required()) or not self._approved(pull):
            return "MERGEABLE", "BLOCKED"
        if self.strict() and not self.contains(head, base):
            return "MERGEABLE", "BEHIND"
        others = self.checks.get(head, {}).keys()
        return "MERGEABLE", "CLEAN" if self.passed(head, others) else "UNSTABLE"

    def _approved(self, pull: Pull) -> bool:
        wanted = (self.rule("pull_request") or {}).get("required_approving_review_count", 0)
        return not wanted or pull.review == "APPROVED"

    # what happens by itself

    def check(self, commit: str, *checks: Check) -> None:
        """Checks report; whatever waited for them goes on."""
        self.checks.setdefault(commit, {}).update({check.name: check for check in checks})
        self.settle()

    def settle(self) -> None:
        """Merge what is armed and green, and move the queue."""
        for pull in list(self.pulls.values()):
            if (
                pull.state == "OPEN"
                and pull.armed
                and not pull.queued
                and self._state_of(pull)[1] in {"CLEAN", "UNSTABLE"}
            ):
                if self.is_queue():
                    self.enqueue(pull)
                else:
                    self.merge(pull, pull.armed.method)
        self._move_queue()

    def queue(self) -> list[Pull]:
        waiting = [pull for pull in self.pulls.values() if pull.state == "OPEN" and pull.queued]
        return sorted(waiting, key=lambda pull: pull.number)

    def enqueue(self, pull: Pull) -> None:
        before = self.queue()
        base = before[-1].queued.group if before and before[-1].queued else self.tip(pull.base)
        pull.queued = Queued(self.merge_commit(base, pull, "SQUASH"), base)
        pull.armed = None

    def _move_queue(self) -> None:
        for pull in self.queue():
            entry = pull.queued
            known = self.checks.get(entry.group, {}) if entry else {}
            if entry and any(each.conclusion not in {*GREEN, "PENDING"} for each in known.values()):
                self.dequeue(pull, "failed_checks", "github-merge-queue[bot]")
            elif entry and self.passed(entry.group, self.required()):
                self.git("update-ref", f"refs/heads/{pull.base}", entry.group, entry.base)
                self._landed(pull, entry.group)
            else:
                return

    def dequeue(self, pull: Pull, reason: str, actor: str) -> None:
        group = pull.queued.group if pull.queued else ""
        pull.queued = None
        self.happened(pull, "removed_from_merge_queue", actor, reason=reason, group=group)

    def merge(self, pull: Pull, method: str) -> str:
        base = self.tip(pull.base)
        commit = self.merge_commit(base, pull, method)
        self.git("update-ref", f"refs/heads/{pull.base}", commit, base)
        self._landed(pull, commit)
        return commit

    def _landed(self, pull: Pull, commit: str) -> None:
        self.head_of(pull)
        pull.merged_as, pull.state, pull.armed, pull.queued = commit, "MERGED", None, None
        self.happened(pull, "merged", self.viewer)
        if self.delete_branch and not pull.fork:
            self.git("update-ref", "-d", f"refs/heads/{pull.branch}")

    def happened(self, pull: Pull, event: str, actor: str, **more: Any) -> None:  # noqa: ANN401 - any JSON
        self.time += 1
        entry = {"id": self.next(), "event": event, "actor": actor, "at": self.time, **more}
        pull.timeline.append(entry)

    # what people do

    def people_label(self, pull: Pull, name: str, *, actor: str = "ann", add: bool = True) -> None:
        if add:
            pull.labels.append(name)
        else:
            pull.labels.remove(name)
        self.happened(pull, "labeled" if add else "unlabeled", actor, label=name)

    def push(self, branch: str, files: dict[str, str], *, onto: str = "", message: str = "more") -> str:
        """A commit of somebody else's on top of a branch, straight in the bare repository."""
        parent = onto or self.tip(branch)
        index = self.bare / f"index-{self.next()}"
        environ = {**WITHOUT_GIT, **QUIET, "GIT_INDEX_FILE": str(index)}

        def run(*words: str, data: str = "") -> str:
            done = subprocess.run(
                ["git", *words], cwd=self.bare, env=environ, check=True, capture_output=True, text=True, input=data
            )
            return done.stdout.strip()

        run("read-tree", parent)
        for name, text in files.items():
            run(
                "update-index",
                "--add",
                "--cacheinfo",
                f"100644,{run('hash-object', '-w', '--stdin', data=text)},{name}",
            )
        commit = run("commit-tree", run("write-tree"), "-p", parent, "-m", message)
        run("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def open_pulls(self) -> Iterator[Pull]:
        return (pull for pull in self.pulls.values() if pull.state == "OPEN")


def requires(*names: str, strict: bool = False, app: int | None = 15368) -> dict[str, Any]:
    """A rule that requires checks; 15368 is GitHub Actions."""
    bound = {"integration_id": app} if app else {}
    return {
        "type": "required_status_checks",
        "parameters": {
            "required_status_checks": [{"context": name, **bound} for name in names],
            "strict_required_status_checks_policy": strict,
        },
    }


MERGE_QUEUE: dict[str, Any] = {
    "type": "merge_queue",
    "parameters": {
        "check_response_timeout_minutes": 60,
        "grouping_strategy": "ALLGREEN",
        "max_entries_to_build": 5,
        "max_entries_to_merge": 5,
        "merge_method": "SQUASH",
        "min_entries_to_merge": 1,
        "min_entries_to_merge_wait_minutes": 5,
    },
}


def approvals(count: int) -> dict[str, Any]:
    """A rule that requires reviews."""
    return {
        "type": "pull_request",
        "parameters": {
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_approving_review_count": count,
            "required_review_thread_resolution": False,
        },
    }
