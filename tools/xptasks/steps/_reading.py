"""What the steps share whose child prints a reading as JSON."""

import json

from xptasks.results import Finding, Measurement, Outcome, Position, Reading, Status


def read(outcome: Outcome) -> Reading:
    """The reading; any exit code but 0 means that there is none."""
    if outcome.exit_code != 0:
        said = (outcome.stderr or outcome.stdout).strip()[-500:]
        return Reading(Status.ERROR, said or f"ended with exit code {outcome.exit_code}")
    found = json.loads(outcome.stdout)
    findings = []
    for item in found["findings"]:
        position = item.pop("position")
        findings.append(Finding(**item, position=Position(**position) if position else None))
    measurements = tuple(Measurement(**item) for item in found["measurements"])
    return Reading(Status(found["status"]), found["summary"], tuple(findings), measurements)
