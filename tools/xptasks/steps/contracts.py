"""The contracts are valid: structure, semantics, and examples that fit their schemas."""

import json
from typing import Any

from xptasks.results import Command, Finding, Outcome, Position, Reading, Status, StepContext
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()
_FOUND = 1
_ENOUGH = 120.0  # seconds of budget from which on a tier can bear the slow checks of a large document


class Options(StepOptions):
    """`[steps.contracts]`: what `inv validate-contracts` does, for the contracts under `[contracts]`."""


def command(_options: Options, context: StepContext) -> Command:
    """The validation in a process of its own, which limits its own memory and time."""
    contracts = context.slices["contracts"]
    paths = (*contracts.openapi, *contracts.asyncapi)
    limits = (f"--timeout={contracts.timeout:g}", f"--memory={contracts.memory}")
    thorough = ("--thorough",) if context.budget is None or context.budget >= _ENOUGH else ()
    words = (*limits, *thorough, *(context.extra or paths))
    argv = (context.python, "-m", "xptasks.contracts.validate", "--json", *words)
    folders = {path.rpartition("/")[0] or "*" for path in paths}
    return Command(argv, inputs=(*sorted(folders), *paths))


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a mistake in a contract; a check that was left out makes the step partial."""
    if outcome.exit_code not in {0, _FOUND}:
        said = (outcome.stderr or outcome.stdout).strip()[-500:]
        return Reading(Status.ERROR, summary=said or f"the validation ended with exit code {outcome.exit_code}")
    report = json.loads(outcome.stdout)
    findings = tuple(_finding(item) for item in report["findings"])
    errors = sum(finding.severity == "error" for finding in findings)
    deferred = tuple(str(item) for item in report["deferred"])
    if outcome.exit_code == _FOUND:
        return Reading(Status.FAILED, summary=f"{errors} mistakes", findings=findings, deferred=deferred)
    checked = f"{len(report['checked'])} contracts valid"
    status = Status.PARTIAL if deferred else Status.PASSED
    return Reading(status, summary=checked, findings=findings, deferred=deferred)


def _finding(item: dict[str, Any]) -> Finding:
    position = Position(item["file"], item["line"], item["column"]) if item["file"] else None
    return Finding(item["message"], item["rule"], item["severity"], position, item["hint"])
