"""Where each clock stands on the supervision ladder, and what applicants said at the end."""

from alembic import op

revision = "0003"
down_revision = "0002"

SUPERVISIONS = """
    CREATE TABLE supervisions (
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
        told jsonb NOT NULL,
        next_level varchar,
        next_at timestamptz,
        stood_seconds integer NOT NULL,
        paused_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT next_level_has_its_time CHECK (num_nonnulls(next_level, next_at) IN (0, 2)),
        CONSTRAINT still_supervision_waits_for_nothing
            CHECK (num_nonnulls(paused_at, ended_at) = 0 OR next_at IS NULL),
        CONSTRAINT level_was_reached CHECK ((level = 'none') = (reached_at IS NULL))
    ) WITH (fillfactor = 80)
"""
STATEMENTS = (
    SUPERVISIONS,
    "CREATE INDEX supervisions_to_climb ON supervisions (next_at) WHERE next_at IS NOT NULL",
    """
        CREATE INDEX supervisions_open ON supervisions (due_at, clock_id)
        WHERE ended_at IS NULL AND level <> 'none'
    """,
    "ALTER TABLE cases ADD COLUMN satisfied boolean",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
