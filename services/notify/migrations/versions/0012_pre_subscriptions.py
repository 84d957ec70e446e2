"""Subscriptions of partners, the deliveries that are owed to them, and the source of each case."""

from alembic import op

revision = "0012"
down_revision = "0011"

SUBSCRIPTIONS = """
    CREATE TABLE subscriptions (
        id uuid PRIMARY KEY,
        name varchar NOT NULL,
        channel varchar NOT NULL,
        target varchar NOT NULL,
        holder jsonb NOT NULL,
        held_by varchar NOT NULL,
        filter jsonb NOT NULL,
        state varchar NOT NULL DEFAULT 'active',
        reason varchar NOT NULL DEFAULT '',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        wrapped_key bytea,
        secret bytea,
        old_secret bytea,
        old_secret_until timestamptz,
        catching_up boolean NOT NULL DEFAULT false,
        failures integer NOT NULL DEFAULT 0,
        open_until timestamptz,
        leased_until timestamptz NOT NULL DEFAULT '-infinity',
        epoch bigint NOT NULL DEFAULT 0,
        CONSTRAINT subscription_has_one_name UNIQUE (held_by, name),
        CONSTRAINT subscription_state_is_known CHECK (state IN ('active', 'paused', 'disabled')),
        CONSTRAINT webhook_has_its_secret CHECK ((channel = 'webhook') = (secret IS NOT NULL)),
        CONSTRAINT secret_has_its_key CHECK (num_nulls(wrapped_key, secret) IN (0, 2)),
        CONSTRAINT old_secret_has_its_end CHECK (num_nulls(old_secret, old_secret_until) IN (0, 2))
    ) WITH (fillfactor = 50)
"""
DELIVERIES = """
    CREATE TABLE deliveries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subscription_id uuid NOT NULL REFERENCES subscriptions (id),
        event_id uuid NOT NULL,
        case_id uuid,
        type varchar NOT NULL,
        repeated boolean NOT NULL DEFAULT false,
        rank smallint NOT NULL DEFAULT 1,
        state varchar NOT NULL DEFAULT 'waiting',
        attempts smallint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        asked_at timestamptz NOT NULL,
        next_at timestamptz,
        settled_at timestamptz,
        event bytea NOT NULL,
        CONSTRAINT delivery_state_is_known CHECK (state IN ('waiting', 'delivered', 'failed')),
        CONSTRAINT waiting_delivery_has_its_next_attempt CHECK (
            (state = 'waiting') = (next_at IS NOT NULL) AND (state = 'waiting') = (settled_at IS NULL)
        )
    ) WITH (fillfactor = 80)
"""
ATTEMPTS = """
    CREATE TABLE delivery_attempts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        delivery_id bigint NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        at timestamptz NOT NULL,
        result varchar NOT NULL,
        status smallint,
        milliseconds integer NOT NULL
    )
"""
REPLAYS = """
    CREATE TABLE replays (
        id uuid PRIMARY KEY,
        subscription_id uuid NOT NULL REFERENCES subscriptions (id),
        since timestamptz,
        case_id uuid,
        repeated boolean NOT NULL,
        asked_at timestamptz NOT NULL,
        positions jsonb,
        deliveries integer NOT NULL DEFAULT 0,
        done_at timestamptz,
        leased_until timestamptz NOT NULL DEFAULT '-infinity',
        epoch bigint NOT NULL DEFAULT 0,
        CONSTRAINT replay_is_of_a_time_or_a_case CHECK (num_nonnulls(since, case_id) = 1)
    )
"""
UNPLACED = """
    CREATE TABLE unplaced_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL,
        case_id uuid NOT NULL,
        writer varchar NOT NULL,
        sequence integer,
        at varchar NOT NULL,
        traceparent varchar,
        type varchar NOT NULL,
        value bytea NOT NULL,
        seen_at timestamptz NOT NULL
    )
"""
STATEMENTS = (
    SUBSCRIPTIONS,
    DELIVERIES,
    ATTEMPTS,
    REPLAYS,
    UNPLACED,
    "CREATE UNIQUE INDEX delivery_once ON deliveries (subscription_id, event_id) WHERE NOT repeated",
    "CREATE INDEX deliveries_due ON deliveries (subscription_id, next_at) WHERE state = 'waiting'",
    "CREATE INDEX deliveries_of_case ON deliveries (subscription_id, case_id, id) WHERE state = 'waiting'",
    "CREATE INDEX deliveries_in_order ON deliveries (subscription_id, id)",
    "CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL",
    "CREATE INDEX attempts_of_delivery ON delivery_attempts (delivery_id, id)",
    "CREATE INDEX replays_of_subscription ON replays (subscription_id, asked_at)",
    "CREATE INDEX replays_open ON replays (asked_at) WHERE done_at IS NULL",
    "CREATE INDEX unplaced_of_case ON unplaced_events (case_id)",
    # Cases from before have an empty one; a row without any was heard of before its registration was read.
    "ALTER TABLE cases ADD COLUMN source varchar DEFAULT ''",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
