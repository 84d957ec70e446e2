"""How far each writer has come."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import create_watermarks

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    create_watermarks(op)
