"""Receipts that a window issued again, for codes that were lost."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    """
    CREATE TABLE receipts (
        case_id uuid NOT NULL REFERENCES cases,
        issue integer NOT NULL CONSTRAINT first_receipt_is_the_registration CHECK (issue > 0),
        issued_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar,
        PRIMARY KEY (case_id, issue)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
