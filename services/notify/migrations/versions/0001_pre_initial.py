"""Notify's first tables, and the plumbing's."""

from alembic import op

from libraries.runtime.database.tables import create_plumbing

revision = "0001"
down_revision = None

TIMERS = """
    CREATE TABLE timers (
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
        CONSTRAINT ended_timer_has_no_next_alert
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
REFERRAL_STATUS = """
    CREATE TABLE referral_status (
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
        last_contact_at timestamptz,
        ended_at timestamptz,
        returns smallint NOT NULL CONSTRAINT returns_are_counted CHECK (returns >= 0)
    ) WITH (fillfactor = 80)
"""
RECEIVED_FEEDBACK = """
    CREATE TABLE received_feedback (
        office varchar NOT NULL,
        feedback_id varchar NOT NULL,
        referral_id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (office, feedback_id)
    )
"""
REFUSED_FEEDBACK = """
    CREATE TABLE refused_feedback (
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
CONSUMER_PROGRESS = """
    CREATE TABLE consumer_progress (
        reader varchar NOT NULL,
        process varchar NOT NULL,
        read_until timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (reader, process)
    ) WITH (fillfactor = 50)
"""
INDEXES = (
    "CREATE INDEX timers_to_fire ON timers (next_fire_at) WHERE next_fire_at IS NOT NULL",
    """
        CREATE INDEX timers_pressing ON timers (office, due_at)
        WHERE status IN ('due_soon', 'breached') AND ended_at IS NULL
    """,
    "CREATE INDEX timers_open_by_due ON timers (due_at, clock_id) WHERE ended_at IS NULL AND due_at IS NOT NULL",
    "CREATE INDEX timers_of_referral ON timers (referral_id)",
    "CREATE INDEX referral_status_of_office ON referral_status (office, dispatched_at)",
    "CREATE INDEX referral_status_ended ON referral_status (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX referral_status_open ON referral_status (office, area) WHERE ended_at IS NULL AND role <> 'info'",
    "CREATE INDEX received_feedback_of_referral ON received_feedback (referral_id, received_at)",
    "CREATE INDEX received_feedback_settled ON received_feedback (settled_at) WHERE settled_at IS NOT NULL",
    "CREATE INDEX refused_feedback_by_time ON refused_feedback (received_at)",
    "CREATE INDEX alerts_in_order ON alerts (xid, place)",
    "CREATE INDEX alerts_of_office ON alerts (office, xid, place)",
)

TABLES = (TIMERS, CASES, REFERRAL_STATUS, RECEIVED_FEEDBACK, REFUSED_FEEDBACK, ALERTS, CONSUMER_PROGRESS)


def upgrade() -> None:
    create_plumbing(op)
    for statement in (
        TIMERS,
        CASES,
        REFERRAL_STATUS,
        RECEIVED_FEEDBACK,
        REFUSED_FEEDBACK,
        ALERTS,
        CONSUMER_PROGRESS,
        *INDEXES,
    ):
        op.execute(statement)
