"""Which office decides on the return of a referral, and of which office somebody was who read its answers."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "ALTER TABLE referrals ADD COLUMN decider varchar",
    """
    UPDATE referrals AS r SET decider = c.clock ->> 'office' FROM clocks AS c
    WHERE c.referral_id = r.referral_id AND c.kind = 'return_decision' AND c.stopped_at IS NULL
    """,
    "CREATE INDEX referrals_to_decide ON referrals (decider, referral_id) WHERE decider IS NOT NULL",
    "ALTER TABLE text_reads ADD COLUMN office varchar",
    "CREATE INDEX text_reads_of_referral ON text_reads (referral_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
