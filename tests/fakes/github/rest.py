"""The REST side of the fake: one function an operation, named by GitHub's description."""

from collections.abc import Callable
from typing import Any

from tests.fakes.github import description
from tests.fakes.github.graph import when
from tests.fakes.github.world import Check, Comment, Issue, Pull, World

Json = dict[str, Any]
Handled = tuple[int, Any]
Handler = Callable[[World, dict[str, str], dict[str, str], Json], Handled]
R = "/repos/{owner}/{repo}"

PERMISSIONS = {
    f"POST {R}/pulls": ("pull_requests", "write"),
    f"PATCH {R}/pulls/{{pull_number}}": ("pull_requests", "write"),
    f"PUT {R}/pulls/{{pull_number}}/merge": ("contents", "write"),
    f"POST {R}/issues/{{issue_number}}/labels": ("pull_requests", "write"),
    f"DELETE {R}/issues/{{issue_number}}/labels/{{name}}": ("pull_requests", "write"),
    f"POST {R}/issues/{{issue_number}}/comments": ("pull_requests", "write"),
    f"POST {R}/statuses/{{sha}}": ("statuses", "write"),
    f"POST {R}/issues": ("issues", "write"),
    f"PATCH {R}/issues/{{issue_number}}": ("issues", "write"),
    f"POST {R}/git/refs": ("contents", "write"),
}


def error(status: int, message: str, *errors: object) -> Handled:
    body: Json = {"message": message, "documentation_url": "https://docs.github.example/rest", "status": str(status)}
    return status, body | ({"errors": list(errors)} if errors else {})


def invalid(message: str) -> Handled:
    return error(422, "Validation Failed", {"resource": "PullRequest", "code": "custom", "message": message})


