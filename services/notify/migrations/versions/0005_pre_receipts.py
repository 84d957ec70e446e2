"""What an answer could stop, and until when it holds a breach.

Of those from before nothing is known, so they hold none.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE receipts ADD COLUMN stops jsonb NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE receipts ADD COLUMN holds_until timestamptz NOT NULL DEFAULT '-infinity'")
    op.execute("ALTER TABLE receipts ALTER COLUMN holds_until DROP DEFAULT")
    op.execute("CREATE INDEX receipts_unanswered ON receipts (holds_until) WHERE answered_at IS NULL")
