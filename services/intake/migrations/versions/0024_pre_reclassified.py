"""What a case was before it became another matter. Of no case before is anything known: nothing could do it."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = ("ALTER TABLE cases ADD COLUMN reclassified jsonb",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
