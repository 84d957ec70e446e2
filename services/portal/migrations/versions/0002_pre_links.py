"""Links for offices without an account, and each time that one was used."""

from alembic import op

revision = "0002"
down_revision = "0001"

LINKS = """
    CREATE TABLE links (
        link_id uuid PRIMARY KEY,
        secret_hash bytea NOT NULL CONSTRAINT secret_opens_one_referral UNIQUE,
        referral_id uuid NOT NULL,
        number varchar NOT NULL,
        office varchar NOT NULL,
        made_by uuid NOT NULL REFERENCES accounts,
        made_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        revoked_at timestamptz,
        revoked_by uuid REFERENCES accounts,
        CONSTRAINT link_ends_after_it_begins CHECK (ends_at > made_at),
        CONSTRAINT revoking_says_when_and_by_whom CHECK (num_nonnulls(revoked_at, revoked_by) IN (0, 2))
    )
"""
USES = """
    CREATE TABLE link_uses (
        use_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        link_id uuid NOT NULL REFERENCES links,
        used_at timestamptz NOT NULL,
        act varchar NOT NULL,
        address varchar NOT NULL
    )
"""


def upgrade() -> None:
    for statement in (LINKS, USES):
        op.execute(statement)
    op.create_index("links_of_referral", "links", ["referral_id"])
    op.create_index("uses_of_link", "link_uses", ["link_id"])
