"""Files that are a material of the matter's list, and consents to their serving for another case of the person."""

from alembic import op

revision = "0039"
down_revision = "0038"

STATEMENTS = (
    "ALTER TABLE attachments ADD COLUMN material varchar NOT NULL DEFAULT ''",
    "ALTER TABLE attachments ADD COLUMN handed_in_at timestamptz",
    "ALTER TABLE attachments ADD COLUMN taken_from uuid",
    "ALTER TABLE attachments ADD COLUMN take_over uuid",
    """
    ALTER TABLE attachments ADD CONSTRAINT taken_over_says_from_where_and_when
    CHECK (num_nonnulls(taken_from, take_over) IN (0, 2))
    """,
    """
    CREATE TABLE take_overs (
        take_over_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES cases,
        consent varchar NOT NULL,
        added jsonb NOT NULL,
        taken_over_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar,
        withdrawn_at timestamptz,
        withdrawn_by varchar,
        withdrawn_role varchar
    )
    """,
    "CREATE INDEX take_overs_of_case ON take_overs (case_id, take_over_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
