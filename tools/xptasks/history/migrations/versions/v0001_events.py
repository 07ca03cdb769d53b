"""Events, which are only ever added."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NO_UPDATE = "events are only added"

_SQLITE = (
    f"""CREATE TRIGGER xptasks_events_stay BEFORE UPDATE ON xptasks_events
        BEGIN SELECT RAISE (ABORT, '{_NO_UPDATE}'); END""",
    f"""CREATE TRIGGER xptasks_events_remain BEFORE DELETE ON xptasks_events
        BEGIN SELECT RAISE (ABORT, '{_NO_UPDATE}'); END""",
    # INSERT OR REPLACE would delete a row without asking the trigger for deletions.
    """CREATE TRIGGER xptasks_events_first BEFORE INSERT ON xptasks_events
        WHEN EXISTS (SELECT 1 FROM xptasks_events WHERE id = NEW.id)
        BEGIN SELECT RAISE (IGNORE); END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION xptasks_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_NO_UPDATE}'; END $$""",
    """CREATE TRIGGER xptasks_events_stay BEFORE UPDATE OR DELETE ON xptasks_events
        FOR EACH ROW EXECUTE FUNCTION xptasks_events_stay()""",
    """CREATE TRIGGER xptasks_events_whole BEFORE TRUNCATE ON xptasks_events
        FOR EACH STATEMENT EXECUTE FUNCTION xptasks_events_stay()""",
)


def upgrade() -> None:
    """From nothing."""
    by_bytes = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
    texts = ("kind", "project", "change_id", "commit_id", "deployment", "actor", "data")
    op.create_table(
        "xptasks_events",
        sa.Column("id", by_bytes, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
    )
    op.create_index("xptasks_events_by_time", "xptasks_events", ["project", "at", "id"])
    op.create_index("xptasks_events_by_kind", "xptasks_events", ["project", "kind", "at", "id"])
    for column in ("change_id", "commit_id", "deployment"):
        where = sa.text(f"{column} <> ''")
        op.create_index(
            f"xptasks_events_by_{column}", "xptasks_events", [column], sqlite_where=where, postgresql_where=where
        )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
