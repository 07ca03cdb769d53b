"""The tables of the history as the code reads and writes them; `migrations` makes them, `HEAD` names the last one.

Their names begin with `xptasks_`, because a database that is named by URL may hold an application's tables, too.
"""

from sqlalchemy import Column, Double, Integer, MetaData, String, Table, Text

HEAD = "0002"
"""The schema that this version reads and writes; each migration has the next number."""

VERSIONS = "xptasks_history_version"
"""The table in which alembic keeps the number."""

metadata = MetaData()

# The id has the order of its bytes, not of a language, so that SQLite and PostgreSQL sort alike.
ID = String(32).with_variant(String(32, collation="C"), "postgresql")

events = Table(
    "xptasks_events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("change_id", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("actor", Text, nullable=False),
    # JSON as text, pure ASCII: PostgreSQL's own types refuse NUL and half characters, and change numbers.
    Column("data", Text, nullable=False),
)

prunings = Table(
    "xptasks_prunings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", Text, nullable=False),
    Column("at", Double, nullable=False),  # when it was
    Column("until", Double, nullable=False),  # what happened before this was deleted
    Column("exact", Double, nullable=False),  # windows that begin here or later have the figures that they had
    Column("events", Integer),  # how many that were
)
