"""Drafts of forms at the counter, sealed, each of one account and for a time."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE drafts (
        draft_id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts,
        category varchar NOT NULL,
        wrapped bytea NOT NULL,
        sealed bytea NOT NULL,
        saved_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX drafts_account_id ON drafts (account_id, saved_at)",
    "CREATE INDEX drafts_ends_at ON drafts (ends_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
