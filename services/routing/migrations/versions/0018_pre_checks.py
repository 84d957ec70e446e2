"""Information checks: what an office is asked, under which consent, and who opened the question.

A check is no part of the work, so an office may be asked beside its part of the case. The defaults speak for
processes that do not know the columns yet.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = (
    "ALTER TABLE referrals ADD COLUMN asked jsonb",
    "ALTER TABLE decisions ADD COLUMN checks jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE text_reads ADD COLUMN part varchar NOT NULL DEFAULT 'answers'",
    """
    CREATE TABLE check_consents (
        consent_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        purpose varchar NOT NULL,
        consent varchar NOT NULL,
        given_at timestamptz NOT NULL,
        withdrawn_at timestamptz
    )
    """,
    "CREATE INDEX check_consents_of_case ON check_consents (case_id, consent_id)",
    "DROP INDEX one_live_leg_per_office",
    """
    CREATE UNIQUE INDEX one_live_leg_per_office ON referrals (case_id, office)
    WHERE ended_at IS NULL AND role <> 'check'
    """,
    """
    CREATE UNIQUE INDEX one_live_check_per_office ON referrals (case_id, office)
    WHERE ended_at IS NULL AND role = 'check'
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
