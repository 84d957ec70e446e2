"""Entries of the timeline in the stored form of events. Those of before stay where they are."""

from alembic import op

revision = "0038"
down_revision = "0033"

STATEMENTS = ("ALTER TABLE case_timeline ADD COLUMN event bytea, ALTER COLUMN data DROP NOT NULL",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
