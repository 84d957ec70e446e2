"""Several warnings per clock and how late each was said."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE timers ADD COLUMN pending jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE alerts ADD COLUMN level varchar NOT NULL DEFAULT ''",
    "ALTER TABLE alerts ADD COLUMN late_seconds integer NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
