"""Attachments of cases: what was kept and where it lies, uploads that are on their way, and who opened what."""

from alembic import op

revision = "0026"
down_revision = "0025"

STATEMENTS = (
    """
    CREATE TABLE attachments (
        attachment_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases,
        state varchar NOT NULL CONSTRAINT attachment_is_in_a_state CHECK (state IN ('coming', 'kept', 'dropped')),
        kind varchar NOT NULL,
        size bigint NOT NULL CONSTRAINT attachments_are_not_empty CHECK (size > 0),
        arrived bigint NOT NULL,
        parts jsonb NOT NULL,
        sealed_name bytea NOT NULL,
        sha256 bytea,
        thumbnail varchar,
        begun_at timestamptz NOT NULL,
        added_at timestamptz,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar,
        clean_at timestamptz,
        CONSTRAINT no_more_arrives_than_was_said CHECK (arrived BETWEEN 0 AND size),
        CONSTRAINT kept_is_whole CHECK (state <> 'kept' OR (arrived = size AND sha256 IS NOT NULL
            AND added_at IS NOT NULL))
    )
    """,
    "CREATE INDEX attachments_of_case ON attachments (case_id, attachment_id)",
    "CREATE INDEX attachments_to_clean ON attachments (clean_at) WHERE clean_at IS NOT NULL",
    """
    CREATE TABLE attachment_reads (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases,
        attachment_id uuid NOT NULL,
        read_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar
    )
    """,
    "CREATE INDEX attachment_reads_of_case ON attachment_reads (case_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
