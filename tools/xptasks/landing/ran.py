"""Whether a run of the gate lets what it ran on land: every step of the trunk's tier, whole and green. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xptasks.landing.policy import Reason
from xptasks.results import Position, Status

_SCHEMA = 1
_RATCHETS = "ratchets"
_NAMED = 3  # files in a line
_NEW, _STATE = "?? ", 3  # how `git status --porcelain` begins the line of a file that it does not know, and of any
JUDGES_CHANGE = frozenset({"size", "test_first"})
"""Steps that look at the change itself: where there is none, they have nothing to do and say `skipped`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must have run.

    Attributes:
        commit: the whole id of the commit.
        tier: the tier.
        steps: its steps, as the trunk has them.
        checks: further steps that must have passed.
        ratchets: whether the trunk has ratchets for what these steps measure.
        empty: whether the commit holds exactly what the trunk holds.
    """

    commit: str
    tier: str
    steps: tuple[str, ...]
    checks: tuple[str, ...] = ()
    ratchets: bool = False
    empty: bool = False


def judge(run: Mapping[str, Any], wanted: Wanted) -> list[Reason]:
    """What is wrong with a run, or what has to be said about it.

    Args:
        run: `.xp/last-run.json`.
        wanted: what must have run.
    """
    try:
        return [*_about_run(run, wanted), *_about_steps(run, wanted)]
    except (KeyError, TypeError, AttributeError) as problem:
        return [_no("run-unreadable", f"the result of the run cannot be read: {type(problem).__name__} {problem}")]


def _no(
    rule: str, message: str, hint: str = "let the queue run the gate again", position: Position | None = None
) -> Reason:
    return Reason(rule, "rejected", message, hint, position)


def _about_run(run: Mapping[str, Any], wanted: Wanted) -> Iterator[Reason]:
    if run["schema"] != _SCHEMA:
        yield _no(
            "run-schema",
            f"the result has the schema {run['schema']!r}, and {_SCHEMA} is known",
            "use one version of xptasks",
        )
    if run["tier"] != wanted.tier:
        yield _no("run-tier", f"the run was one of {run['tier']!r}; [landing] tier of the trunk is {wanted.tier!r}")
    if run["commit"] != wanted.commit:
        yield _other_commit(run, wanted)
    if run["exit_code"] != 0:
        yield _no(
            "run-failed", f"the run ended with {run['exit_code']} ({run['status']})", f"see `nox -s {wanted.tier}`"
        )


def _other_commit(run: Mapping[str, Any], wanted: Wanted) -> Reason:
    """The run looked at something else: at an older commit, or at files that are in no commit."""
    lands = f"{wanted.commit[:12]} is to land"
    dirty = run.get("dirty", ())
    if run["commit"] or not dirty:
        what = run["commit"][:12] or "a working tree that is no commit"
        return _no("run-commit", f"the run looked at {what}, and {lands}")
    new = [line[_STATE:] for line in dirty if line.startswith(_NEW)]
    old = [line[_STATE:] for line in dirty if not line.startswith(_NEW)]
    said = [f"{_some(new)} not in it"] if new else []
    said += [f"{_some(old)} changed"] if old else []
    hints = [f"ignore them in .gitignore: {_some(new)}"] if new else []
    hints += [f"commit what the tools make of {_some(old)}, or keep them from writing it"] if old else []
    message = f"the run looked at more than {wanted.commit[:12]}, which is to land: {'; '.join(said)}"
    return _no("run-commit", message, "; ".join((*hints, "`git status` shows them where the tier has just run")))


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"{', '.join(paths[:_NAMED])}{more}"


def _about_steps(run: Mapping[str, Any], wanted: Wanted) -> Iterator[Reason]:
    results = {result["step"]: result for result in run["steps"]}
    needed = dict.fromkeys((*wanted.steps, *wanted.checks))
    for name in needed:
        if name not in results:
            again = f"`nox -s {wanted.tier} -- {name}`; the trunk's tier has it, so that the change has to keep it"
            yield _no("step-missing", f"the step {name} did not run", again)
    for name, result in results.items():
        yield from _about_step(name, result, wanted)
    if wanted.ratchets and _RATCHETS not in results:
        yield _no("step-missing", "the ratchets of the trunk were not judged")


def _about_step(name: str, result: Mapping[str, Any], wanted: Wanted) -> Iterator[Reason]:
    reading = result["reading"]
    status, said = reading["status"], reading["summary"]
    if status == Status.PASSED and not reading["deferred"]:
        for finding in reading["findings"]:
            if finding["rule"].endswith("-waived"):
                yield Reason(finding["rule"], "may land", f"{name}: {finding['message']}")
        return
    if status == Status.SKIPPED and _may_skip(name, wanted):
        yield Reason("step-skipped", "may land", f"{name} was skipped: {said}")
        return
    rule = f"step-{status.replace(' ', '-')}"
    errors = [finding for finding in reading["findings"] if finding["severity"] == "error"]
    first = errors[0] if errors else {"message": said, "position": None, "hint": ""}
    hint = first["hint"] or f"`{result['rerun'] or f'nox -s {wanted.tier} -- {name}'}` shows it"
    yield _no(rule, f"{name} {status}: {first['message']}", hint, _position(first["position"]))


def _may_skip(name: str, wanted: Wanted) -> bool:
    """Without a change there is nothing to judge; and ratchets have nothing to hold where no line that counts changed.

    Nothing else is ever skipped: a step that lacks what it needs is an error or unavailable.
    """
    return name == _RATCHETS or (name in JUDGES_CHANGE and wanted.empty)


def _position(found: Mapping[str, Any] | None) -> Position | None:
    return Position(found["file"], found["line"], found["column"]) if found else None
