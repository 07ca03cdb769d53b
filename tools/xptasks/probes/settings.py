"""What the tables `[probes.NAME]` of all kinds have in common."""

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from xptasks.settings import Duration, HeaderName, HeaderTable, SecretReference, Settings, Size, UrlPath


def _json(value: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds
    """The value as JSON has it."""
    if isinstance(value, dt.date | dt.time):
        raise ValueError("JSON has neither dates nor times; write it as text")  # noqa: TRY004 - pydantic wants this one
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    return [_json(each) for each in value] if isinstance(value, list | tuple) else value


Json = Annotated[Any, BeforeValidator(_json), WithJsonSchema({"$comment": "any value"})]
"""Any JSON value but null, which TOML does not have."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


def _pointer(text: str) -> str:
    if not re.fullmatch(r"(?:/(?:[^~/]|~[01])*)*", text):
        raise ValueError("a JSON Pointer is empty or begins with '/', for example '/items/0/name'")
    return text


class Auth(Settings):
    """How a probe says who it is."""

    scheme: Annotated[
        Literal["bearer", "basic", "header"],
        Field(description="Bearer token, user and password, or a header of your own.", examples=["bearer"]),
    ]
    token: Annotated[
        SecretReference,
        Field(description="Where the token is; for `basic` it is `user:password`.", examples=["env:PROJECTS_TOKEN"]),
    ]
    header: Annotated[HeaderName, Field(description="The header's name for `header`.", examples=["X-API-Key"])] = (
        "X-API-Key"
    )


class Check(Settings):
    """What has to be true of one value of a JSON document; without a rule it has to exist."""

    pointer: Annotated[
        str, AfterValidator(_pointer), Field(description="A JSON Pointer to the value.", examples=["/status"])
    ]
    equals: Annotated[Json, Field(description="The value.", examples=["ok"])] = None
    matches: Annotated[
        Pattern | None, Field(description="A regular expression for the whole of a text.", examples=[r"2026\..*"])
    ] = None
    min: Annotated[float | None, Field(description="The least number.", examples=[1])] = None
    max: Annotated[float | None, Field(description="The greatest number.", examples=[100])] = None


Checks = Annotated[
    tuple[Check, ...],
    Field(
        description="What has to be true of the JSON body; each has a `pointer` and may have `equals`, `matches`, "
        "`min`, `max`. Without a rule the value has to exist.",
        examples=[[{"pointer": "/status", "equals": "ok"}]],
        json_schema_extra={"$comment": "list of tables"},
    ),
]


class ProbeOptions(Settings):
    """What every `[probes.NAME]` understands."""

    kind: Annotated[str, Field(description="Which kind of probe this is.", examples=["health"])]
    path: Annotated[UrlPath, Field(description="The path, with a query if need be.", examples=["/health"])]
    timeout: Annotated[Duration, Field(description="How long the probe may take in all.", examples=["1s"])] = 5.0
    max_latency: Annotated[
        Duration | None,
        Field(description="The probe fails when all is well but took longer than this.", examples=["250ms"]),
    ] = None
    tls_min_days: Annotated[
        int | None,
        Field(ge=0, description="For how many days the certificate must be valid at least.", examples=[14]),
    ] = None
    auth: Annotated[
        Auth | None,
        Field(
            description="How the probe says who it is: `scheme`, `token`, for `header` its name.",
            examples=[{"scheme": "bearer", "token": "env:PROJECTS_TOKEN"}],
            json_schema_extra={"$comment": "table"},
        ),
    ] = None
    headers: Annotated[
        HeaderTable,
        Field(
            description="Headers to send. A value `env:NAME` or `file:PATH` is where a secret is.",
            examples=[{"X-Probe": "xptasks"}],
        ),
    ] = Field(default_factory=dict)
    max_size: Annotated[
        Size, Field(description="How long a body or a message may be; more is not read.", examples=["1MiB"])
    ] = 2**20


class HttpOptions(ProbeOptions):
    """What probes over HTTP understand."""

    expect: Annotated[int, Field(ge=100, le=599, description="The status that is right.", examples=[200])] = 200
    follow_redirects: Annotated[
        bool, Field(description="Whether the probe goes where a redirect points.", examples=[False])
    ] = False
