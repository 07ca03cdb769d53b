"""The GraphQL side of the fake: GitHub's own schema, executed over the world."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import graphql
from graphql import GraphQLError, GraphQLResolveInfo

from tests.fakes.github import description
from tests.fakes.github.world import Armed, Check, Pull, World

Json = dict[str, Any]
_EVENTS = {
    "labeled": "LabeledEvent",
    "unlabeled": "UnlabeledEvent",
    "removed_from_merge_queue": "RemovedFromMergeQueueEvent",
    "added_to_merge_queue": "AddedToMergeQueueEvent",
    "auto_merge_enabled": "AutoMergeEnabledEvent",
    "auto_merge_disabled": "AutoMergeDisabledEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "pushed": "HeadRefForcePushedEvent",
    "committed": "PullRequestCommit",
    "reviewed": "PullRequestReview",
}


class RefusedError(GraphQLError):
    """An error with a type, as GitHub's have."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@cache
def schema() -> graphql.GraphQLSchema:
    """GitHub's; half a second, once in each process."""
    parsed = graphql.parse(description.GRAPHQL.read_text(encoding="utf-8"), no_location=True)
    return graphql.build_ast_schema(parsed, assume_valid=True, assume_valid_sdl=True)


@cache
def _checked(text: str) -> tuple[graphql.DocumentNode, tuple[str, ...]]:
    document = graphql.parse(text)
    return document, tuple(error.message for error in graphql.validate(schema(), document))


