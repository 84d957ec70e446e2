"""Which calendar the open clocks of a case were counted by.

The default speaks for processes that do not know the column yet: their rows are counted once more.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "CREATE TABLE calendar_loads (version varchar PRIMARY KEY, loaded_at timestamptz NOT NULL)",
    "ALTER TABLE cases ADD COLUMN calendar_version varchar DEFAULT ''",
    "CREATE INDEX cases_by_calendar ON cases (calendar_version, case_id) WHERE calendar_version IS NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
