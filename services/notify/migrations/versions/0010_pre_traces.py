"""A timer knows the trace in which its clock began."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE timers ADD COLUMN traceparent varchar")
