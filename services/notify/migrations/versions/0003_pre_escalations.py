"""Which escalation level each clock has reached, and what applicants said at the end."""

from alembic import op

revision = "0003"
down_revision = "0002"

ESCALATIONS = """
    CREATE TABLE escalations (
        clock_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        referral_id uuid,
        kind varchar NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        version integer NOT NULL,
        due_at timestamptz NOT NULL,
        level varchar NOT NULL,
        reached_at timestamptz,
        notified jsonb NOT NULL,
        next_level varchar,
        next_at timestamptz,
        paused_seconds integer NOT NULL,
        paused_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT next_level_has_its_time CHECK (num_nonnulls(next_level, next_at) IN (0, 2)),
        CONSTRAINT stopped_escalation_has_no_next_level
            CHECK (num_nonnulls(paused_at, ended_at) = 0 OR next_at IS NULL),
        CONSTRAINT level_was_reached CHECK ((level = 'none') = (reached_at IS NULL))
    ) WITH (fillfactor = 80)
"""
STATEMENTS = (
    ESCALATIONS,
    "CREATE INDEX escalations_due ON escalations (next_at) WHERE next_at IS NOT NULL",
    """
        CREATE INDEX escalations_open ON escalations (due_at, clock_id)
        WHERE ended_at IS NULL AND level <> 'none'
    """,
    "ALTER TABLE cases ADD COLUMN satisfied boolean",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