def problems(body: object) -> list[str]:
    """What is wrong about a request: the document, or its variables."""
    if not isinstance(body, dict) or not {"query", "variables"} <= body.keys() <= {
        "query",
        "variables",
        "operationName",
    }:
        return [f"no GraphQL request: {body!r}"]
    document, found = _checked(body["query"])
    operations = [each for each in document.definitions if isinstance(each, graphql.OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None or operations[0].name.value != body["operationName"]:
        return [*found, "not one operation of that name"]
    given = graphql.get_variable_values(schema(), operations[0].variable_definitions or (), body["variables"])
    named = {each.variable.name.value for each in operations[0].variable_definitions or ()}
    unknown = [f"unknown variable {name}" for name in body["variables"] if name not in named]
    return [*found, *unknown, *([error.message for error in given] if isinstance(given, list) else [])]


def run(world: World, body: Json) -> Json:
    """The answer."""
    document, _ = _checked(body["query"])
    done = graphql.execute_sync(schema(), document, Root(world).value(), variable_values=body["variables"])
    answer: Json = {"data": done.data}
    if done.errors:
        answer["errors"] = [_error(error) for error in done.errors]
    return answer


def _error(error: GraphQLError) -> Json:
    original = error.original_error or error
    kind = original.kind if isinstance(original, RefusedError) else "INTERNAL"
    return {"type": kind, "message": error.message, "path": error.path}


def when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Root:
    """What the operations resolve to."""

    def __init__(self, world: World) -> None:
        self.world = world

    def value(self) -> Json:
        return {
            "viewer": {"login": self.world.viewer},
            "repository": lambda info, owner, name, **_: self._repository(owner, name),
            "enablePullRequestAutoMerge": self._mutation(self._arm),
            "disablePullRequestAutoMerge": self._mutation(self._disarm),
            "enqueuePullRequest": self._mutation(self._enqueue),
            "dequeuePullRequest": self._mutation(self._dequeue),
        }

    def _mutation(self, act: Callable[[Pull, Json], None]) -> Callable[..., Json]:
        def mutate(info: "GraphQLResolveInfo[Any]", input: Json) -> Json:  # noqa: A002 - GitHub's name
            may(self.world, "pull_requests", "write")
            key = "id" if "id" in input else "pullRequestId"
            pull = self.world.pulls[int(input[key].removeprefix("PR_"))]
            if input.get("expectedHeadOid", self.world.head_of(pull)) != self.world.head_of(pull):
                raise RefusedError("UNPROCESSABLE", "The expected head oid does not match the pull request's head")
            act(pull, input)
            self.world.settle()
            return {"pullRequest": self._pull(pull), "mergeQueueEntry": None}

        return mutate

    def _arm(self, pull: Pull, given: Json) -> None:
        if not self.world.auto_merge:
            raise RefusedError("UNPROCESSABLE", "Auto merge is not allowed for this repository")
        if pull.state != "OPEN":
            raise RefusedError("UNPROCESSABLE", "Pull request is closed")
        state = self.world._state_of(pull)[1]
        if state in {"CLEAN", "UNSTABLE"}:
            raise RefusedError("UNPROCESSABLE", f"Pull request Pull request is in {state.lower()} status")
        pull.armed = Armed(given.get("mergeMethod", "MERGE"), self.world.viewer, self.world.head_of(pull))
        self.world.happened(pull, "auto_merge_enabled", self.world.viewer)

    def _disarm(self, pull: Pull, given: Json) -> None:
        if not pull.armed:
            raise RefusedError("UNPROCESSABLE", "Can't disable auto-merge for this pull request")
        pull.armed = None
        self.world.happened(pull, "auto_merge_disabled", self.world.viewer, reason="")

    def _enqueue(self, pull: Pull, given: Json) -> None:
        if not self.world.is_queue():
            raise RefusedError("UNPROCESSABLE", "Merge queue is not enabled")
        if self.world._state_of(pull)[1] not in {"CLEAN", "UNSTABLE"}:
            raise RefusedError("UNPROCESSABLE", "Pull request is not mergeable")
        self.world.enqueue(pull)
        self.world.happened(pull, "added_to_merge_queue", self.world.viewer)

    def _dequeue(self, pull: Pull, given: Json) -> None:
        if not pull.queued:
            raise RefusedError("UNPROCESSABLE", "The pull request is not in the queue")
        self.world.dequeue(pull, "manual", self.world.viewer)

    def _repository(self, owner: str, name: str) -> Json:
        if (owner, name) != ("example", "projects"):
            raise RefusedError("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        world = self.world
        return {
            "pullRequest": lambda info, number: self._numbered(number),
            "pullRequests": lambda info, **wanted: self._listed(wanted),
            "autoMergeAllowed": world.auto_merge,
            "squashMergeAllowed": world.squash,
            "mergeCommitAllowed": True,
            "deleteBranchOnMerge": world.delete_branch,
            "isArchived": False,
            "object": lambda info, expression: self._folder(expression),
        }

    def _folder(self, expression: str) -> Json | None:
        try:
            names = self.world.git("ls-tree", "--name-only", expression).splitlines()
        except Exception:  # noqa: BLE001 - no such folder
            return None
        texts = {name: self.world.git("show", f"{expression}/{name}") for name in names}
        entries = [{"name": name, "object": {"__typename": "Blob", "text": text}} for name, text in texts.items()]
        return {"__typename": "Tree", "entries": entries}

    def _numbered(self, number: int) -> Json:
        if number not in self.world.pulls:
            raise RefusedError("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return self._pull(self.world.pulls[number])

    def _listed(self, wanted: Json) -> Json:
        found = [pull for pull in self.world.pulls.values() if pull.base == wanted["baseRefName"]]
        if "states" in wanted:
            found = [pull for pull in found if pull.state in wanted["states"]]
        if "labels" in wanted:
            found = [pull for pull in found if {*wanted["labels"]} & {*pull.labels}]
        if wanted["orderBy"]["direction"] == "DESC":
            found = found[::-1]
        start = int(wanted.get("after") or 0)
        end = start + min(wanted["first"], self.world.page_size)
        page = {"hasNextPage": end < len(found), "endCursor": str(end)}
        return {"nodes": [self._pull(pull) for pull in found[start:end]], "pageInfo": page}

    def _pull(self, pull: Pull) -> Json:
        world = self.world
        head = world.head_of(pull)
        entry = pull.queued
        return {
            "id": f"PR_{pull.number}",
            "number": pull.number,
            "url": f"https://github.example/example/projects/pull/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "isDraft": pull.draft,
            "isCrossRepository": pull.fork,
            "headRefName": pull.branch,
            "headRefOid": head,
            "baseRefName": pull.base,
            "mergeable": lambda info: "UNKNOWN" if pull.unknown or pull.state != "OPEN" else world._state_of(pull)[0],
            "mergeStateStatus": lambda info: world.state_of(pull)[1],
            "reviewDecision": self._review(pull),
            "createdAt": when(world.time),
            "updatedAt": when(world.time),
            "mergedAt": self._at(pull, "merged"),
            "closedAt": self._at(pull, "merged") or self._at(pull, "closed"),
            "additions": 3,
            "deletions": 1,
            "author": actor(pull.author),
            "mergedBy": actor(world.viewer) if pull.state == "MERGED" else None,
            "mergeCommit": {"oid": pull.merged_as} if pull.merged_as else None,
            "labels": {"nodes": [{"name": name} for name in pull.labels]},
            "isMergeQueueEnabled": world.is_queue(),
            "mergeQueueEntry": {
                "position": [each.number for each in world.queue()].index(pull.number) + 1,
                "state": entry.state,
                "headCommit": self._commit(entry.group),
            }
            if entry
            else None,
            "autoMergeRequest": {"mergeMethod": pull.armed.method, "enabledBy": actor(pull.armed.by)}
            if pull.armed
            else None,
            "commits": {
                "totalCount": 1 + pull.more_commits,
                "nodes": [{"commit": self._commit(head) | self._authors(pull)}],
            },
            "latestOpinionatedReviews": lambda info, first, writersOnly: {"nodes": self._reviews(pull)},  # noqa: N803
            "comments": lambda info, first, after=None: self._comments(pull, after),
            "timelineItems": lambda info, itemTypes, first=None, last=None: self._timeline(pull, itemTypes, last),  # noqa: N803
        }

    def _at(self, pull: Pull, event: str) -> str | None:
        return next((when(each["at"]) for each in pull.timeline if each["event"] == event), None)

    def _review(self, pull: Pull) -> str | None:
        wanted = (self.world.rule("pull_request") or {}).get("required_approving_review_count", 0)
        return pull.review or ("REVIEW_REQUIRED" if wanted else None)

    def _authors(self, pull: Pull) -> Json:
        return {"authors": {"nodes": [{"user": {"login": login} if login else None} for login in pull.authors]}}

    def _reviews(self, pull: Pull) -> list[Json]:
        return [
            {"state": state, "submittedAt": when(self.world.time), "commit": {"oid": commit}, "author": actor(login)}
            for login, state, commit in pull.reviews
        ]

    def _comments(self, pull: Pull, after: str | None) -> Json:
        start = int(after or 0)
        end = start + self.world.page_size
        nodes = [
            {"databaseId": each.id, "body": each.body, "viewerDidAuthor": each.author == self.world.viewer}
            for each in pull.comments[start:end]
        ]
        return {"nodes": nodes, "pageInfo": {"hasNextPage": end < len(pull.comments), "endCursor": str(end)}}

    def _timeline(self, pull: Pull, wanted: list[str], last: int | None) -> Json:
        named = {_pascal(each) for each in wanted}
        nodes = [self._event(each) for each in pull.timeline if _EVENTS.get(each["event"]) in named]
        return {"nodes": nodes[-last:] if last else nodes}

    def _event(self, each: Json) -> Json:
        node = {
            "__typename": _EVENTS[each["event"]],
            "id": f"EV_{each['id']}",
            "createdAt": when(each["at"]),
            "submittedAt": when(each["at"]),
            "actor": actor(each["actor"]),
            "author": actor(each["actor"]),
            "reason": each.get("reason"),
            "reasonCode": None,
            "state": each.get("state"),
            "beforeCommit": self._commit(each["group"]) if each.get("group") else None,
        }
        if "label" in each:
            node["label"] = {"name": each["label"]}
        if each["event"] == "committed":
            named = {"email": each["email"], "user": {"login": each["actor"]} if each["actor"] else None}
            node["commit"] = {
                "oid": each["oid"],
                "authoredDate": when(each["at"]),
                "committedDate": when(each["at"]),
                "author": named,
            }
        return node

    def _commit(self, commit: str) -> Json:
        contexts = [_context(each) for each in self.world.checks.get(commit, {}).values()]
        rollup = {"contexts": {"nodes": contexts, "pageInfo": {"hasNextPage": False}}} if contexts else None
        return {"oid": commit, "statusCheckRollup": rollup}


def _context(check: Check) -> Json:
    address = check.url or f"https://github.example/logs/{check.name}"
    if check.kind == "status":
        return {
            "__typename": "StatusContext",
            "context": check.name,
            "state": check.conclusion if check.conclusion in {"SUCCESS", "PENDING"} else "FAILURE",
            "targetUrl": address,
            "description": check.title,
        }
    running = check.conclusion == "PENDING"
    return {
        "__typename": "CheckRun",
        "name": check.name,
        "status": "IN_PROGRESS" if running else "COMPLETED",
        "conclusion": None if running else check.conclusion,
        "url": address,
        "detailsUrl": address,
        "title": check.title or None,
        "startedAt": None,
        "checkSuite": {"workflowRun": {"event": "pull_request"}},
        "annotations": {"nodes": [_annotation(*each) for each in check.annotations]},
    }


def _annotation(path: str, line: int, message: str) -> Json:
    place = {"start": {"line": line}}
    return {"path": path, "message": message, "annotationLevel": "FAILURE", "location": place}


def actor(login: str) -> Json | None:
    if not login:
        return None
    return {"__typename": "Bot" if login.endswith("[bot]") else "User", "login": login}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def may(world: World, permission: str, level: str) -> None:
    """Refuse what the token may not do."""
    if world.permissions.get(permission) not in {level, "write"}:
        raise RefusedError("FORBIDDEN", "Resource not accessible by personal access token")
