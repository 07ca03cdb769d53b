"""The tables `[tiers.NAME]` and what every `[steps.NAME]` has in common."""

from typing import Annotated

from pydantic import Field

from xptasks.settings import Duration, ProjectPath, Settings, VariableName


class TierSettings(Settings):
    """`[tiers.NAME]`: one Nox session with an environment of its own."""

    description: Annotated[
        str,
        Field(description="One line for `nox -l`; made from the steps when empty.", examples=["before every commit"]),
    ] = ""
    budget: Annotated[
        Duration,
        Field(description="How long the tier may take. What runs out of budget is reported as such.", examples=["60s"]),
    ] = 300.0
    includes: Annotated[tuple[str, ...], Field(description="Tiers whose steps run here too.", examples=[["fast"]])] = ()
    steps: Annotated[
        tuple[str, ...],
        Field(description="What runs, by name: built-in steps or tables `[steps.NAME]`.", examples=[["lint", "unit"]]),
    ] = ()
    requirements: Annotated[
        tuple[ProjectPath, ...],
        Field(
            description="Pinned requirements files of this tier's environment; `requirements/NAME.txt` when it exists.",
            examples=[["requirements/fast.txt"]],
        ),
    ] = ()
    allow_partial: Annotated[
        bool,
        Field(
            description="Whether a run that had to defer tests, or lacked a tool, is good enough; it says `partial`.",
            examples=[True],
        ),
    ] = False
    jobs: Annotated[int, Field(ge=1, le=256, description="How many steps may run at the same time.", examples=[8])] = 8


class StepOptions(Settings):
    """What every `[steps.NAME]` understands."""

    timeout: Annotated[
        Duration | None,
        Field(description="The step is stopped after this long. Without it only the budget counts.", examples=["2m"]),
    ] = None
    idle_timeout: Annotated[
        Duration | None,
        Field(description="The step is stopped when it prints nothing for this long.", examples=["45s"]),
    ] = None
    env: Annotated[
        tuple[VariableName, ...],
        Field(
            description="Environment variables that the step may see and the cache counts; others are stripped.",
            examples=[["DATABASE_URL"]],
        ),
    ] = ()
    cache: Annotated[
        bool, Field(description="False for a step that looks at the network, the clock or chance.", examples=[True])
    ] = True
