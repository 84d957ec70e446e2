"""Which offices have judged a case in the rounds before, where it is reviewed. No case before was."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = ("ALTER TABLE routed_cases ADD COLUMN judged jsonb NOT NULL DEFAULT '[]'",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
