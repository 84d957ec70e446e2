"""Which offices have a case or decide on it, and for what it was opened by whom."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE office_relations (
        case_id uuid NOT NULL REFERENCES cases (case_id),
        referral_id uuid NOT NULL,
        office varchar NOT NULL,
        relation varchar NOT NULL,
        since timestamptz NOT NULL,
        ended_at timestamptz,
        waits_for varchar,
        waits_since timestamptz,
        PRIMARY KEY (case_id, referral_id, office, relation),
        CONSTRAINT waiting_says_for_what_and_since_when CHECK (num_nonnulls(waits_for, waits_since) IN (0, 2))
    )
    """,
    "CREATE INDEX relations_of_office ON office_relations (office, case_id)",
    "ALTER TABLE applicant_reads ADD COLUMN office varchar, ADD COLUMN purpose varchar NOT NULL DEFAULT ''",
    "CREATE INDEX applicant_reads_of_case ON applicant_reads (case_id, id)",
    """
    CREATE TABLE summary_reads (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases (case_id),
        read_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar
    )
    """,
    "CREATE INDEX summary_reads_of_case ON summary_reads (case_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
