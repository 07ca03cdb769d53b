"""Brings a database to the schema that this version knows; alembic is loaded only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from xptasks.errors import CannotRunError
from xptasks.history.schema import HEAD, VERSIONS

_SCRIPTS = Path(__file__).parent / "migrations"


def version(connection: Connection) -> str:
    """The schema of a database; empty when there is none."""
    if not inspect(connection).has_table(VERSIONS):
        return ""
    return str(connection.scalar(text(f"SELECT version_num FROM {VERSIONS}")) or "")  # noqa: S608 - our own name


def is_current(connection: Connection, where: str) -> bool:
    """Whether nothing has to be done.

    Raises:
        CannotRunError: a newer version of xptasks made the schema.
    """
    found = version(connection)
    if found > HEAD:
        raise CannotRunError(
            f"the history {where} was written by a newer version of xptasks (schema {found}, this one knows {HEAD})",
            hint="install that version; what happens meanwhile waits in the outbox",
        )
    return found == HEAD


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Apply what is missing, in the caller's transaction, which lets nobody else write."""
    from alembic import command  # noqa: PLC0415 - once a version
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
