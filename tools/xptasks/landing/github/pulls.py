"""A pull request as one query of `queries` shows it: plain values. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from xptasks.errors import CannotRunError
from xptasks.markup import clean

CheckState = Literal["passed", "failed", "skipped", "running"]
_SKIPPED = frozenset({"SKIPPED", "NEUTRAL"})  # GitHub lets both pass for green
_WAITING = frozenset({"PENDING", "EXPECTED"})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Check:
    """A check run or a commit status.

    Attributes:
        name: of the job, or the context of the status.
        state: how it stands.
        url: of its log.
        said: its title, short.
        places: `file:line: message` of its annotations that are failures.
        event: what started its workflow, such as `pull_request`; empty when nobody knows.
    """

    name: str
    state: CheckState
    url: str = ""
    said: str = ""
    places: tuple[str, ...] = ()
    event: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Its place in the merge queue, and the checks of the commit that is tested there."""

    position: int
    state: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """That the last thing which happened to it took it from its way, and why."""

    event: str
    reason: str
    actor: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """One moment of a pull request.

    Attributes:
        id: GraphQL's.
        state: `OPEN`, `CLOSED` or `MERGED`.
        fork: whether its branch is in another repository.
        status: what GitHub calls `mergeStateStatus`.
        conflicts: whether it cannot be merged for them; None while GitHub does not know.
        review: `APPROVED`, `REVIEW_REQUIRED`, `CHANGES_REQUESTED` or empty.
        queue: whether its base has a merge queue.
        armed: the method by which it will merge by itself; empty when it will not.
        checks: of its head, as far as GitHub shows them.
        landed: the commit on the trunk.
    """

    id: str
    number: int
    url: str
    title: str
    body: str
    state: str
    draft: bool
    fork: bool
    branch: str
    head: str
    base: str
    status: str
    conflicts: bool | None
    review: str = ""
    labels: frozenset[str] = frozenset()
    queue: bool = False
    entry: Entry | None = None
    armed: str = ""
    armed_by: str = ""
    checks: tuple[Check, ...] = ()
    landed: str = ""
    left: Left | None = None

    def check(self, name: str) -> CheckState | None:
        """How a check stands; of several with one name the worst counts. None when it has not reported."""
        return worst(self.checks, name)


def worst(checks: tuple[Check, ...], name: str) -> CheckState | None:
    """The worst state of the checks with a name."""
    found = {each.state for each in checks if each.name == name}
    order: tuple[CheckState, ...] = ("failed", "running", "skipped", "passed")
    return next((state for state in order if state in found), None)


def understood(what: str, read: Callable[[], _T]) -> _T:
    """What `read` makes of an answer.

    Raises:
        CannotRunError: the answer has another shape.
    """
    try:
        return read()
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        said = (
            f"GitHub's answer has another shape than expected ({what}: {type(error).__name__} {clean(str(error))[:80]})"
        )
        raise CannotRunError(said, hint="look at GitHub's status page; a newer xptasks may be needed") from None


def pull(node: Mapping[str, Any]) -> Pull:
    """Read the fragment `Pull`."""
    commits = node["commits"]["nodes"]
    last = commits[-1]["commit"] if commits else None
    armed = node["autoMergeRequest"]
    return Pull(
        id=node["id"],
        number=int(node["number"]),
        url=node["url"],
        title=node["title"],
        body=node["body"] or "",
        state=node["state"],
        draft=bool(node["isDraft"]),
        fork=bool(node["isCrossRepository"]),
        branch=node["headRefName"],
        head=node["headRefOid"],
        base=node["baseRefName"],
        status=node["mergeStateStatus"],
        conflicts={"CONFLICTING": True, "MERGEABLE": False}.get(node["mergeable"]),
        review=node["reviewDecision"] or "",
        labels=frozenset(each["name"] for each in (node["labels"] or {"nodes": []})["nodes"]),
        queue=bool(node["isMergeQueueEnabled"]),
        entry=_entry(node["mergeQueueEntry"]),
        armed=armed["mergeMethod"] if armed else "",
        armed_by=(armed["enabledBy"] or {}).get("login", "") if armed else "",
        # Of another commit they would say nothing: the head may have moved between two parts of the answer.
        checks=_checks(last["statusCheckRollup"]) if last and last["oid"] == node["headRefOid"] else (),
        landed=(node["mergeCommit"] or {}).get("oid", "") if node["state"] == "MERGED" else "",
        left=_left(node["timelineItems"]["nodes"]),
    )


def _entry(node: Mapping[str, Any] | None) -> Entry | None:
    if node is None:
        return None
    commit = node["headCommit"]
    return Entry(int(node["position"]), node["state"], _checks(commit["statusCheckRollup"]) if commit else ())


def _left(nodes: list[Mapping[str, Any]]) -> Left | None:
    last: Mapping[str, Any] = nodes[-1] if nodes else {"__typename": ""}
    if last["__typename"] not in {"RemovedFromMergeQueueEvent", "AutoMergeDisabledEvent", "ClosedEvent"}:
        return None
    commit = last.get("beforeCommit")
    checks = _checks(commit["statusCheckRollup"]) if commit else ()
    return Left(last["__typename"], clean(last.get("reason") or ""), (last["actor"] or {}).get("login", ""), checks)


def _checks(rollup: Mapping[str, Any] | None) -> tuple[Check, ...]:
    contexts = rollup["contexts"]["nodes"] if rollup else []
    return tuple(_status(each) if each["__typename"] == "StatusContext" else _run(each) for each in contexts)


def _status(node: Mapping[str, Any]) -> Check:
    state: CheckState = "passed" if node["state"] == "SUCCESS" else "running" if node["state"] in _WAITING else "failed"
    return Check(clean(node["context"]), state, node["targetUrl"] or "", _line(node["description"] or ""))


def _run(node: Mapping[str, Any]) -> Check:
    conclusion = node["conclusion"]
    state: CheckState = "failed"
    if node["status"] != "COMPLETED":
        state = "running"
    elif conclusion == "SUCCESS":
        state = "passed"
    elif conclusion in _SKIPPED:
        state = "skipped"
    workflow = (node["checkSuite"] or {}).get("workflowRun")
    return Check(
        name=clean(node["name"]),
        state=state,
        url=node["detailsUrl"] or node["url"],
        said=_line(node["title"] or ""),
        places=tuple(_places((node["annotations"] or {"nodes": []})["nodes"])),
        event=(workflow or {}).get("event", ""),
    )


def _places(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node["annotationLevel"] == "FAILURE":
            yield f"{clean(node['path'])}:{node['location']['start']['line']}: {_line(node['message'])}"


def _line(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= 200 else f"{line[:200]}..."  # noqa: PLR2004 - a message, not a log
