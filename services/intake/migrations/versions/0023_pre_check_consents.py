"""How applicants agreed that offices are asked about them (核对), for which purpose, and whether they still do."""

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
    CREATE UNIQUE INDEX one_consent_stands_for_a_purpose ON check_consents (case_id, purpose)
    WHERE withdrawn_at IS NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
