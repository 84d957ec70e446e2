"""What the office of a clock has heard of it, so that no later version says it again.

Of clocks from before nothing is known: their next change says once more what passed last.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE watches ADD COLUMN heard jsonb NOT NULL DEFAULT '[]'")
