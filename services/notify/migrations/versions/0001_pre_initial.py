"""Notify's first tables, and the plumbing's."""

from alembic import op

from libraries.runtime.database.tables import create_plumbing

revision = "0001"
down_revision = None

WATCHES = """
    CREATE TABLE watches (
        clock_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        referral_id uuid,
        kind varchar NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        version integer NOT NULL CONSTRAINT versions_count_from_one CHECK (version > 0),
        started_at timestamptz NOT NULL,
        due_soon_at timestamptz,
        due_at timestamptz,
        provisional boolean NOT NULL,
        status varchar NOT NULL,
        next_alert varchar,
        next_fire_at timestamptz,
        breached_at timestamptz,
        ended_at timestamptz,
        CONSTRAINT next_alert_has_its_time CHECK (num_nonnulls(next_alert, next_fire_at) IN (0, 2)),
        CONSTRAINT ended_watch_waits_for_nothing
            CHECK (status NOT IN ('met', 'cancelled') OR (ended_at IS NOT NULL AND next_alert IS NULL)),
        CONSTRAINT breach_has_its_time CHECK (status <> 'breached' OR breached_at IS NOT NULL)
    ) WITH (fillfactor = 80)
"""
CASES = """
    CREATE TABLE cases (
        case_id uuid PRIMARY KEY,
        number varchar NOT NULL,
        area varchar NOT NULL,
        category varchar NOT NULL,
        field varchar NOT NULL,
        state varchar NOT NULL,
        registered_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL
    ) WITH (fillfactor = 80)
"""
LEGS = """
    CREATE TABLE legs (
        referral_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        category varchar NOT NULL,
        field varchar NOT NULL,
        role varchar NOT NULL,
        state varchar NOT NULL,
        round smallint NOT NULL CONSTRAINT rounds_count_from_one CHECK (round > 0),
        dispatched_at timestamptz NOT NULL,
        signed_at timestamptz,
        heard_at timestamptz,
        ended_at timestamptz,
        returns smallint NOT NULL CONSTRAINT returns_are_counted CHECK (returns >= 0)
    ) WITH (fillfactor = 80)
"""
RECEIPTS = """
    CREATE TABLE receipts (
        office varchar NOT NULL,
        feedback_id varchar NOT NULL,
        referral_id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        answered_at timestamptz,
        PRIMARY KEY (office, feedback_id)
    )
"""
REFUSALS = """
    CREATE TABLE refusals (
        office varchar NOT NULL,
        feedback_id varchar NOT NULL,
        case_id uuid NOT NULL,
        referral_id uuid NOT NULL,
        action varchar NOT NULL,
        code varchar NOT NULL,
        received_at timestamptz NOT NULL,
        PRIMARY KEY (office, feedback_id, case_id)
    )
"""
ALERTS = """
    CREATE TABLE alerts (
        event_id uuid PRIMARY KEY,
        xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        place integer NOT NULL,
        type varchar NOT NULL,
        case_id uuid NOT NULL,
        referral_id uuid,
        clock_id uuid NOT NULL,
        kind varchar NOT NULL,
        version integer NOT NULL,
        office varchar NOT NULL,
        area varchar NOT NULL,
        due_at timestamptz NOT NULL,
        fired_at timestamptz NOT NULL,
        recipients jsonb NOT NULL
    )
"""
READINGS = """
    CREATE TABLE readings (
        reader varchar NOT NULL,
        process varchar NOT NULL,
        read_until timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (reader, process)
    ) WITH (fillfactor = 50)
"""
INDEXES = (
    "CREATE INDEX watches_to_fire ON watches (next_fire_at) WHERE next_fire_at IS NOT NULL",
    """
        CREATE INDEX watches_pressing ON watches (office, due_at)
        WHERE status IN ('due_soon', 'breached') AND ended_at IS NULL
    """,
    "CREATE INDEX watches_open_by_due ON watches (due_at, clock_id) WHERE ended_at IS NULL AND due_at IS NOT NULL",
    "CREATE INDEX watches_of_referral ON watches (referral_id)",
    "CREATE INDEX legs_of_office ON legs (office, dispatched_at)",
    "CREATE INDEX legs_ended ON legs (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX legs_open ON legs (office, area) WHERE ended_at IS NULL AND role <> 'info'",
    "CREATE INDEX receipts_of_referral ON receipts (referral_id, received_at)",
    "CREATE INDEX receipts_answered ON receipts (answered_at) WHERE answered_at IS NOT NULL",
    "CREATE INDEX refusals_by_time ON refusals (received_at)",
    "CREATE INDEX alerts_in_order ON alerts (xid, place)",
    "CREATE INDEX alerts_of_office ON alerts (office, xid, place)",
)


def upgrade() -> None:
    create_plumbing(op)
    for statement in (WATCHES, CASES, LEGS, RECEIPTS, REFUSALS, ALERTS, READINGS, *INDEXES):
        op.execute(statement)
