"""The portal's first tables. It writes no events, so it has none of the plumbing's."""

from alembic import op

revision = "0001"
down_revision = None

ACCOUNTS = """
    CREATE TABLE accounts (
        account_id uuid PRIMARY KEY,
        login varchar NOT NULL CONSTRAINT login_is_one_account UNIQUE,
        password_hash varchar NOT NULL,
        must_change boolean NOT NULL,
        made_at timestamptz NOT NULL,
        password_at timestamptz NOT NULL,
        disabled_at timestamptz,
        CONSTRAINT login_is_lower_case CHECK (login = lower(login))
    )
"""
POSTS = """
    CREATE TABLE posts (
        post_id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts,
        role varchar NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        code varchar NOT NULL,
        CONSTRAINT post_is_held_once UNIQUE (account_id, role, office, area, code),
        CONSTRAINT officer_has_an_office CHECK (role <> 'officer' OR office <> '')
    )
"""
SESSIONS = """
    CREATE TABLE sessions (
        session_id uuid PRIMARY KEY,
        secret_hash bytea NOT NULL CONSTRAINT secret_opens_one_session UNIQUE,
        account_id uuid NOT NULL REFERENCES accounts,
        post_id uuid NOT NULL REFERENCES posts,
        begun_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        address varchar NOT NULL,
        agent varchar NOT NULL
    )
"""
LOGINS = """
    CREATE TABLE logins (
        login_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        name_hash bytea NOT NULL,
        account_id uuid,
        address varchar NOT NULL,
        outcome varchar NOT NULL
    )
"""


def upgrade() -> None:
    for statement in (ACCOUNTS, POSTS, SESSIONS, LOGINS):
        op.execute(statement)
    op.create_index("sessions_account_id", "sessions", ["account_id"])
    op.create_index("logins_name_hash_at", "logins", ["name_hash", "at"])
    op.create_index("logins_address_at", "logins", ["address", "at"])
    op.create_index("logins_at", "logins", ["at"])
