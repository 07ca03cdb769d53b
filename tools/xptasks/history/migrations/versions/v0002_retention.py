"""Retention: events may be deleted by a pruning that says so, in its transaction, and that is itself kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_UNDER_WAY = """SELECT 1 FROM xptasks_prunings AS pruning
    WHERE pruning.events IS NULL AND pruning.project = OLD.project AND OLD.at < pruning.until"""
_KEPT = "only inv history-prune deletes events; all others are only added"

_SQLITE = (
    "DROP TRIGGER xptasks_events_remain",
    f"""CREATE TRIGGER xptasks_events_remain BEFORE DELETE ON xptasks_events WHEN NOT EXISTS ({_UNDER_WAY})
        BEGIN SELECT RAISE (ABORT, '{_KEPT}'); END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION xptasks_events_remain() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({_UNDER_WAY}) THEN RETURN OLD; END IF;
            RAISE EXCEPTION '{_KEPT}';
        END $$""",
    "DROP TRIGGER xptasks_events_stay ON xptasks_events",
    """CREATE TRIGGER xptasks_events_stay BEFORE UPDATE ON xptasks_events
        FOR EACH ROW EXECUTE FUNCTION xptasks_events_stay()""",
    """CREATE TRIGGER xptasks_events_remain BEFORE DELETE ON xptasks_events
        FOR EACH ROW EXECUTE FUNCTION xptasks_events_remain()""",
)


def upgrade() -> None:
    """From a schema in which nothing could be deleted."""
    op.create_table(
        "xptasks_prunings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("exact", sa.Double, nullable=False),
        sa.Column("events", sa.Integer),  # NULL while the pruning is under way: nobody else ever sees that
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
