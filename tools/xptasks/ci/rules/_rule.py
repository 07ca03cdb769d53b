"""What a rule is, and the questions about a workflow that several of them ask."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xptasks.ci.reading import Parsed, Path
from xptasks.ci.request import Request

Found = Iterator[tuple[Path, str]]
"""Places in the file, and what is wrong there."""

UNTRUSTED = frozenset({"pull_request", "pull_request_target", "issue_comment", "issues", "discussion", "fork", "watch"})
SAME = "github.event.pull_request.head.repo.full_name == github.repository"
_ELSEWHERE = re.compile(r"github\.event_name\s*==\s*'(?!pull_request)[a-z_]+'")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: what findings carry.
        hint: what to do about it.
        look: finds the places.
    """

    name: str
    hint: str
    look: Callable[[Parsed, Request], Found]


def steps(parsed: Parsed) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Every step: its place, its job, itself."""
    for job in parsed.jobs:
        for number, step in parsed.steps(job):
            yield ("jobs", job, "steps", number), job, step


def action(step: dict[str, Any]) -> str:
    """`OWNER/NAME` of what a step uses; empty when it runs a command."""
    return str(step.get("uses", "")).partition("@")[0]


def uses(step: dict[str, Any], name: str) -> bool:
    """Whether a step uses an action, or a part of it."""
    return action(step) == name or action(step).startswith(f"{name}/")


def text(value: object) -> str:
    """Any value as text in which words are looked for."""
    return value if isinstance(value, str) else json.dumps(value)


def condition(job: dict[str, Any]) -> str:
    """A job's condition without the marks of an expression and with single blanks."""
    found = str(job.get("if", "")).strip()
    if found.startswith("${{") and found.endswith("}}"):
        found = found[3:-2]
    return " ".join(found.split())


def for_changes(parsed: Parsed, job: str) -> bool:
    """Whether a job may run for a pull request: a change that somebody proposes, perhaps from a fork."""
    if not {"pull_request", "pull_request_target"} & parsed.events.keys():
        return False
    return not any(_elsewhere(condition(parsed.jobs[name])) for name in (job, *_above(parsed, job)))


def _elsewhere(text_: str) -> bool:
    """Whether a condition holds only for other events. One alternative with `||` at the top makes it of no use."""
    return bool(_ELSEWHERE.search(text_)) and "||" not in _outside(text_)


def _outside(text_: str) -> str:
    """What stands in no parentheses."""
    depth, kept = 0, []
    for char in text_:
        depth += (char == "(") - (char == ")")
        kept.append(char if depth == 0 else " ")
    return "".join(kept)


def _above(parsed: Parsed, job: str) -> list[str]:
    """The jobs that a job waits for, all the way up, unless it runs whatever they did."""
    found: list[str] = []
    waiting = [] if "always()" in condition(parsed.jobs[job]) else needs(parsed.jobs[job])
    while waiting:
        name = waiting.pop()
        if name in parsed.jobs and name not in found:
            found.append(name)
            waiting += needs(parsed.jobs[name])
    return found


def guarded(job: dict[str, Any]) -> bool:
    """Whether a job runs only for changes from this repository."""
    found = condition(job)
    return SAME in found and "||" not in _outside(found) and f"!({SAME}" not in found


def needs(job: dict[str, Any]) -> list[str]:
    """The jobs that a job waits for."""
    found = job.get("needs", [])
    return [found] if isinstance(found, str) else [str(name) for name in found] if isinstance(found, list) else []


def commands(parsed: Parsed, job: str) -> list[str]:
    """The commands of a job's steps, without white space around them."""
    return [str(step["run"]).strip() for _, step in parsed.steps(job) if "run" in step]


def run_of(parsed: Parsed, job: str) -> str:
    """All commands of a job."""
    return "\n".join(commands(parsed, job))


def table(value: object) -> dict[str, Any]:
    """A mapping, or an empty one."""
    return value if isinstance(value, dict) else {}


def plain(rights: Mapping[str, object]) -> dict[str, str]:
    """Rights as they are generated, without their comments."""
    return {name: str(getattr(level, "value", level)) for name, level in rights.items()}
