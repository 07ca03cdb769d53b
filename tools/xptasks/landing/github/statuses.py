"""What a finished run says about its commit: one status a step. Pure.

GitHub knows error, failure, pending and success. A step that did not come to a verdict is no success: what was
skipped has no status, and what is only partly done stays pending.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xptasks.markup import clean

_LONGEST = 140  # characters of a description
_STATES = {
    "passed": "success",
    "failed": "failure",
    "partial": "pending",
    "error": "error",
    "timed out": "error",
    "unavailable": "error",
    "cancelled": "error",
}


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """A status of a commit: its context, state and description."""

    context: str
    state: str
    description: str


def statuses(run: Mapping[str, Any]) -> Iterator[CommitStatus]:
    """The statuses of a run, `xptasks/TIER/STEP`; the name is never that of a check which a rule requires.

    Args:
        run: the content of `.xp/last-run.json`.
    """
    for step in run["steps"]:
        reading = step["reading"]
        state = _STATES.get(reading["status"])
        if state:
            yield CommitStatus(f"xptasks/{run['tier']}/{step['step']}", state, _described(step, reading))


def _described(step: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    findings = [each for each in reading["findings"] if each["severity"] == "error"]
    said = str(findings[0]["message"]) if findings else str(reading["summary"])
    prefix = "" if reading["status"] in {"passed", "failed"} else f"{reading['status']}: "
    cached = " (cached)" if step["cached"] else ""
    line = " ".join(clean(f"{prefix}{said}{cached}").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
