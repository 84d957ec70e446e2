"""Which clocks end in silence is policy: open ones are found by their kind and their end."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "CREATE INDEX clocks_running_out ON clocks (kind, due_at) WHERE stopped_at IS NULL",
    "DROP INDEX answers_awaited",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
