"""As what a referral was sent, how the applicant agreed to it, and when the lead urged it last.

The default speaks for processes that do not know the columns yet.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    "ALTER TABLE referrals ADD COLUMN sent_as varchar NOT NULL DEFAULT 'dispatch'",
    "ALTER TABLE referrals ADD COLUMN consent varchar",
    "ALTER TABLE referrals ADD COLUMN urged_at timestamptz",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
