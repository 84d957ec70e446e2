"""Into which case a duplicate was merged. No case was before: nothing could do it."""

from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN merged_into uuid",
    """
    ALTER TABLE cases ADD CONSTRAINT merged_cases_say_into_which
        CHECK ((state = 'merged') = (merged_into IS NOT NULL)) NOT VALID
    """,
    "ALTER TABLE cases VALIDATE CONSTRAINT merged_cases_say_into_which",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
