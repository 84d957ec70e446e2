"""Who did it, whose word an arbitration is, and one live leg of a case for each office.

The defaults speak for processes that do not know the columns yet.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
        CREATE TABLE acts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id uuid NOT NULL,
            referral_id uuid NOT NULL,
            act varchar NOT NULL,
            reason varchar NOT NULL,
            at timestamptz NOT NULL,
            role varchar NOT NULL,
            office varchar NOT NULL,
            post varchar NOT NULL,
            door varchar NOT NULL,
            subject varchar NOT NULL
        )
        """,
    "CREATE INDEX acts_on_referral ON acts (referral_id, id)",
    "ALTER TABLE referrals ADD COLUMN arbitrated_by varchar",
    "CREATE UNIQUE INDEX one_live_leg_per_office ON referrals (case_id, office) WHERE ended_at IS NULL",
    "ALTER TABLE answers_of_offices ADD COLUMN door varchar NOT NULL DEFAULT ''",
    "ALTER TABLE answers_of_offices ADD COLUMN post varchar NOT NULL DEFAULT ''",
    "ALTER TABLE answers_of_offices ADD COLUMN subject varchar NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
