"""The table `[landing]`: how a change gets to the trunk without a human, and what stops it."""

from typing import Annotated, Literal

from pydantic import Field

from xptasks.settings import Duration, Name, SecretReference, Settings

Forge = Literal["local", "github"]


class BreakerSettings(Settings):
    """`[landing.breaker]`: when the loop stops by itself and asks a human (exit code 6)."""

    equal_failures: Annotated[
        int,
        Field(ge=1, description="So many rejections in a row for the same reason open the breaker.", examples=[3]),
    ] = 3
    deploys_per_hour: Annotated[
        int, Field(ge=1, description="More deployments than this within an hour open it.", examples=[6])
    ] = 12
    rollbacks_per_day: Annotated[
        int, Field(ge=1, description="So many rollbacks within a day open it.", examples=[3])
    ] = 3


class AfterSettings(Settings):
    """`[landing.after]`: what follows a landing."""

    tighten: Annotated[bool, Field(description="Whether ratchets move after a landing.", examples=[True])] = True
    deploy: Annotated[
        Literal["none", "canary", "blue-green"],
        Field(description="How what has landed is deployed.", examples=["canary"]),
    ] = "none"
    revert: Annotated[
        bool,
        Field(description="Whether a change that was rolled back is reverted on the trunk.", examples=[True]),
    ] = False


class GithubSettings(Settings):
    """`[landing.github]`: the repository on GitHub, and how it is spoken to."""

    repository: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)?$",
            description="The repository; read from the remote's address when empty.",
            examples=["example/projects"],
        ),
    ] = ""
    token: Annotated[
        SecretReference | None,
        Field(
            description="A token that may write contents, pull requests and statuses; `env:GITHUB_TOKEN` without it.",
            examples=["env:XPTASKS_GITHUB_TOKEN"],
        ),
    ] = None
    api: Annotated[
        str,
        Field(
            pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
            description="The address of the API; another one for GitHub Enterprise Server.",
            examples=["https://api.github.com"],
        ),
    ] = "https://api.github.com"
    check: Annotated[
        str,
        Field(
            min_length=1,
            description="The check that guards the trunk, the workflow's job that waits for all others: without a rule "
            "that requires it nothing is armed.",
            examples=["gate"],
        ),
    ] = "gate"
    agents: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of the logins under which agents act; a bot is a machine, anybody else a human.",
            examples=[["coder-*"]],
        ),
    ] = ()
    failure_label: Annotated[
        str,
        Field(min_length=1, description="The label of the issues about failing nights.", examples=["nightly-failure"]),
    ] = "nightly-failure"
    timeout: Annotated[Duration, Field(description="How long GitHub may take for one answer.", examples=["20s"])] = 20.0
    patience: Annotated[
        Duration,
        Field(
            description="How long a command waits in all for rate limits and for a GitHub that is out of order.",
            examples=["2m"],
        ),
    ] = 120.0


class LandingSettings(Settings):
    """`[landing]`: the rules count as the merge base has them, so that no change loosens its own gate."""

    forge: Annotated[
        Forge,
        Field(
            description="`local`: a bare remote and a queue of our own are enough; `github`: pull requests that merge "
            "themselves.",
            examples=["local"],
        ),
    ] = "local"
    remote: Annotated[str, Field(min_length=1, description="The git remote.", examples=["origin"])] = "origin"
    trunk: Annotated[
        str, Field(min_length=1, description="The branch that everything lands on.", examples=["main"])
    ] = "main"
    tier: Annotated[Name, Field(description="The tier that a change has to pass.", examples=["pr"])] = "pr"
    max_lines: Annotated[
        int,
        Field(ge=1, description="A change of fewer added and deleted lines lands by itself.", examples=[300]),
    ] = 300
    label: Annotated[
        str,
        Field(min_length=1, description="The label that lets a pull request land by itself.", examples=["auto-merge"]),
    ] = "auto-merge"
    hold_labels: Annotated[
        tuple[str, ...],
        Field(description="Labels that keep a change from landing.", examples=[["do-not-merge"]]),
    ] = ("do-not-merge", "hold")
    method: Annotated[
        Literal["squash", "merge"],
        Field(
            description="`squash` lands a change as one commit, `merge` keeps its commits behind a merge commit.",
            examples=["squash"],
        ),
    ] = "squash"
    batch: Annotated[
        int, Field(ge=1, le=256, description="How many changes are tested together at most.", examples=[16])
    ] = 16
    authors: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of the e-mail addresses whose changes land by themselves; empty for everybody's.",
            examples=[["*@example.com"]],
        ),
    ] = ()
    agents: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of the e-mail addresses under which agents commit; any other commit is a human's.",
            examples=[["*[[]bot]@users.noreply.github.com", "agent@example.com"]],
        ),
    ] = ()
    approvers: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of the e-mail addresses of those who may approve what does not land by itself.",
            examples=[["ann@example.com"]],
        ),
    ] = ()
    protected: Annotated[
        tuple[str, ...],
        Field(
            description="Globs of files that only land with an approval, besides those that decide about the gate.",
            examples=[["app/billing/**"]],
        ),
    ] = ()
    waivers: Annotated[
        tuple[Literal["size", "test_first"], ...],
        Field(
            description="Which gates a trailer with a reason may pass by itself; any other waiver needs an approval.",
            examples=[["size"]],
        ),
    ] = ()
    checks: Annotated[
        tuple[str, ...],
        Field(
            description="Steps that must have passed, besides all that the tier has at the merge base.",
            examples=[["contract_tests"]],
        ),
    ] = ()
    poll: Annotated[Duration, Field(description="How often the queue looks for changes.", examples=["2s"])] = 2.0
    patience: Annotated[
        Duration,
        Field(description="How long a gate may take before it is stopped, beyond the tier's budget.", examples=["5m"]),
    ] = 600.0
    after: Annotated[AfterSettings, Field(description="What follows a landing.")] = AfterSettings()
    breaker: Annotated[BreakerSettings, Field(description="When the loop stops and asks a human.")] = BreakerSettings()
    github: Annotated[GithubSettings, Field(description="The repository on GitHub.")] = GithubSettings()
