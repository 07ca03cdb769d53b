"""The service keeps its AsyncAPI contract: messages made from it, right and wrong, over a real websocket."""

import json
from typing import Annotated

from pydantic import Field

from xptasks.results import Command, Measurement, Outcome, Reading, Status, StepContext
from xptasks.settings import Duration
from xptasks.steps import _contract_tests

NEEDS = ("websockets",)
CHILD = "xptasks.steps._converse"
_FOUND = 1
_SAID = 500


class Options(_contract_tests.ClientOptions):
    """`[steps.websocket]`: the service is started by `[service]` and spoken to as its clients do."""

    subprotocols: Annotated[
        tuple[str, ...],
        Field(
            description="What the client offers; those of the contract's `x-subprotocols` without it. `{NAME}` is a "
            "variable of `[service] environment`.",
            examples=[["v1", "bearer.{API_TOKEN}"]],
        ),
    ] = ()
    refusals: Annotated[
        tuple[str, ...],
        Field(description="The contract's messages that refuse a wrong message.", examples=[["error"]]),
    ] = ("error",)
    reply_timeout: Annotated[Duration, Field(description="How long an answer may take.", examples=["2s"])] = 2.0
    max_time: Annotated[Duration, Field(description="How long messages are sent, at most.", examples=["60s"])] = 60.0


def command(options: Options, context: StepContext) -> Command:
    """The child over every AsyncAPI document."""
    contracts, service = context.slices["contracts"], context.slices["service"]
    order = {
        "asyncapi": contracts.asyncapi,
        "service": service.model_dump(),
        "headers": options.headers,
        "subprotocols": options.subprotocols,
        "refusals": options.refusals,
        "reply_timeout": options.reply_timeout,
        "max_time": options.max_time,
        "rerun": context.rerun,
        "words": context.extra,
    }
    argv = (context.python, "-m", CHILD, json.dumps(order))
    return Command(argv, passes=_contract_tests.secrets(options, service), distributions=NEEDS)


def read(_options: Options, outcome: Outcome) -> Reading:
    """One finding a fault; messages that time did not suffice for make the step partial."""
    if outcome.exit_code not in {0, _FOUND}:
        said = (outcome.stderr or outcome.stdout).strip()[-_SAID:]
        return Reading(Status.ERROR, summary=said or f"the conversation ended with exit code {outcome.exit_code}")
    report = _contract_tests.report_in(outcome.stdout)
    findings = tuple(_contract_tests.finding(item) for item in report["findings"])
    done = f"{report['right']} right and {report['wrong']} wrong messages on {report['channels']} channels"
    measurements = (Measurement("websocket_messages", report["right"] + report["wrong"]),)
    if outcome.exit_code == _FOUND:
        return Reading(Status.FAILED, f"{len(findings)} faults: {done}", findings, measurements)
    deferred = tuple(report["untested"])
    return Reading(Status.PARTIAL if deferred else Status.PASSED, done, findings, measurements, deferred)
