"""What `contract_tests` and `contract_fuzz` share: their options, how the child is called, how its report is read."""

import json
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from xptasks.results import Command, Finding, Measurement, Outcome, Position, Reading, Status, StepContext
from xptasks.settings import Duration, Secret
from xptasks.tiers.settings import StepOptions

NEEDS = ("schemathesis",)
CHILD = "xptasks.steps._exercise"
_FOUND = 1
_SAID = 500


class ClientOptions(StepOptions):
    """What every step understands that talks to the service as a client."""

    headers: Annotated[
        dict[str, str],
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "$comment": "table of texts"}),
        Field(
            description="Headers of every request. A value `env:NAME` or `file:PATH` is where a secret is; `{NAME}` is "
            "the variable of that name in `[service] environment`.",
            examples=[{"Authorization": "Bearer {API_TOKEN}"}],
        ),
    ] = Field(default_factory=dict)


class ContractTestOptions(ClientOptions):
    """What `contract_tests` and `contract_fuzz` understand."""

    max_time: Annotated[
        Duration, Field(description="How long requests are sent, at most; whole seconds.", examples=["60s"])
    ] = 60.0
    opaque: Annotated[
        tuple[str, ...],
        Field(
            description="Parameters whose values only the service can make, as cursors: one that merely looks right "
            "may be refused.",
            examples=[["cursor"]],
        ),
    ] = ()
    exclude_checks: Annotated[
        tuple[str, ...],
        Field(description="Checks of Schemathesis that are left out.", examples=[["ignored_auth"]]),
    ] = ()


def command(options: ContractTestOptions, context: StepContext, phases: tuple[str, ...], seed: int | None) -> Command:
    """The child over every OpenAPI document; `seed` None means another one in each run."""
    contracts, service = context.slices["contracts"], context.slices["service"]
    order = {
        "openapi": contracts.openapi,
        "served": contracts.served,
        "service": service.model_dump(),
        "headers": options.headers,
        "phases": phases,
        "seed": seed,
        "max_time": max(1, round(options.max_time)),
        "opaque": options.opaque,
        "exclude_checks": options.exclude_checks,
        "rerun": context.rerun,
        "words": context.extra,
    }
    argv = (context.python, "-m", CHILD, json.dumps(order))
    env = {"PYTHONHASHSEED": "0"}
    return Command(argv, env=env, passes=secrets(options, service), distributions=NEEDS, cacheable=seed is not None)


def secrets(options: ClientOptions, service: Any) -> tuple[str, ...]:  # noqa: ANN401 - `[service]`
    """The variables that hold the secrets which the child looks up."""
    values = (*options.headers.values(), *service.environment.values())
    return tuple(value.removeprefix("env:") for value in values if Secret.is_reference(value) and value[:4] == "env:")


def read(outcome: Outcome) -> Reading:
    """One finding a fault; operations that time did not suffice for make the step partial."""
    if outcome.exit_code not in {0, _FOUND}:
        said = (outcome.stderr or outcome.stdout).strip()[-_SAID:]
        return Reading(Status.ERROR, summary=said or f"the contract tests ended with exit code {outcome.exit_code}")
    report = report_in(outcome.stdout)
    findings = tuple(finding(item) for item in report["findings"])
    deferred = tuple(report["untested"])
    done = f"{report['requests']} requests to {report['operations']} operations, seed {report['seed']}"
    measurements = (Measurement("contract_test_requests", report["requests"]),)
    if outcome.exit_code == _FOUND:
        return Reading(Status.FAILED, f"{len(findings)} faults in {done}", findings, measurements)
    status = Status.PARTIAL if deferred else Status.PASSED
    return Reading(status, done, findings, measurements, deferred)


def report_in(stdout: str) -> dict[str, Any]:
    """The child's report; the service's own output may stand around it."""
    line = next(line for line in reversed(stdout.splitlines()) if line.startswith('{"findings"'))
    report: dict[str, Any] = json.loads(line)
    return report


def finding(item: dict[str, Any]) -> Finding:
    """A finding of the child."""
    position = Position(item["file"], item["line"], item["column"])
    return Finding(item["message"], item["rule"], "error", position, item["hint"])
