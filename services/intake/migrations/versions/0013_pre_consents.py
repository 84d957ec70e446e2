"""How applicants agreed that somebody else hands a matter in for them."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    """
    CREATE TABLE consents (
        case_id uuid PRIMARY KEY REFERENCES cases,
        consent varchar NOT NULL,
        noted_at timestamptz NOT NULL,
        subject varchar NOT NULL,
        role varchar NOT NULL,
        office varchar
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
