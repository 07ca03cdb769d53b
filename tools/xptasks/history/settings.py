"""The table `[history]`: where what happened is kept, and for how long."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from xptasks.settings import Duration, Secret, Settings

_YEAR = 365 * 86400.0


def _url(text: str) -> str:
    if text and not Secret.is_reference(text) and not text.startswith("sqlite:///"):
        raise ValueError("a database is named by reference, 'env:NAME' or 'file:PATH', or is 'sqlite:///PATH'")
    return Secret(text) if Secret.is_reference(text) else text


class TargetSettings(Settings):
    """`[history.targets]`: what `inv metrics` holds its figures against, and `inv metrics --check` fails for."""

    alone: Annotated[
        Duration,
        Field(gt=0, description="At least so long from one intervention of a human to the next.", examples=["8h"]),
    ] = 8 * 3600.0
    review: Annotated[
        float,
        Field(
            gt=0, le=100, description="Less than so many percent of the changes need a human's review.", examples=[5]
        ),
    ] = 5.0
    commit_to_canary: Annotated[
        Duration, Field(gt=0, description="Half of the changes reach a canary in less.", examples=["2m"])
    ] = 120.0
    bad_release: Annotated[
        Duration,
        Field(gt=0, description="Half of the bad releases are found out and have no traffic in less.", examples=["5m"]),
    ] = 300.0
    uptime: Annotated[
        float, Field(gt=0, lt=100, description="At least so many percent of the watched time up.", examples=[99.9])
    ] = 99.9


class HistorySettings(Settings):
    """`[history]`: the database of events; without it a SQLite file that all worktrees of a clone share."""

    url: Annotated[
        str,
        AfterValidator(_url),
        Field(
            description="The database, as SQLAlchemy writes it, by reference: a URL may hold a password. Empty for a "
            "SQLite file in git's common folder, which all worktrees of the clone share.",
            examples=["env:XPTASKS_HISTORY_URL"],
        ),
        WithJsonSchema({"type": "string", "pattern": "^$|^(env|file):.+$|^sqlite:///.+$", "$comment": "database"}),
    ] = ""
    retention: Annotated[
        Duration,
        Field(description="How long events are kept.", examples=["365d"]),
    ] = 2 * _YEAR
    targets: Annotated[TargetSettings, Field(description="What the figures are held against.")] = TargetSettings()
