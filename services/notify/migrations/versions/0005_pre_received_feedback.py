"""Which clocks feedback could stop, and until when it defers a breach.

Of those from before nothing is known, so they defer none.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE received_feedback ADD COLUMN stops jsonb NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE received_feedback ADD COLUMN defers_until timestamptz NOT NULL DEFAULT '-infinity'")
    op.execute("ALTER TABLE received_feedback ALTER COLUMN defers_until DROP DEFAULT")
    op.execute("CREATE INDEX received_feedback_unsettled ON received_feedback (defers_until) WHERE settled_at IS NULL")
