"""Documents that the window hands out, as they were issued. Of cases of before there are none."""

from alembic import op

revision = "0017"
down_revision = "0016"

STATEMENTS = (
    """
    CREATE TABLE documents (
        case_id uuid NOT NULL REFERENCES cases,
        serial integer NOT NULL CONSTRAINT documents_count_from_one CHECK (serial > 0),
        kind varchar NOT NULL,
        issued_at timestamptz NOT NULL,
        policy_version varchar NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (case_id, serial)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
