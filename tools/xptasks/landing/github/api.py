"""What we ask one repository on GitHub, and what we tell it: each call once, with plain values in and out. An edge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from xptasks.errors import ConfigError, UsageError
from xptasks.landing.github import pulls, queries, reviews, rules
from xptasks.landing.github.body import LONGEST, cut
from xptasks.landing.github.client import Client
from xptasks.landing.github.pulls import Pull, understood
from xptasks.landing.github.refusals import RefusedError
from xptasks.landing.github.rules import Rules
from xptasks.landing.proposal import Approval

_LIST_ENDED = 10
_ATTEMPTS = 20  # of a workflow run that are looked at
_NOWHERE = "0" * 40
_NAME = "xptasks-doctor"
_IMPOSSIBLE: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "contents": ("/git/refs", {"ref": f"refs/heads/{_NAME}", "sha": _NOWHERE}),
    "pull_requests": ("/pulls", {"title": _NAME, "head": f"{_NAME}-no-such-branch"}),
    "statuses": (f"/statuses/{_NOWHERE}", {"state": "pending", "context": _NAME}),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A pull request as REST shows it: what is needed to update it."""

    number: int
    title: str
    body: str
    base: str
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository.

    Attributes:
        client: asks.
        name: `OWNER/NAME`.
    """

    client: Client
    name: str

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.name.partition("/")[0]

    @property
    def path(self) -> str:
        """Its path in the REST API."""
        return f"/repos/{self.name}"

    def _query(self, name: str, *, repeatable: bool = True, **variables: object) -> Any:  # noqa: ANN401 - any JSON
        place = {} if name in {"Arm", "Disarm", "Enqueue", "Dequeue"} else self._place()
        return self.client.query(name, queries.EVERY[name], {**place, **variables}, repeatable=repeatable)

    def _place(self) -> dict[str, str]:
        owner, _, name = self.name.partition("/")
        return {"owner": owner, "name": name}

    # pull requests

    def pull(self, number: int) -> Pull:
        """One moment of a pull request.

        Raises:
            UsageError: there is none of that number.
        """
        data = self._numbered("Pull", number)
        return understood(f"pull request {number}", lambda: pulls.pull(data["repository"]["pullRequest"]))

    def _numbered(self, name: str, number: int) -> Any:  # noqa: ANN401 - any JSON
        try:
            return self._query(name, number=number)
        except RefusedError as error:
            if "NOT_FOUND" in error.kinds and "PullRequest" in error.said:
                hint = "`inv land` opens one"
                raise UsageError(f"there is no pull request of #{number} in {self.name}", hint=hint) from None
            raise

    def pulls(self, trunk: str, label: str) -> tuple[list[Pull], list[Pull]]:
        """The open ones with a label, oldest first, and those that ended last."""
        data = self._query("Pulls", trunk=trunk, label=label, ended=_LIST_ENDED)

        def read() -> tuple[list[Pull], list[Pull]]:
            found = data["repository"]
            return [pulls.pull(each) for each in found["open"]["nodes"]], [
                pulls.pull(each) for each in found["ended"]["nodes"]
            ]

        return understood("pull requests", read)

    def with_branch(self, branch: str, *, state: str = "open") -> list[Opened]:
        """The pull requests of a branch of this repository, newest first."""
        listed = self.client.get(
            f"{self.path}/pulls", head=f"{self.owner}:{branch}", state=state, sort="created", direction="desc"
        ).data
        return understood("pull requests of a branch", lambda: [_opened(each) for each in listed])

    def open(self, title: str, body: str, branch: str, trunk: str) -> Opened:
        """Open a pull request; never sent twice."""
        wanted = {"title": title, "body": body, "head": branch, "base": trunk}
        made = self.client.send("POST", f"{self.path}/pulls", wanted).data
        return understood("a new pull request", lambda: _opened(made))

    def edit(self, number: int, **changes: object) -> None:
        """Set something of a pull request: `title`, `body`, `state`."""
        self.client.send("PATCH", f"{self.path}/pulls/{number}", changes)

    def merge(self, number: int, head: str, method: str) -> None:
        """Merge now, if its head is still that commit; never sent twice."""
        self.client.send("PUT", f"{self.path}/pulls/{number}/merge", {"sha": head, "merge_method": method})

    def arm(self, pull: Pull, head: str, method: str) -> None:
        """Let it merge by itself, if its head is still that commit."""
        self._query("Arm", repeatable=False, pull=pull.id, head=head, method=method.upper())

    def disarm(self, pull: Pull) -> None:
        """Let it not merge by itself."""
        self._query("Disarm", repeatable=False, pull=pull.id)

    def enqueue(self, pull: Pull, head: str) -> None:
        """Put it into the merge queue, if its head is still that commit."""
        self._query("Enqueue", repeatable=False, pull=pull.id, head=head)

    def dequeue(self, pull: Pull) -> None:
        """Take it out of the merge queue."""
        self._query("Dequeue", repeatable=False, pull=pull.id)

    def happened(self, trunk: str, count: int, after: str | None) -> Any:  # noqa: ANN401 - read by `interventions`
        """The pull requests that changed last, with their timelines: one page."""
        return self._query("Happened", trunk=trunk, count=count, after=after)["repository"]["pullRequests"]

    # labels and comments

    def label(self, number: int, names: Sequence[str]) -> None:
        """Add labels; others stay."""
        self.client.send("POST", f"{self.path}/issues/{number}/labels", {"labels": list(names)}, repeatable=True)

    def unlabel(self, number: int, name: str) -> None:
        """Take a label away."""
        self.client.send("DELETE", f"{self.path}/issues/{number}/labels/{quote(name, safe='')}")

    def comments(self, number: int) -> Iterator[tuple[int, str]]:
        """Our own comments: id and text."""
        after: str | None = None
        while True:
            data = self._query("Comments", number=number, after=after)
            page = understood("comments", lambda data=data: data["repository"]["pullRequest"]["comments"])  # type: ignore[misc]
            yield from ((each["databaseId"], each["body"]) for each in page["nodes"] if each["viewerDidAuthor"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def comment(self, number: int, text: str) -> None:
        """Add a comment; never sent twice."""
        self.client.send("POST", f"{self.path}/issues/{number}/comments", {"body": cut(text, LONGEST)})

    def edit_comment(self, comment: int, text: str) -> None:
        """Replace a comment's text."""
        self.client.send("PATCH", f"{self.path}/issues/comments/{comment}", {"body": cut(text, LONGEST)})

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Who approved which commit of a pull request."""
        data = self._numbered("Reviews", number)
        return understood("reviews", lambda: tuple(reviews.approvals(data["repository"]["pullRequest"])))

    # issues

    def issues(self, label: str) -> list[Mapping[str, Any]]:
        """All issues with a label, whatever their state; pull requests are none."""
        listed = self.client.pages(f"{self.path}/issues", labels=label, state="all", sort="created", direction="asc")
        return [each for each in listed if "pull_request" not in each]

    def open_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Open an issue; never sent twice."""
        made = self.client.send(
            "POST", f"{self.path}/issues", {"title": title, "body": cut(body, LONGEST), "labels": list(labels)}
        ).data
        return understood("a new issue", lambda: int(made["number"]))

    def edit_issue(self, number: int, **changes: object) -> None:
        """Set something of an issue: `title`, `body`, `state`, `state_reason`."""
        self.client.send("PATCH", f"{self.path}/issues/{number}", changes)

    # commits, rules, settings

    def status(self, commit: str, context: str, state: str, description: str, url: str = "") -> None:
        """Report a status of a commit; the last one of a context counts, so that it may be sent twice."""
        body = {"state": state, "context": context, "description": description} | ({"target_url": url} if url else {})
        self.client.send("POST", f"{self.path}/statuses/{commit}", body, repeatable=True)

    def rules(self, trunk: str) -> Rules:
        """What guards a branch.

        Raises:
            ConfigError: there is no such branch.
        """
        branch = self.client.find(f"{self.path}/branches/{quote(trunk, safe='')}")
        if branch is None:
            raise ConfigError(f"{self.name} has no branch {trunk}", hint="name it: [landing] trunk")
        listed = list(self.client.pages(f"{self.path}/rules/branches/{quote(trunk, safe='')}"))
        return understood("rules", lambda: rules.read(listed, branch.data))

    def settings(self, trunk: str) -> Any:  # noqa: ANN401 - read by those who ask
        """What the repository allows, the workflows on the trunk, and who we are."""
        return self._query("Workflows", folder=f"{trunk}:.github/workflows")

    def ruleset(self, number: int) -> Mapping[str, Any] | None:
        """A ruleset of the repository; None when it is another one's, such as the organisation's."""
        found = self.client.find(f"{self.path}/rulesets/{number}")
        return found.data if found else None

    def may(self, permission: str, trunk: str) -> bool | None:
        """Whether the token may write something: found out by asking for what cannot be done, so that nothing changes.

        A repository does not say what a token may do. But GitHub looks at permissions first: whoever may not is told
        so, and whoever may is told that there is no such commit or branch.
        """
        path, body = _IMPOSSIBLE[permission]
        try:
            self.client.send("POST", f"{self.path}{path}", {**body, **({"base": trunk} if "head" in body else {})})
        except RefusedError as error:
            return {422: True, 403: False, 404: False}.get(error.status)
        return None

    def reruns(self, head: str) -> Iterator[Mapping[str, Any]]:
        """Every attempt but the first of every workflow run of a commit."""
        for run in self.client.pages(f"{self.path}/actions/runs", "workflow_runs", head_sha=head):
            for attempt in range(2, min(int(run.get("run_attempt") or 1), _ATTEMPTS) + 1):
                found = self.client.find(f"{self.path}/actions/runs/{run['id']}/attempts/{attempt}")
                if found:
                    yield found.data

    def activity(self, trunk: str) -> Iterator[Mapping[str, Any]]:
        """What was pushed and merged to a branch, newest first."""
        return self.client.pages(f"{self.path}/activity", ref=f"refs/heads/{trunk}")


def workflows(settings: Mapping[str, Any]) -> dict[str, str]:
    """The text of each workflow by its name, from `Repository.settings`."""
    entries = (settings["repository"]["folder"] or {}).get("entries") or []
    files = {each["name"]: (each["object"] or {}).get("text") or "" for each in entries}
    return {name: text for name, text in files.items() if name.endswith((".yml", ".yaml"))}


def _opened(node: Mapping[str, Any]) -> Opened:
    labels = frozenset(each["name"] for each in node.get("labels", ()))
    return Opened(int(node["number"]), node["title"], node["body"] or "", node["base"]["ref"], labels)
