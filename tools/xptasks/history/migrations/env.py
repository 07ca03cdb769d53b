"""Alembic runs this file for each upgrade; the connection comes from `migrating`, there is no ini file."""

from alembic import context

from xptasks.history.schema import VERSIONS

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSIONS,
    transactional_ddl=True,  # also in SQLite: the caller's transaction holds all of an upgrade
)
context.run_migrations()
