"""Posts that begin and end, deputies, and what administrators did with accounts."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "ALTER TABLE posts ADD COLUMN begins_at timestamptz",
    "ALTER TABLE posts ADD COLUMN ends_at timestamptz",
    "ALTER TABLE posts ADD COLUMN deputy_for uuid REFERENCES accounts",
    "ALTER TABLE posts DROP CONSTRAINT post_is_held_once",
    """
    ALTER TABLE posts ADD CONSTRAINT deputy_for_a_time
        CHECK (deputy_for IS NULL OR (begins_at < ends_at AND deputy_for <> account_id))
    """,
    "CREATE UNIQUE INDEX post_is_held_once ON posts (account_id, role, office, area, code) WHERE ends_at IS NULL",
    "CREATE INDEX posts_by_area ON posts (area, account_id)",
    """
    CREATE TABLE account_acts (
        act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        account_id uuid NOT NULL REFERENCES accounts,
        by uuid REFERENCES accounts,
        act varchar NOT NULL,
        about jsonb NOT NULL
    )
    """,
    "CREATE INDEX acts_on_account ON account_acts (account_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
