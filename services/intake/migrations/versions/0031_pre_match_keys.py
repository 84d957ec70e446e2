"""Match keys of applicants, several of a kind; and the searches of the last hour."""

from alembic import op

revision = "0031"
down_revision = "0030"

STATEMENTS = (
    """
    CREATE TABLE match_keys (
        case_id uuid NOT NULL,
        kind varchar NOT NULL,
        match_key bytea NOT NULL,
        PRIMARY KEY (case_id, kind, match_key)
    )
    """,
    "CREATE INDEX cases_by_match_key ON match_keys (match_key, kind, case_id)",
    "INSERT INTO match_keys (case_id, kind, match_key) SELECT case_id, kind, mark FROM applicant_marks",
    """
    CREATE TABLE person_searches (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject varchar NOT NULL,
        searched_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX searches_of_subject ON person_searches (subject, searched_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
