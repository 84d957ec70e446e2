"""What became of each referral and each case in each round: the facts behind the figures of the trade.

They begin here: of what was dispatched before, nothing is counted. A database that is built again from the journal has
all of it.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

REFERRALS = """
    CREATE TABLE referral_outcomes (
        referral_id uuid,
        round smallint,
        case_id uuid NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        category varchar NOT NULL,
        field varchar NOT NULL,
        role varchar NOT NULL,
        sent_as varchar NOT NULL,
        dispatched_at timestamptz NOT NULL,
        sign_due_at timestamptz,
        signed_at timestamptz,
        responded_at timestamptz,
        taken boolean NOT NULL,
        has_limit boolean NOT NULL,
        work_due_at timestamptz,
        came_late boolean NOT NULL,
        extensions smallint NOT NULL,
        return_requested_at timestamptz,
        return_pending boolean NOT NULL,
        returned_at timestamptz,
        reassigned_at timestamptz,
        completed_at timestamptz,
        failed_at timestamptz,
        cancelled_at timestamptz,
        cancelled_because varchar NOT NULL,
        PRIMARY KEY (referral_id, round)
    ) WITH (fillfactor = 80)
"""
CASES = """
    CREATE TABLE case_outcomes (
        case_id uuid,
        round smallint,
        area varchar NOT NULL,
        category varchar NOT NULL,
        field varchar NOT NULL,
        heard boolean NOT NULL DEFAULT false,
        resolved_at timestamptz,
        closed_at timestamptz,
        satisfied boolean,
        reopened_at timestamptz,
        terminated_at timestamptz,
        withdrawn_at timestamptz,
        merged_at timestamptz,
        office varchar,
        sendings smallint NOT NULL DEFAULT 0,
        returns smallint NOT NULL DEFAULT 0,
        PRIMARY KEY (case_id, round)
    ) WITH (fillfactor = 80)
"""
STATEMENTS = (
    REFERRALS,
    "CREATE INDEX referral_outcomes_of_office ON referral_outcomes (office, dispatched_at)",
    "CREATE INDEX referral_outcomes_by_dispatch ON referral_outcomes (dispatched_at)",
    CASES,
    "CREATE INDEX case_outcomes_of_office ON case_outcomes (office)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
