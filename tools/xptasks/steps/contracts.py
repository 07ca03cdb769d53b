"""The contracts are valid: structure, semantics, examples that fit; and what is generated from them is fresh."""

import json
from typing import Any

from xptasks.results import Command, Finding, Outcome, Position, Reading, Status, StepContext
from xptasks.tiers.settings import StepOptions

NEEDS: tuple[str, ...] = ()
OURS = True
_FOUND = 1
_ENOUGH = 120.0  # seconds of budget from which on a tier can bear the slow checks of a large document


class Options(StepOptions):
    """`[steps.contracts]`: what `inv validate-contracts` and `inv generate-types --check` do, in one step."""


def command(_options: Options, context: StepContext) -> Command:
    """The checks in a process of its own; its child limits its own memory and time."""
    contracts, generated = context.slices["contracts"], context.slices["generate"].files()
    paths = (*contracts.openapi, *contracts.asyncapi)
    words = [f"--timeout={contracts.timeout:g}", f"--memory={contracts.memory}"]
    words += [f"--out={language}={file}" for language, file in generated.items()]
    if not context.slices["generate"].tolerant_enums:
        words.append("--closed-enums")
    if context.budget is None or context.budget >= _ENOUGH:
        words.append("--thorough")
    argv = (context.own, "-m", "xptasks.contracts.gate", *words, *(context.extra or paths))
    folders = {path.rpartition("/")[0] or "*" for path in paths}
    return Command(argv, inputs=(*sorted(folders), *paths, *generated.values()))


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
    checked = f"{len(report['checked'])} contracts valid, generated files fresh"
    status = Status.PARTIAL if deferred else Status.PASSED
    return Reading(status, summary=checked, findings=findings, deferred=deferred)


def _finding(item: dict[str, Any]) -> Finding:
    position = Position(item["file"], item["line"], item["column"]) if item["file"] else None
    return Finding(item["message"], item["rule"], item["severity"], position, item["hint"])
