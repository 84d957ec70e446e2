"""Alerts that the office of a clock got, so that no later version sends them again.

Of clocks from before nothing is known: their next change says once more what passed last.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE timers ADD COLUMN sent jsonb NOT NULL DEFAULT '[]'")
