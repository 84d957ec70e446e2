"""How far each reader has read, and where on its topic an answer lies."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import create_progress

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_progress(op)
    op.execute("ALTER TABLE answers_of_offices ADD COLUMN record_offset bigint")
