"""The tables `[tiers.NAME]` and what every `[steps.NAME]` has in common."""

from typing import Annotated, Literal

from pydantic import Field

from xptasks.settings import Duration, ProjectPath, PythonVersion, Settings, VariableName

Runner = Literal["inside", "outside"]
Install = Literal["editable", "dependencies", "none"]


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
    runner: Annotated[
        Runner,
        Field(
            description="Where xptasks itself runs: `inside` the tier's environment, or `outside`, where Nox runs. "
            "Outside, nothing of xptasks is installed beside the project, whatever versions it pins.",
            examples=["outside"],
        ),
    ] = "inside"
    python: Annotated[
        PythonVersion | None,
        Field(description="The Python of the tier's environment; that of Nox without it.", examples=["3.12"]),
    ] = None
    install: Annotated[
        Install,
        Field(
            description="How the project gets into the environment: `editable`, only its `dependencies`, or not.",
            examples=["dependencies"],
        ),
    ] = "editable"
    extras: Annotated[
        tuple[str, ...], Field(description="Extras of the project that are installed.", examples=[["standard"]])
    ] = ()
    groups: Annotated[
        tuple[str, ...],
        Field(
            description="Dependency groups that are installed: of PEP 735, Poetry or PDM by their names, "
            "`hatch:NAME`, `tox:NAME`, `pipenv:packages`.",
            examples=[["dev"]],
        ),
    ] = ()
    packages: Annotated[
        tuple[str, ...],
        Field(description="Further requirements of the environment.", examples=[["pytest-asyncio>=0.24"]]),
    ] = ()
    lock: Annotated[
        str,
        Field(
            pattern=r"^([\w.-]+/)*([\w.-]+)?$",
            description="A lock file whose pins hold for all that is installed: `uv.lock`, `poetry.lock`, `pdm.lock`, "
            "`pylock.toml` or `Pipfile.lock`, here or in a folder above.",
            examples=["uv.lock"],
        ),
    ] = ""
    unlocked: Annotated[
        tuple[str, ...],
        Field(
            description="Distributions whose pins in the lock file do not hold here, for example because they have no "
            "wheel for this Python.",
            examples=[["greenlet"]],
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