def get_repository(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    roles = {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True}
    return 200, {
        "full_name": "example/projects",
        "permissions": roles,
        "allow_auto_merge": world.auto_merge,
        "delete_branch_on_merge": world.delete_branch,
        "owner": {"login": "example"},
    }


def list_pulls(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    state, head = query.get("state", "open"), query.get("head", "")
    found = [
        pull
        for pull in world.pulls.values()
        if (state == "all" or (pull.state == "OPEN") == (state == "open"))
        and (not head or head == f"{'stranger' if pull.fork else 'example'}:{pull.branch}")
    ]
    return 200, [rest_pull(world, pull) for pull in found[::-1]]


def create_pull(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    branch, base = body["head"], body["base"]
    if not world.tip(branch) or not world.tip(base):
        return error(422, "Validation Failed", {"resource": "PullRequest", "field": "head", "code": "invalid"})
    if any(pull.branch == branch and pull.base == base and not pull.fork for pull in world.open_pulls()):
        return invalid(f"A pull request already exists for example:{branch}.")
    if world.contains(world.tip(base), world.tip(branch)):
        return invalid(f"No commits between {base} and {branch}")
    number = world.next()
    pull = Pull(number, branch, base, body["title"], body.get("body") or "", draft=body.get("draft", False))
    pull.author = world.viewer
    world.pulls[number] = pull
    return 201, rest_pull(world, pull)


def get_pull(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    return 200, rest_pull(world, world.pulls[int(given["pull_number"])])


def update_pull(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    pull = world.pulls[int(given["pull_number"])]
    pull.title = body.get("title", pull.title)
    pull.body = body.get("body", pull.body)
    if body.get("state") == "closed" and pull.state == "OPEN":
        pull.state = "CLOSED"
        world.happened(pull, "closed", world.viewer)
    return 200, rest_pull(world, pull)


def merge_pull(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    pull = world.pulls[int(given["pull_number"])]
    if pull.state != "OPEN":
        return error(405, "Pull Request is not mergeable")
    # As GitHub has it, the sha is optional; whoever leaves it out merges whatever is there.
    if body.get("sha", world.head_of(pull)) != world.head_of(pull):
        return error(409, "Head branch was modified. Review and try the merge again.")
    status = world._state_of(pull)[1]
    if status == "DIRTY" or (status not in {"CLEAN", "UNSTABLE"} and world.bypass == "never"):
        return error(405, "Repository rule violations found")
    return 200, {
        "sha": world.merge(pull, body.get("merge_method", "merge").upper()),
        "merged": True,
        "message": "merged",
    }


def rest_pull(world: World, pull: Pull) -> Json:
    return {
        "number": pull.number,
        "title": pull.title,
        "body": pull.body,
        "state": "open" if pull.state == "OPEN" else "closed",
        "labels": [{"name": name} for name in pull.labels],
        "base": {"ref": pull.base, "label": f"example:{pull.base}"},
        "head": {"ref": pull.branch, "sha": world.head_of(pull), "label": f"example:{pull.branch}"},
        "draft": pull.draft,
        "user": {"login": pull.author},
    }


def add_labels(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    pull = world.pulls[int(given["issue_number"])]
    for name in body["labels"]:
        if name not in pull.labels:
            world.people_label(pull, name, actor=world.viewer)
    return 200, [{"name": name} for name in pull.labels]


def remove_label(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    pull = world.pulls[int(given["issue_number"])]
    if given["name"] not in pull.labels:
        return error(404, "Label does not exist")
    world.people_label(pull, given["name"], actor=world.viewer, add=False)
    return 200, [{"name": name} for name in pull.labels]


def create_comment(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    number = int(given["issue_number"])
    places: dict[int, Pull | Issue] = {**world.pulls, **world.issues}
    place = places[number]
    if len(body["body"]) > 65536:
        return error(422, "Validation Failed", "Body is too long (maximum is 65536 characters)")
    place.comments.append(Comment(world.next(), world.viewer, body["body"]))
    return 201, {"id": place.comments[-1].id, "body": body["body"]}


def update_comment(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    places: list[Pull | Issue] = [*world.pulls.values(), *world.issues.values()]
    for place in places:
        for comment in place.comments:
            if comment.id == int(given["comment_id"]):
                comment.body = body["body"]
                return 200, {"id": comment.id, "body": comment.body}
    return error(404, "Not Found")


def branch_rules(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    source = {"ruleset_source_type": "Repository", "ruleset_source": "example/projects", "ruleset_id": 7}
    return 200, [rule | source for rule in world.rules]


def get_branch(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    name = given["branch"]
    if not world.tip(name):
        return error(404, "Branch not found")
    protection = world.protection or {"enabled": False}
    return 200, {
        "name": name,
        "protected": bool(world.rules or world.protection),
        "protection": protection,
        "commit": {"sha": world.tip(name)},
    }


def get_ruleset(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    if given["ruleset_id"] != "7":
        return error(404, "Not Found")
    return 200, {"id": 7, "name": "trunk", "enforcement": "active", "current_user_can_bypass": world.bypass}


def create_status(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    if not world.has(given["sha"]):
        return error(422, f"No commit found for SHA: {given['sha']}")
    if len(body.get("description", "")) > 140:
        return invalid("description is too long (maximum is 140 characters)")
    conclusion = {"success": "SUCCESS", "pending": "PENDING"}.get(body["state"], "FAILURE")
    check = Check(body["context"], conclusion, "status", title=body.get("description", ""))  # type: ignore[arg-type]
    world.check(given["sha"], check)
    return 201, {"state": body["state"], "context": body["context"]}


def create_ref(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    if not world.has(body["sha"]):
        return error(422, "Object does not exist")
    world.git("update-ref", body["ref"], body["sha"])
    return 201, {"ref": body["ref"]}


def list_issues(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    wanted = {*query["labels"].split(",")} if "labels" in query else set()
    found = [issue for issue in world.issues.values() if wanted <= {*issue.labels}]
    pulls = [pull for pull in world.pulls.values() if wanted <= {*pull.labels}]
    as_issues = [
        {"number": pull.number, "title": pull.title, "body": pull.body, "labels": [], "pull_request": {}}
        for pull in pulls
    ]
    return 200, [*map(rest_issue, found), *as_issues]


def create_issue(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    number = world.next()
    issue = Issue(number, body["title"], body.get("body", ""), list(body.get("labels", ())), author=world.viewer)
    world.issues[number] = issue
    return 201, rest_issue(issue)


def update_issue(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    issue = world.issues[int(given["issue_number"])]
    issue.title, issue.body = body.get("title", issue.title), body.get("body", issue.body)
    issue.state, issue.reason = body.get("state", issue.state), body.get("state_reason", issue.reason)
    return 200, rest_issue(issue)


def rest_issue(issue: Issue) -> Json:
    return {
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state,
        "state_reason": issue.reason,
        "labels": [{"name": name} for name in issue.labels],
        "user": {"login": issue.author},
    }


def list_runs(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    found = [run for run in world.runs if query.get("head_sha", run["head_sha"]) == run["head_sha"]]
    return 200, {"total_count": len(found), "workflow_runs": found}


def get_attempt(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    found = world.attempts.get((int(given["run_id"]), int(given["attempt_number"])))
    return (200, found) if found else error(404, "Not Found")


def list_activity(world: World, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    found = [each for each in world.activity if query.get("ref", each["ref"]) == each["ref"]]
    return 200, [each | {"timestamp": when(each["at"])} for each in found]


HANDLERS: dict[str, Handler] = {
    f"GET {R}": get_repository,
    f"GET {R}/pulls": list_pulls,
    f"POST {R}/pulls": create_pull,
    f"GET {R}/pulls/{{pull_number}}": get_pull,
    f"PATCH {R}/pulls/{{pull_number}}": update_pull,
    f"PUT {R}/pulls/{{pull_number}}/merge": merge_pull,
    f"POST {R}/issues/{{issue_number}}/labels": add_labels,
    f"DELETE {R}/issues/{{issue_number}}/labels/{{name}}": remove_label,
    f"POST {R}/issues/{{issue_number}}/comments": create_comment,
    f"PATCH {R}/issues/comments/{{comment_id}}": update_comment,
    f"GET {R}/rules/branches/{{branch}}": branch_rules,
    f"GET {R}/branches/{{branch}}": get_branch,
    f"GET {R}/rulesets/{{ruleset_id}}": get_ruleset,
    f"POST {R}/statuses/{{sha}}": create_status,
    f"POST {R}/git/refs": create_ref,
    f"GET {R}/issues": list_issues,
    f"POST {R}/issues": create_issue,
    f"PATCH {R}/issues/{{issue_number}}": update_issue,
    f"GET {R}/actions/runs": list_runs,
    f"GET {R}/actions/runs/{{run_id}}/attempts/{{attempt_number}}": get_attempt,
    f"GET {R}/activity": list_activity,
}


def run(world: World, key: str, given: dict[str, str], query: dict[str, str], body: Json) -> Handled:
    """The answer of an operation, complete as its description wants it."""
    if (given["owner"], given["repo"]) != ("example", "projects"):
        return error(404, "Not Found")
    try:
        status, value = HANDLERS[key](world, given, query, body)
    except KeyError:
        return error(404, "Not Found")
    answered = status < 300 and value is not None
    return status, description.answer(key, status, value) if answered else value
