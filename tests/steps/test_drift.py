"""What the step drift makes of its child's report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xptasks import steps
from xptasks.results import Outcome, Status, StepContext
from xptasks.service.settings import ServiceSettings

FINDING = {
    "message": "GET /a 200: differs", "rule": "drift-response-type-changed", "severity": "error",
    "position": {"file": "contract.yaml", "line": 3, "column": 4}, "hint": "change one",
}  # fmt: skip
CHANGE = {
    "rule": "response-type-changed", "severity": "error", "at": "GET /a 200", "message": "changed",
    "base": "contract.yaml:3:4", "head": "contract.yaml:3:4",
}  # fmt: skip
JUDGEMENT = {"changes": [CHANGE], "problems": [], "baselines": ["merge-base"]}


def report(**changes: Any) -> str:  # noqa: ANN401
    plain = {"findings": [], "compared": 7, "judgement": {}, "broken": False, "deferred": [], "notes": ["a note"]}
    return json.dumps(plain | changes)


@pytest.mark.parametrize(
    ("code", "text", "status", "summary", "findings"),
    [
        (0, report(), Status.PASSED, "7 operations mean the same, generated files fresh; a note", 0),
        (0, report(deferred=["no trunk"]), Status.PARTIAL, "7 operations mean the same", 0),
        (1, report(findings=[FINDING]), Status.FAILED, "1 differences or stale files", 1),
        (1, report(judgement=JUDGEMENT, broken=True), Status.FAILED, "; 1 breaks since merge-base", 1),
        (1, report(findings=[FINDING], judgement=JUDGEMENT, broken=True), Status.FAILED, "1 differences", 2),
        (3, "", Status.ERROR, "ended with exit code 3", 0),
    ],
)
def test_a_report(code: int, text: str, status: Status, summary: str, findings: int) -> None:
    step = steps.load("drift")
    reading = step.read(step.Options(), Outcome(code, text, "", Path()))
    assert reading.status is status
    assert summary in reading.summary
    assert len(reading.findings) == findings
    assert all(str(finding.position) == "contract.yaml:3:4" for finding in reading.findings)


def test_the_command_is_never_cached_and_sees_the_services_secrets(context: StepContext) -> None:
    step = steps.load("drift")
    service = ServiceSettings(command=("x",), environment={"A": "plain", "B": "env:TOKEN", "C": "file:secret"})
    command = step.command(step.Options(), replace(context, slices={**context.slices, "service": service}))
    assert command.passes == ("TOKEN",)
    assert not command.cacheable
