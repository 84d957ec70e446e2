"""How far each writer has come."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import create_watermarks

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_watermarks(op)
