"""What is parked is sealed."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import seal_parked

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    seal_parked(op)
