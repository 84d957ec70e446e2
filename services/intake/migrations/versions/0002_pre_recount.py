"""By which calendar the open clocks were counted.

The default speaks for processes that do not know the column yet: their rows are counted once more.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "CREATE TABLE calendar_loads (version varchar PRIMARY KEY, loaded_at timestamptz NOT NULL)",
    "ALTER TABLE clocks ADD COLUMN calendar_version varchar DEFAULT ''",
    "CREATE INDEX clocks_by_calendar ON clocks (calendar_version, case_id) WHERE calendar_version IS NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
