"""An operation of the API: status, headers, body; the answer is what the OpenAPI contract describes."""

import json
import re
from typing import Annotated, Literal

from pydantic import Field

from xptasks.probes.http import Answer, ask, check_json
from xptasks.probes.result import ProbeError, Seen, Trouble
from xptasks.probes.settings import Checks, HttpOptions, Json, Pattern
from xptasks.probes.target import Target
from xptasks.settings import HeaderName

NEEDS = ("anyio", "httpx")
IMPORTS: tuple[str, ...] = ()
EXAMPLE = """\
kind = "api"
path = "/api/projects?limit=1"
auth = { scheme = "bearer", token = "env:PROJECTS_TOKEN" }
checks = [{ pointer = "/items" }]
"""


class Options(HttpOptions):
    """One request, whose answer the OpenAPI contract describes."""

    kind: Annotated[Literal["api"], Field(description="Which kind of probe this is.", examples=["api"])]
    method: Annotated[
        Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
        Field(description="The method. A probe runs often: what it changes, it changes often.", examples=["GET"]),
    ] = "GET"
    body: Annotated[Json, Field(description="What to send as JSON.", examples=[{"name": "Apollo"}])] = None
    expect_headers: Annotated[
        dict[HeaderName, Pattern],
        Field(
            description="Headers that the answer must have, each with a regular expression for the whole value.",
            examples=[{"Cache-Control": "no-store.*"}],
            json_schema_extra={"$comment": "table of texts"},
        ),
    ] = Field(default_factory=dict)
    checks: Checks = ()
    contract: Annotated[
        bool, Field(description="Whether the answer is held against `[contracts] openapi`.", examples=[True])
    ] = True


async def look(options: Options, target: Target) -> Seen:
    """Ask once."""
    body = None if options.body is None else json.dumps(options.body).encode()
    sent = {} if body is None else {"Content-Type": "application/json"}
    answer = await ask(options, target, method=options.method, body=body, headers=sent)
    if options.contract:
        _check_contract(options.method, answer, target)
    _check_headers(answer, options.expect_headers)
    check_json(answer, options.checks)
    return answer.seen


def _check_contract(method: str, answer: Answer, target: Target) -> None:
    from xptasks.contracts.conform import Exchange  # noqa: PLC0415 - only for probes that ask for it

    target.contracts.check(Exchange(method, answer.path, answer.status, answer.headers, answer.body))


def _check_headers(answer: Answer, wanted: dict[str, str]) -> None:
    for name, pattern in wanted.items():
        value = answer.headers.get(name.lower())
        if value is None or not re.fullmatch(pattern, value):
            raise ProbeError(Trouble.ASSERTION, f"header {name}: expected {pattern}, got {value or 'none'}")
