"""The comparison of the contracts as a process: how a step asks for it, and what its answer means."""

import json
from typing import Any

from xptasks.contracts.settings import ContractsSettings
from xptasks.results import Finding, Outcome, Position, Reading, Status

_FOUND = 1
_SAID = 500  # characters of an error that are shown


def argv(python: str, settings: ContractsSettings) -> tuple[str, ...]:
    """The command, to be run in the project's folder. It looks at git and at the day: no cache knows either."""
    return (python, "-m", "xptasks.loop.compatibility", settings.model_dump_json())


def read(outcome: Outcome) -> Reading:
    """A finding for each alarm, allowed ones as information, and for each permission that is out of order."""
    if outcome.exit_code not in {0, _FOUND}:
        said = (outcome.stderr or outcome.stdout).strip()[-_SAID:]
        return Reading(Status.ERROR, summary=said or f"the comparison ended with exit code {outcome.exit_code}")
    return reading(json.loads(outcome.stdout), failed=outcome.exit_code == _FOUND)


def reading(judgement: dict[str, Any], *, failed: bool) -> Reading:
    """What a judgement in JSON means for a step."""
    alarms = [item for item in judgement["changes"] if item["severity"] != "info"]
    findings = (*map(_change, alarms), *map(_problem, judgement["problems"]))
    breaks = sum(finding.severity == "error" for finding in findings)
    compared = ", ".join(judgement["baselines"])
    if failed:
        return Reading(Status.FAILED, summary=f"{breaks} breaks since {compared}", findings=findings)
    changed = len(judgement["changes"])
    return Reading(Status.PASSED, summary=f"{changed} changes since {compared}, none breaks", findings=findings)


def _change(item: dict[str, Any]) -> Finding:
    witness = f"for example: {json.dumps(item['witness'], ensure_ascii=False)}" if "witness" in item else ""
    message = f"{item['at']}: {item['message']}"
    position = _position(item["head"] or item["base"])
    if "allowed" in item:
        return Finding(message, item["rule"], "info", position, f"allowed: {item['allowed']['reason']}")
    return Finding(message, item["rule"], item["severity"], position, witness)


def _problem(item: dict[str, Any]) -> Finding:
    return Finding(item["message"], item["rule"], item["severity"], _position(item["at"]), item["hint"])


def _position(text: str | None) -> Position | None:
    """The position that was written as `file:line:column`; the file may have colons, and the rest may be missing."""
    if text is None:
        return None
    parts = text.rsplit(":", 2)
    numbers = [int(part) for part in parts[1:] if part.isdecimal()]
    if len(numbers) < len(parts) - 1 or not numbers:
        return Position(text)
    return Position(parts[0], *numbers)
