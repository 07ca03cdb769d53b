"""The root of `xpconfig.toml`: every capability's part, put together."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny

from xptasks.ci.settings import CiSettings
from xptasks.contracts.generate.settings import GenerateSettings
from xptasks.contracts.settings import ContractsSettings
from xptasks.delivery.settings import DeploySettings
from xptasks.history.settings import HistorySettings
from xptasks.landing.settings import LandingSettings
from xptasks.probes.alerts import AlertSettings
from xptasks.probes.policy import ProbePolicySettings
from xptasks.probes.settings import ProbeOptions
from xptasks.quality.settings import RatchetName, RatchetSettings, SprintSettings
from xptasks.service.settings import ServiceSettings
from xptasks.settings import Name, ProjectName, ProjectPaths, PythonVersion, Settings, VariableName
from xptasks.tiers.settings import StepOptions, TierSettings


class ProjectSettings(Settings):
    """`[project]`: what the project is called and where its code is."""

    name: Annotated[
        ProjectName,
        Field(description="The project's name; files about its deployments are kept under it.", examples=["projects"]),
    ]
    sources: Annotated[
        ProjectPaths,
        Field(min_length=1, description="The folders (or one folder) with the code.", examples=[["app", "tools"]]),
    ] = ("src",)
    tests: Annotated[
        ProjectPaths, Field(min_length=1, description="The folders (or one folder) with the tests.", examples=["tests"])
    ] = ("tests",)
    python: Annotated[
        tuple[PythonVersion, ...],
        Field(description="The Python versions that CI checks.", examples=[["3.11", "3.12", "3.13"]]),
    ] = ()
    env: Annotated[
        tuple[VariableName, ...],
        Field(
            description="Environment variables that every step may see, and that count for the cache. "
            "What is named neither here nor at the step is not passed on.",
            examples=[["DATABASE_URL"]],
        ),
    ] = ()
    env_file: Annotated[
        str,
        Field(
            pattern=r"^([\w.-]+/)*([\w.-]+)?$",
            description="A file with a variable a line, `NAME=value`, for tests and checks: every step sees them, "
            "unless they are named in `env` and set. Secrets do not belong into it.",
            examples=[".xptasks/test.env"],
        ),
    ] = ""
    sprint: Annotated[
        SprintSettings | None, Field(description="When sprints begin, for ratchets that move once a sprint.")
    ] = None


class Config(Settings):
    """What `xpconfig.toml` says. `profiles` holds raw tables: the chosen one is already merged into the rest."""

    version: Annotated[Literal[1], Field(description="The version of this file's format.", examples=[1])]
    project: Annotated[ProjectSettings, Field(description="What the project is called and where its code is.")]
    contracts: Annotated[
        ContractsSettings, Field(description="The documents that describe the service and its events.")
    ] = ContractsSettings()
    generate: Annotated[GenerateSettings, Field(description="The files that are generated from the contracts.")] = (
        GenerateSettings()
    )
    service: Annotated[
        ServiceSettings, Field(description="How the project's service is started for tests and probes.")
    ] = ServiceSettings()
    deploy: Annotated[DeploySettings, Field(description="Where releases run, and how a new one takes over.")] = (
        DeploySettings()
    )
    probes: dict[Name, SerializeAsAny[ProbeOptions]] = Field(
        default_factory=dict,
        description="What is looked at in a running service, by name; `kind` says how. The step `smoke` and "
        "`inv probe` let every probe look once.",
    )
    probe_policy: Annotated[ProbePolicySettings, Field(description="When a watcher looks, alerts and rolls back.")] = (
        ProbePolicySettings()
    )
    alerts: Annotated[AlertSettings, Field(description="Who is told when something is wrong.")] = AlertSettings()
    tiers: dict[Name, TierSettings] = Field(
        default_factory=dict,
        description="Test tiers by name; each is the Nox session of that name, with an environment of its own.",
    )
    steps: dict[Name, SerializeAsAny[StepOptions]] = Field(
        default_factory=dict, description="Options of built-in steps, and commands of your own, by name."
    )
    ratchets: dict[RatchetName, RatchetSettings] = Field(
        default_factory=dict,
        description="Measurements that can only get better, by name. The floors are in `generated/ratchets.toml`.",
    )
    landing: Annotated[
        LandingSettings, Field(description="How a change gets to the trunk without a human, and what stops it.")
    ] = LandingSettings()
    history: Annotated[HistorySettings, Field(description="Where what happened is kept, and for how long.")] = (
        HistorySettings()
    )
    ci: Annotated[CiSettings, Field(description="The CI files that are generated.")] = CiSettings()
    profiles: dict[Name, dict[str, Any]] = Field(
        default_factory=dict,
        description="Each profile overrides any other key: tables are merged, all else is replaced. Chosen by "
        "`--profile`, else by `XPTASKS_PROFILE`, else `ci` is taken where the variable `CI` is set.",
    )
