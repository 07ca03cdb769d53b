"""The tables `[ci]` and `[ci.deploy]`: the CI files that are generated."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from xptasks.settings import Duration, Name, Settings, VariableName

_HOSTED = re.compile(r"(ubuntu|windows|macos)-.*")
_FIELD = r"(\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[0-9]{1,2})?(,[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?)*"
_CRON = re.compile(rf"{_FIELD}( {_FIELD}){{4}}")
_LABEL = r"^[A-Za-z0-9._-]{1,64}$"
_ENVIRONMENT = r"^[A-Za-z0-9._ -]{1,64}$"

Words = tuple[str, ...]
Label = Annotated[str, Field(pattern=_LABEL)]


def _cron(text: str) -> str:
    if text and not _CRON.fullmatch(text):
        raise ValueError("a schedule is five fields of cron in UTC, for example '17 2 * * *', or empty for none")
    return text


def _own_machine(labels: Words) -> Words:
    hosted = [label for label in labels if _HOSTED.fullmatch(label)]
    if hosted:
        raise ValueError(
            f"{hosted[0]!r} is a machine of GitHub's, new for every job: releases, their journal and their supervisor"
            " live on the machine that deploys; name the labels of one of yours"
        )
    return labels


class DeploySettings(Settings):
    """`[ci.deploy]`: canary, observation, promotion and rollback as jobs; without the table there are none."""

    runner: Annotated[
        tuple[Label, ...],
        AfterValidator(_own_machine),
        Field(
            min_length=1,
            description="The labels of the machine that deploys: one of yours, on which releases and journal live.",
            examples=[["self-hosted", "deploy"]],
        ),
    ] = ("self-hosted", "deploy")
    canary: Annotated[
        str,
        Field(pattern=_ENVIRONMENT, description="The environment of canary and observation.", examples=["canary"]),
    ] = "canary"
    production: Annotated[
        str, Field(pattern=_ENVIRONMENT, description="The environment of the promotion.", examples=["production"])
    ] = "production"
    rollback: Annotated[
        str,
        Field(
            pattern=_ENVIRONMENT,
            description="The environment of the way back; one without rules: nothing may make it wait.",
            examples=["rollback"],
        ),
    ] = "rollback"
    variable: Annotated[
        VariableName | None,
        Field(
            description="A variable of the repository: only while it is `true`, anything is deployed. A switch for "
            "people that needs no commit.",
            examples=["XPTASKS_DEPLOY"],
        ),
    ] = None
    oidc: Annotated[
        bool,
        Field(description="Whether the deploying jobs may ask for an OIDC token (`id-token: write`).", examples=[True]),
    ] = False
    secrets: Annotated[
        tuple[VariableName, ...],
        Field(
            description="Secrets of the environments that the deploying jobs get as variables of the same names.",
            examples=[["PROJECTS_TOKEN"]],
        ),
    ] = ()
    build_time: Annotated[
        Duration, Field(description="How long a release may take to be built and started.", examples=["10m"])
    ] = 600.0


class CiSettings(Settings):
    """`[ci]`: the workflows; everything else about them follows from the tiers."""

    runner: Annotated[
        str, Field(pattern=_LABEL, description="The label of the machines that run jobs.", examples=["ubuntu-24.04"])
    ] = "ubuntu-24.04"
    setup: Annotated[
        tuple[Words, ...],
        Field(
            description="Commands that install xptasks, word by word; no shell. Without them what the repository has "
            "is used: `tools/start.py`, hashed requirements that name xptasks, or `uv.lock`.",
            examples=[[["python", "tools/start.py", "nox", "--version"]]],
        ),
    ] = ()
    nox: Annotated[
        Words,
        Field(description="How Nox is called after that.", examples=[["python", "tools/start.py", "nox"]]),
    ] = ()
    inv: Annotated[
        Words,
        Field(description="How Invoke is called after that.", examples=[["python", "tools/start.py", "inv"]]),
    ] = ()
    setup_time: Annotated[
        Duration,
        Field(
            description="What a job may take besides its tier's budget: checkout, Python, packages.", examples=["5m"]
        ),
    ] = 600.0
    schedules: Annotated[
        dict[Name, Annotated[str, AfterValidator(_cron)]],
        Field(
            description="When tiers run by themselves, as cron in UTC; empty for never. The tiers `nightly` and "
            "`weekly` have a schedule unless one is given here.",
            examples=[{"nightly": "17 2 * * *"}],
        ),
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "$comment": "table of texts"}),
    ] = Field(default_factory=dict)
    code_scanning: Annotated[
        bool,
        Field(
            description="Whether findings go to GitHub's code scanning; a private repository needs a licence for it.",
            examples=[True],
        ),
    ] = False
    app: Annotated[
        bool,
        Field(
            description="Whether changes are armed to land by a GitHub App: the variable XPTASKS_APP_ID and the "
            "secret XPTASKS_APP_KEY of the environment `landing`. What GitHub's own token merges starts no workflow "
            "on the trunk, so nothing would be deployed.",
            examples=[True],
        ),
    ] = False
    retention: Annotated[
        int, Field(ge=1, le=90, description="Days for which results of a run are kept.", examples=[14])
    ] = 14
    gitlab: Annotated[bool, Field(description="Whether `.gitlab-ci.yml` is generated too.", examples=[True])] = False
    deploy: Annotated[
        DeploySettings | None, Field(description="Delivery from the trunk; without the table there is none.")
    ] = None
