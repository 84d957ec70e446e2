"""What old processes have written since comes along, and the table of before goes."""

from alembic import op

revision = "0032"
down_revision = "0031"

STATEMENTS = (
    """
    INSERT INTO match_keys (case_id, kind, match_key)
    SELECT m.case_id, m.kind, m.mark FROM applicant_marks AS m
    JOIN cases AS c ON c.case_id = m.case_id AND c.wrapped_key <> ''
    ON CONFLICT DO NOTHING
    """,
    # What was erased meanwhile by a process that knows the new table alone.
    "DELETE FROM match_keys AS k USING cases AS c WHERE c.case_id = k.case_id AND c.wrapped_key = ''",
    "DROP TABLE applicant_marks",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
