"""The table `[history]`: where what happened is kept, and for how long."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from xptasks.settings import Duration, Secret, Settings

_YEAR = 365 * 86400.0


def _url(text: str) -> str:
    if text and not Secret.is_reference(text) and not text.startswith("sqlite:///"):
        raise ValueError("a database is named by reference, 'env:NAME' or 'file:PATH', or is 'sqlite:///PATH'")
    return Secret(text) if Secret.is_reference(text) else text


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
