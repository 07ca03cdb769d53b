"""The service starts, and every probe that looks at it once sees what it should; then it stops."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from xptasks.probes import once
from xptasks.probes.settings import ProbeOptions
from xptasks.results import Command, Finding, Measurement, Outcome, Position, Reading, Status, StepContext
from xptasks.service.settings import ServiceSettings
from xptasks.settings import Secret
from xptasks.tiers.settings import StepOptions

NEEDS = ("anyio", "httpx")
OURS = True
_FOUND = 1
_SETUP = "setup"
_MARGIN = 20.0  # seconds for interpreters to start and contracts to load


class Options(StepOptions):
    """`[steps.smoke]`: what `inv probe` does, with the service of `[service]` and the probes of `[probes.NAME]`."""


def command(_options: Options, context: StepContext) -> Command:
    """All probes in one process, which starts the service and ends it."""
    service, probes = context.slices["service"], context.slices["probes"]
    wanted = {name: probes[name] for name in context.extra if name in probes} or probes
    slowest = max((probe.timeout for probe in probes.values()), default=0.0)
    return Command(
        (
            context.own,
            "-m",
            "xptasks.probes.once",
            "--json",
            once.request(service, context.slices["contracts"], wanted),
        ),
        passes=tuple(sorted(_variables(service, probes))),
        distributions=NEEDS,
        timeout=service.start_timeout + slowest + service.stop_timeout + _MARGIN,
    )


def _variables(service: ServiceSettings, probes: Mapping[str, ProbeOptions]) -> set[str]:
    """The environment variables that hold secrets, but for those that the service's table sets itself."""
    return {secret.removeprefix("env:") for secret in _secrets(service, probes) if secret.startswith("env:")} - {
        name for name, value in service.environment.items() if not isinstance(value, Secret)
    }


def _secrets(service: ServiceSettings, probes: Mapping[str, ProbeOptions]) -> Iterator[Secret]:
    tables = [service.environment, *(probe.headers for probe in probes.values())]
    yield from (value for table in tables for value in table.values() if isinstance(value, Secret))
    yield from (probe.auth.token for probe in probes.values() if probe.auth)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a failed probe, one measurement a probe; a service that does not start is an error."""
    if outcome.exit_code not in {0, _FOUND} or not outcome.stdout:
        said = (outcome.stderr or outcome.stdout).strip()
        summary = said.splitlines()[0] if said else f"the probes ended with exit code {outcome.exit_code}"
        return Reading(Status.ERROR, summary=summary[:500], findings=(Finding(said, rule="smoke"),) if said else ())
    rows = json.loads(outcome.stdout)["probes"]
    failed = [row for row in rows if not row["ok"]]
    measured = tuple(Measurement(f"probe_{row['name']}_latency", row["latency"], "s") for row in rows if row["ok"])
    if not failed:
        return Reading(Status.PASSED, summary=f"{len(rows)} probes passed", measurements=measured)
    status = Status.ERROR if all(row["trouble"] == _SETUP for row in failed) else Status.FAILED
    summary = f"{len(failed)} of {len(rows)} probes failed: {', '.join(row['name'] for row in failed)}"
    return Reading(status, summary=summary, findings=tuple(map(_finding, failed)), measurements=measured)


def _finding(row: dict[str, Any]) -> Finding:
    """At the line of the contract that was broken, else at the probe's table."""
    at = row["evidence"] or row["place"]
    return Finding(
        f"{row['name']}: {row['trouble']}: {row['detail']}",
        rule=f"probe-{row['trouble']}",
        position=Position(**at) if at else None,
        hint=f"look again: `inv probe --name {row['name']}`; the service's log: {once.LOG}",
    )
