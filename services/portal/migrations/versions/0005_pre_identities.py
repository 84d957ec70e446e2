"""Accounts of people whom an identity provider signs in: without a password, with posts that groups give."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE accounts ALTER COLUMN password_hash DROP NOT NULL",
    "ALTER TABLE posts ADD COLUMN by_group varchar NOT NULL DEFAULT ''",
    """
    CREATE TABLE identities (
        identity_hash bytea PRIMARY KEY,
        issuer varchar NOT NULL,
        account_id uuid NOT NULL REFERENCES accounts,
        made_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX identities_account_id ON identities (account_id)",
    "CREATE TABLE spent_sign_ins (secret_hash bytea PRIMARY KEY, ends_at timestamptz NOT NULL)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
