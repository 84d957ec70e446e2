"""The plumbing's tables as the first migration of each service makes them. Frozen: later changes are new functions."""

from typing import Protocol

STATEMENTS = """
CREATE TABLE journal (
    recorded_on date NOT NULL DEFAULT CURRENT_DATE,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    id bigint GENERATED ALWAYS AS IDENTITY,
    shard smallint NOT NULL,
    topic varchar NOT NULL,
    key varchar,
    case_id uuid,
    event_id uuid NOT NULL,
    type varchar NOT NULL,
    sequence integer,
    at timestamptz NOT NULL,
    traceparent varchar,
    value bytea NOT NULL,
    CONSTRAINT journal_has_key CHECK (num_nonnulls(key, case_id) >= 1)
) PARTITION BY RANGE (recorded_on);

CREATE INDEX journal_shard_xid_id ON journal (shard, xid, id);

CREATE TABLE journal_default PARTITION OF journal DEFAULT;

CREATE TABLE relay_shards (
    shard smallint PRIMARY KEY,
    position_xid bigint NOT NULL DEFAULT 0,
    position_id bigint NOT NULL DEFAULT 0,
    position_on date NOT NULL DEFAULT '0001-01-01',
    epoch bigint NOT NULL DEFAULT 0,
    owner varchar,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

INSERT INTO relay_shards (shard) SELECT generate_series(0, 7);

CREATE TABLE relay_owners (owner varchar PRIMARY KEY, seen_until timestamptz NOT NULL);

CREATE TABLE case_sequences (
    case_id uuid PRIMARY KEY,
    last integer NOT NULL,
    xid bigint NOT NULL,
    CONSTRAINT sequence_counts_from_one CHECK (last > 0)
) WITH (fillfactor = 70);

CREATE TABLE applied_sequences (
    case_id uuid,
    reader varchar,
    writer varchar,
    sequence integer NOT NULL,
    PRIMARY KEY (case_id, reader, writer)
) WITH (fillfactor = 70);

CREATE TABLE inbox (
    received_on date NOT NULL DEFAULT CURRENT_DATE,
    key varchar NOT NULL
) PARTITION BY RANGE (received_on);

CREATE UNIQUE INDEX inbox_key ON inbox (key, received_on);

CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

CREATE TABLE parked_records (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader varchar NOT NULL,
    lane varchar,
    code varchar NOT NULL,
    detail varchar NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    event_id varchar,
    writer varchar,
    case_id uuid,
    sequence bigint,
    topic varchar NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    timestamp timestamptz NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,
    state varchar NOT NULL DEFAULT 'parked',
    parked_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_by varchar,
    settled_because varchar,
    CONSTRAINT parked_state_is_known CHECK (state IN ('parked', 'replayed', 'dropped')),
    CONSTRAINT settled_by_somebody_for_a_reason CHECK (
        (state = 'parked') = (settled_at IS NULL) AND num_nulls(settled_at, settled_by, settled_because) IN (0, 3)
    ),
    CONSTRAINT parked_once UNIQUE (reader, topic, partition, "offset", timestamp)
);

CREATE INDEX parked_in_lane ON parked_records (reader, lane) WHERE state = 'parked';

CREATE UNIQUE INDEX parked_sequence_once ON parked_records (reader, writer, case_id, sequence) WHERE state = 'parked';

CREATE TABLE answers (
    principal varchar,
    key varchar,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);

CREATE INDEX answers_at ON answers (at);

CREATE TABLE sealing_check (
    name varchar PRIMARY KEY,
    wrapped bytea NOT NULL,
    sealed bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
)
"""


PROGRESS = """
CREATE TABLE reading_progress (
    reader varchar,
    process varchar,
    read_until timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    parts integer NOT NULL,
    PRIMARY KEY (reader, process)
) WITH (fillfactor = 50);

CREATE TABLE read_until (reader varchar PRIMARY KEY, until timestamptz NOT NULL) WITH (fillfactor = 50);

ALTER TABLE parked_records ADD COLUMN came_at timestamptz
"""


WATERMARKS = """
CREATE TABLE watermarks (
    writer varchar,
    hops smallint,
    until timestamptz,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (writer, hops, until)
) WITH (fillfactor = 50)
"""


class Operations(Protocol):
    """The part of Alembic's `op` that is used here."""

    def execute(self, sqltext: str) -> None: ...


def create_progress(op: Operations) -> None:
    """How far each reader has read, and when a record that is parked has come."""
    for statement in PROGRESS.split(";\n"):
        op.execute(statement)


def create_watermarks(op: Operations) -> None:
    """How far each writer has come, as far as it was heard here."""
    op.execute(WATERMARKS)


# What was parked before is not sealed and cannot be sealed without the installation's key: its content goes.
SEALED = """
ALTER TABLE parked_records
    ADD COLUMN wrapped_key bytea,
    ADD COLUMN content bytea,
    DROP COLUMN key,
    DROP COLUMN value,
    DROP COLUMN headers,
    ADD CONSTRAINT content_has_its_key CHECK (num_nulls(wrapped_key, content) IN (0, 2));

CREATE TABLE parked_reads (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parked_id bigint NOT NULL REFERENCES parked_records (id),
    read_at timestamptz NOT NULL DEFAULT now(),
    read_by varchar NOT NULL
);

CREATE INDEX reads_of_parked ON parked_reads (parked_id, id)
"""


def seal_parked(op: Operations) -> None:
    """The content of what is parked is sealed, and who opens it is noted."""
    for statement in SEALED.split(";\n"):
        op.execute(statement)


# Nobody has ever written to the table before.
ANSWERS = """
DROP TABLE answers;

CREATE TABLE answers (
    identity bytea,
    part smallint,
    fingerprint bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    content bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (identity, part)
);

CREATE INDEX answers_at ON answers (at)
"""


def keep_answers(op: Operations) -> None:
    """Answers to requests with a key, sealed, to be given again."""
    for statement in ANSWERS.split(";\n"):
        op.execute(statement)


def create_plumbing(op: Operations) -> None:
    """Make the tables in the schema that the search path names."""
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
