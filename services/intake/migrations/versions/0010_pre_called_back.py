"""When a call-back first reached the applicant: of a case that is closed, when it was closed."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN called_back_at timestamptz",
    """
    UPDATE cases AS c SET called_back_at = closed.at
    FROM (SELECT case_id, max(at) AS at FROM case_timeline WHERE type = 'case.closed' GROUP BY case_id) AS closed
    WHERE closed.case_id = c.case_id AND c.state IN ('closed', 'archived')
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
