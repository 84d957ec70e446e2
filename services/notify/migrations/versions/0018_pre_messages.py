"""Messages to people: what was owed to whom and what became of it; and what a case has to be known by for them."""

from alembic import op

revision = "0018"
down_revision = "0017"

MESSAGES = """
    CREATE TABLE messages (
        id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        type varchar NOT NULL,
        audience varchar NOT NULL,
        channel varchar NOT NULL,
        office varchar NOT NULL,
        template varchar NOT NULL,
        at timestamptz NOT NULL,
        state varchar NOT NULL DEFAULT 'waiting',
        reason varchar NOT NULL DEFAULT '',
        attempts smallint NOT NULL DEFAULT 0,
        next_at timestamptz,
        changed_at timestamptz NOT NULL,
        CONSTRAINT message_state_is_known CHECK (state IN ('waiting', 'delivered', 'failed', 'suppressed')),
        CONSTRAINT message_names_its_office CHECK ((audience = 'applicant') = (office = ''))
    )
"""
STATES = "CHECK (state IN ('waiting', 'delivered', 'failed', 'suppressed'))"


def upgrade() -> None:
    op.execute(MESSAGES)
    op.execute("CREATE INDEX messages_of_case ON messages (case_id, id)")
    op.execute("CREATE INDEX messages_of_office ON messages (office, at, id)")
    op.execute("CREATE INDEX messages_by_time ON messages (at, id)")
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT delivery_state_is_known")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT delivery_state_is_known {STATES} NOT VALID")
    op.execute("ALTER TABLE deliveries VALIDATE CONSTRAINT delivery_state_is_known")
    op.execute(
        "ALTER TABLE cases ADD COLUMN first_contact_office varchar NOT NULL DEFAULT '',"
        " ADD COLUMN erased boolean NOT NULL DEFAULT false"
    )
