"""Letters to offices: to which one a document is addressed. Documents of before are addressed to applicants."""

from alembic import op

revision = "0033"
down_revision = "0032"

STATEMENTS = ("ALTER TABLE documents ADD COLUMN office varchar",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
