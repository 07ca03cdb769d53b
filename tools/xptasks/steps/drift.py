"""The served OpenAPI document means what the contract says; nothing generated is stale; nobody is broken unnoticed."""

import json
from typing import TYPE_CHECKING, Any

from xptasks.results import Command, Finding, Outcome, Position, Reading, Status, StepContext
from xptasks.settings import Secret
from xptasks.steps import _compatibility
from xptasks.tiers.settings import StepOptions

if TYPE_CHECKING:
    from xptasks.contracts.generate.settings import GenerateSettings
    from xptasks.contracts.settings import ContractsSettings
    from xptasks.service.settings import ServiceSettings

NEEDS: tuple[str, ...] = ()
OURS = True
_FOUND = 1
_PROCESS = "xptasks.loop.drift"
_SAID = 500


class Options(StepOptions):
    """`[steps.drift]`: what `inv drift` does, over the application that `[contracts] served` names."""


def order(contracts: "ContractsSettings", generate: "GenerateSettings", service: "ServiceSettings") -> str:
    """What to look at, as one word for a command line; no secret is in it."""
    parts = {"contracts": contracts, "generate": generate, "service": service}
    return json.dumps({name: each.model_dump(mode="json") for name, each in parts.items()})


def command(_options: Options, context: StepContext) -> Command:
    """One process for all; it looks at git and at the day, and no cache knows either."""
    contracts, generate, service = (context.slices[name] for name in ("contracts", "generate", "service"))
    secrets = (value for value in service.environment.values() if isinstance(value, Secret))
    passes = tuple(sorted(secret.removeprefix("env:") for secret in secrets if secret.startswith("env:")))
    return Command(
        (context.own, "-m", _PROCESS, "--json", order(contracts, generate, service)), passes=passes, cacheable=False
    )


def read(_options: Options, outcome: Outcome) -> Reading:
    """A finding for each difference, stale file and break of the contracts' users."""
    if outcome.exit_code not in {0, _FOUND} or not outcome.stdout:
        said = (outcome.stderr or outcome.stdout).strip()[-_SAID:]
        return Reading(Status.ERROR, summary=said or f"the comparison ended with exit code {outcome.exit_code}")
    report = json.loads(outcome.stdout)
    findings = tuple(map(_finding, report["findings"]))
    breaks = _compatibility.reading(report["judgement"], failed=report["broken"]) if report["judgement"] else None
    every = (*findings, *(breaks.findings if breaks else ()))
    deferred = tuple(report["deferred"])
    if outcome.exit_code == _FOUND:
        errors = sum(finding.severity == "error" for finding in findings)
        broken = f"; {breaks.summary}" if breaks and report["broken"] else ""
        return Reading(Status.FAILED, f"{errors} differences or stale files{broken}", every, (), deferred)
    said = f"{report['compared']} operations mean the same, generated files fresh"
    summary = "; ".join([said, *([breaks.summary] if breaks else []), *report["notes"]])
    return Reading(Status.PARTIAL if deferred else Status.PASSED, summary, every, (), deferred)


def _finding(item: dict[str, Any]) -> Finding:
    position = Position(**item["position"]) if item["position"] else None
    return Finding(item["message"], item["rule"], item["severity"], position, item["hint"])
