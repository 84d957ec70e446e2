"""How far each writer has come, and what has happened to the leads for which clocks of the windows wait."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import create_watermarks

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "CREATE TABLE lead_steps (case_id uuid, step varchar, at timestamptz NOT NULL, PRIMARY KEY (case_id, step))",
    "CREATE INDEX timers_of_window ON timers (case_id) WHERE referral_id IS NULL AND ended_at IS NULL",
)


def upgrade() -> None:
    create_watermarks(op)
    for statement in STATEMENTS:
        op.execute(statement)
