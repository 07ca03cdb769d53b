"""How far a pull request is, and what its author can do about it. Pure."""

from collections.abc import Iterator, Sequence

from xptasks.landing.github.body import has_section
from xptasks.landing.github.pulls import Check, Left, Pull, worst
from xptasks.landing.github.rules import Rules
from xptasks.landing.proposal import Standing, State

_NAMED = 3  # failing checks that are told in full
_PLACES = 5
_QUEUE = {
    "QUEUED": "queued",
    "AWAITING_CHECKS": "testing",
    "MERGEABLE": "testing",
    "LOCKED": "testing",
    "UNMERGEABLE": "rejected",
}
_LEFT = {
    "RemovedFromMergeQueueEvent": "the merge queue put it out",
    "AutoMergeDisabledEvent": "auto-merge was switched off",
}


def standing(pull: Pull, rules: Rules, change: str, label: str, holds: frozenset[str]) -> Standing:
    """The standing of a pull request.

    Args:
        pull: as it is now.
        rules: of its base.
        change: how the change is called.
        label: that lets it land by itself.
        holds: labels that keep it from landing.
    """
    state, reason = _state(pull, rules, label, holds)
    position = pull.entry.position if pull.entry and state in {"queued", "testing"} else 0
    return Standing(change, pull.head, state, pull.title, reason, position, pull.landed, pull.url)


def _state(pull: Pull, rules: Rules, label: str, holds: frozenset[str]) -> tuple[State, str]:
    if pull.state == "MERGED":
        return "landed", ""
    if pull.state == "CLOSED":
        by = f" by {pull.left.actor}" if pull.left and pull.left.actor else ""
        return "withdrawn", f"the pull request was closed{by}"
    if pull.entry:
        return _in_queue(pull)
    red = next(_red(pull, rules), None)
    if red:
        return "rejected", red
    if pull.armed:
        return _armed(pull, rules, holds)
    return _unarmed(pull, label, holds)


def _in_queue(pull: Pull) -> tuple[State, str]:
    entry = pull.entry
    state = _QUEUE.get(entry.state, "queued") if entry else "queued"
    if entry and state == "rejected":
        return "rejected", f"it cannot be merged with what is before it in the queue{_failing(entry.checks)}"
    place = f"place {entry.position} in the merge queue" if entry else ""
    return ("testing", f"{place}, its checks run") if state == "testing" else ("queued", place)


def _red(pull: Pull, rules: Rules) -> Iterator[str]:
    """What has to be mended first."""
    left = pull.left
    if left and left.event == "RemovedFromMergeQueueEvent" and not pull.armed:
        yield f"{_left(left)}{_failing(left.checks) or '; propose it again once that is mended'}"
    required = [each for each in pull.checks if each.name in rules.required]
    failed = [each for each in required if each.state == "failed"]
    if failed:
        # The aggregate check only says that something failed; what failed says more.
        others = [each for each in pull.checks if each.state == "failed" and each.name not in rules.required]
        yield f"red: {', '.join(sorted({each.name for each in failed}))}{_failing([*others, *failed])}"
    for name in sorted(rules.required):
        if worst(pull.checks, name) == "skipped":
            yield f"the check {name} was skipped, which is no green; see why its workflow did not run it"
    if pull.conflicts:
        yield f"it conflicts with {pull.base}: rebase onto it, solve them, and propose the change again"
    if pull.review == "CHANGES_REQUESTED":
        yield f"a review asks for changes: {pull.url}"


def _left(left: Left) -> str:
    by = f" by {left.actor}" if left.actor and "bot" not in left.actor else ""
    why = f" ({left.reason})" if left.reason else ""
    return f"{_LEFT.get(left.event, left.event)}{by}{why}"


def _failing(checks: Sequence[Check]) -> str:
    """The failing checks with places in files and logs, one a line."""
    failed = [each for each in checks if each.state == "failed"]
    lines = []
    for check in failed[:_NAMED]:
        said = f": {check.said}" if check.said else ""
        lines.append(f"{check.name}{said}{f' ({check.url})' if check.url else ''}")
        lines += [f"  {place}" for place in check.places[:_PLACES]]
        more = len(check.places) - _PLACES
        lines += [f"  and {more} more"] if more > 0 else []
    if len(failed) > _NAMED:
        lines.append(f"and {len(failed) - _NAMED} checks more")
    return "".join(f"\n{line}" for line in lines)


def _armed(pull: Pull, rules: Rules, holds: frozenset[str]) -> tuple[State, str]:
    held = sorted(pull.labels & holds)
    if held:
        return "queued", f"it has the label {held[0]} and merges by itself all the same: `inv land-withdraw` stops it"
    if pull.status == "BEHIND":
        return "queued", f"it is behind {pull.base}, and the rules want it up to date: rebase, and propose it again"
    waiting = [name for name in sorted(rules.required) if pull.check(name) != "passed"]
    if waiting:
        begun = [name for name in waiting if pull.check(name)]
        never = f"; {', '.join(waiting)} did not begin yet" if not begun else ""
        return "testing", f"waits for {', '.join(waiting)}{never}"
    if pull.review == "REVIEW_REQUIRED":
        return "queued", "waits for an approval"
    return "queued", "merges as soon as GitHub gets to it"


def _unarmed(pull: Pull, label: str, holds: frozenset[str]) -> tuple[State, str]:
    held = sorted(pull.labels & holds)
    if held:
        return "open", f"the label {held[0]} keeps it from landing"
    if pull.draft:
        return "open", "it is a draft"
    if label not in pull.labels and has_section(pull.body):
        return "withdrawn", f"it lost the label {label}; `inv land` proposes it again"
    left = pull.left
    said = f"{_left(left)}; " if left and left.event == "AutoMergeDisabledEvent" else ""
    return "open", f"{said}it does not merge by itself; `inv land` arms it"
