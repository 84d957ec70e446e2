"""How far each reader has read."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import create_progress

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_progress(op)
