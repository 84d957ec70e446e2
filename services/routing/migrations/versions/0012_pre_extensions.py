"""That an office asks for more time stands with its referral until it is decided."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE referrals ADD COLUMN extension jsonb")
