"""The table `[contracts]`: which documents describe the service, and what may change in them."""

import datetime as dt
import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from xptasks.settings import Duration, ProjectPaths, Settings, Size


def _rule(name: str) -> str:
    from xptasks.contracts.compat.rules import RULES  # noqa: PLC0415 - only who allows something pays for them

    if name in RULES:
        return name
    close = difflib.get_close_matches(name, RULES, n=1)
    meant = f"did you mean '{close[0]}'?" if close else "`inv contract-rules` lists them"
    raise ValueError(f"there is no rule {name[:100]!r}; {meant}")


class AllowedBreak(Settings):
    """`[[contracts.allow]]`: a break that is meant, for a time."""

    rule: Annotated[str, AfterValidator(_rule), Field(description="The rule.", examples=["response-type-changed"])]
    at: Annotated[
        str,
        Field(
            min_length=1,
            description="A place of the change as the report shows it; a `*` at its end stands for whatever follows.",
            examples=["GET /api/projects 200 /items/owner"],
        ),
    ]
    reason: Annotated[
        str,
        Field(min_length=1, description="Why nobody is hurt; the report repeats it.", examples=["unused since March"]),
    ]
    expires: Annotated[
        dt.date,
        Field(description="The last day on which this is allowed.", examples=["2027-01-31"]),
    ]


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise ValueError("must name at least one")
    return values


def _several(value: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds; the type behind it judges
    return (value,) if isinstance(value, str) else value


_TEXT = {"type": "string", "minLength": 1}
_DAYS = {"ge": 0, "le": 3650}


class ContractsSettings(Settings):
    """`[contracts]`: the documents that are the source of truth for the service and its clients."""

    openapi: Annotated[
        ProjectPaths,
        Field(description="The OpenAPI documents (3.0 or 3.1, YAML or JSON).", examples=["contracts/openapi.yaml"]),
    ] = ()
    asyncapi: Annotated[
        ProjectPaths,
        Field(description="The AsyncAPI documents (2.6 or 3.x, YAML or JSON).", examples=["contracts/asyncapi.yaml"]),
    ] = ()
    served: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)?$",
            description="The ASGI application that the documents describe, as uvicorn is told.",
            examples=["app.main:app"],
        ),
    ] = ""
    profiles: Annotated[
        tuple[Literal["wire", "client", "source"], ...],
        AfterValidator(_some),
        Field(
            description="Whose breaks count: `wire` is JSON on the wire, `client` adds strict decoders and exhaustive "
            "enums and unions, `source` the names in generated code.",
            examples=[["wire", "client"]],
        ),
    ] = ("wire", "client")
    baseline: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(_several),
        AfterValidator(_some),
        Field(
            description="What the contracts are compared with, one or several: `merge-base`, a revision of git, a "
            "file, `REVISION:PATH`, or `deployed`: every release that serves, is warm or is being deployed here.",
            examples=[["merge-base", "v1.4.0"]],
        ),
        WithJsonSchema(
            {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}], "$comment": "text or list of texts"}
        ),
    ] = ("merge-base",)
    version_policy: Annotated[
        Literal["none", "semver"],
        Field(
            description="`semver`: `info.version` has to move as far as the changes demand, a major number for a "
            "break, a minor one for whatever else clients can see.",
            examples=["semver"],
        ),
    ] = "none"
    deprecation_days_stable: Annotated[
        int,
        Field(
            description="Days of notice that something stable needs: whoever deprecates it names an `x-sunset` that "
            "many days ahead. 0 asks for none.",
            examples=[180],
            **_DAYS,
        ),
    ] = 0
    deprecation_days_beta: Annotated[
        int, Field(description="The same for what `x-stability-level` calls beta.", examples=[30], **_DAYS)
    ] = 0
    allow: Annotated[
        tuple[AllowedBreak, ...],
        Field(
            description="Breaks that are meant. An entry that has expired, or that nothing needs, fails the "
            "comparison.",
        ),
    ] = ()
    oasdiff_ignore: Annotated[
        ProjectPaths,
        Field(description="Ignore files of oasdiff that still count.", examples=["oasdiff-err-ignore.txt"]),
    ] = ()
    timeout: Annotated[Duration, Field(description="How long the check of one document may take.", examples=["8s"])] = (
        8.0
    )
    memory: Annotated[
        Size, Field(description="How much memory the process that checks them may use.", examples=["1GiB"])
    ] = 2**30
