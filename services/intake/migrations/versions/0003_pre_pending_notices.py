"""What the applicant of a case has still to be told of."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE cases ADD COLUMN pending_notices jsonb NOT NULL DEFAULT '[]'")
