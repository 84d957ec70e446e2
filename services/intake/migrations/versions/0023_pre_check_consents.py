"""How applicants agreed that offices are asked about them (核对), for which purpose, and what windows asked."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = (
    """
    CREATE TABLE check_consents (
        consent_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases,
        purpose varchar NOT NULL,
        consent varchar NOT NULL,
        given_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar,
        withdrawn_at timestamptz,
        withdrawn_by varchar,
        withdrawn_role varchar
    )
    """,
    "CREATE INDEX check_consents_of_case ON check_consents (case_id, consent_id)",
    """
    CREATE TABLE window_checks (
        check_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases,
        office varchar NOT NULL,
        asked_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        sealed_question bytea NOT NULL
    )
    """,
    "CREATE INDEX window_checks_of_case ON window_checks (case_id, check_id)",
    "ALTER TABLE applicant_reads ADD COLUMN part varchar NOT NULL DEFAULT 'applicant'",
    """
    CREATE UNIQUE INDEX one_consent_stands_for_a_purpose ON check_consents (case_id, purpose)
    WHERE withdrawn_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
