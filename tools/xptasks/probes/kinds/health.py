"""The service says that it is well: the status is right, and checks of its JSON body pass."""

from typing import Annotated, Literal

from pydantic import Field

from xptasks.probes.http import ask, check_json
from xptasks.probes.result import Seen
from xptasks.probes.settings import Checks, HttpOptions
from xptasks.probes.target import Target
from xptasks.settings import UrlPath

NEEDS = ("anyio", "httpx")
IMPORTS: tuple[str, ...] = ()
EXAMPLE = """\
kind = "health"
path = "/health"
timeout = "1s"
checks = [{ pointer = "/status", equals = "ok" }]
"""


class Options(HttpOptions):
    """The status is right, and so is what the JSON body says."""

    kind: Annotated[Literal["health"], Field(description="Which kind of probe this is.", examples=["health"])]
    path: Annotated[UrlPath, Field(description="The path, with a query if need be.", examples=["/health"])] = "/health"
    checks: Checks = ()


async def look(options: Options, target: Target) -> Seen:
    """Ask once."""
    answer = await ask(options, target)
    check_json(answer, options.checks)
    return answer.seen
