"""The table `[ci]`: the CI files that are generated."""

from typing import Annotated

from pydantic import Field

from xptasks.settings import Settings


class CiSettings(Settings):
    """`[ci]`: the workflows; everything else about them follows from the tiers."""

    runner: Annotated[
        str, Field(min_length=1, description="The label of the machines that run jobs.", examples=["ubuntu-24.04"])
    ] = "ubuntu-24.04"
