"""Keyed hashes that find the other cases of a person or household. Of cases of before there are none."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = (
    """
    CREATE TABLE applicant_marks (
        case_id uuid NOT NULL,
        kind varchar NOT NULL,
        mark bytea NOT NULL,
        PRIMARY KEY (case_id, kind)
    )
    """,
    "CREATE INDEX applicants_by_mark ON applicant_marks (mark, kind, case_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
