"""The rounds of a case before this one, and what a review came to. Of rounds before this nothing is kept."""

from alembic import op

revision = "0030"
down_revision = "0026"

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN judged jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE cases ADD COLUMN result varchar",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
