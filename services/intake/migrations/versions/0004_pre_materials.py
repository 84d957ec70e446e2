"""What a case needs and what was handed in, in the place of what is missing: that follows from both.

Intake stands still while it runs: the version before writes the column that goes.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN required jsonb, ADD COLUMN materials jsonb NOT NULL DEFAULT '[]'",
    "UPDATE cases SET required = missing",
    "ALTER TABLE cases ALTER COLUMN required SET NOT NULL, ALTER COLUMN materials DROP DEFAULT, DROP COLUMN missing",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
