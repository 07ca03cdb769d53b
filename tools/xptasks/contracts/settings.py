"""The table `[contracts]`: which documents describe the service."""

from typing import Annotated

from pydantic import Field

from xptasks.settings import Duration, ProjectPaths, Settings, Size


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
    timeout: Annotated[Duration, Field(description="How long the check of one document may take.", examples=["8s"])] = (
        8.0
    )
    memory: Annotated[
        Size, Field(description="How much memory the process that checks them may use.", examples=["1GiB"])
    ] = 2**30
