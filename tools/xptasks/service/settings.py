"""The table `[service]`: how the project's service is started for tests, probes and drills."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from xptasks.settings import Duration, Settings, UrlPath, VariableTable, resolved

PORT = "{port}"


class ServiceSettings(Settings):
    """`[service]`: how the project's service is started on a free port of this machine."""

    command: Annotated[
        tuple[str, ...],
        Field(
            description="The command, word by word; no shell. `{port}` becomes the port to listen on, at 127.0.0.1; "
            "`python` is the interpreter of the tier's environment.",
            examples=[["python", "-m", "app", "--port", "{port}"]],
        ),
    ] = ()
    health: Annotated[
        UrlPath, Field(description="The service is ready when this path answers with 2xx.", examples=["/health"])
    ] = "/health"
    environment: Annotated[
        VariableTable,
        Field(
            description="Environment variables of the service, beside those of the caller. A value `env:NAME` or "
            "`file:PATH` is where a secret is; any other is the value itself.",
            examples=[{"PROJECTS_TOKEN": "only-for-tests", "DATABASE_URL": "env:TEST_DATABASE_URL"}],
        ),
    ] = Field(default_factory=dict)
    start_timeout: Annotated[
        Duration, Field(description="How long the service may take until it is ready.", examples=["20s"])
    ] = 20.0
    stop_timeout: Annotated[
        Duration, Field(description="How long it may take to end after SIGTERM; then it is killed.", examples=["5s"])
    ] = 5.0

    def variables(self, environ: Mapping[str, str], project: Path) -> dict[str, str]:
        """`environment` with every secret in place of its reference.

        Raises:
            CannotRunError: a secret is not there.
        """
        return resolved(self.environment, environ, project)
