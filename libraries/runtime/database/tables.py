"""The plumbing's tables, the same in the schema of each service."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from libraries.runtime.database.migrations.plumbing import create_plumbing

SHARDS: Final = 8
"""Fixed for the life of an installation: a case must never change its shard while older rows of it wait."""

PARTITIONED: Final = ("journal", "inbox")
"""Tables with one partition per day; housekeeping makes and drops them."""

TODAY: Final = text("CURRENT_DATE")
NOW: Final = text("now()")
XID: Final = text("pg_current_xact_id()::text::bigint")


def plumbing_tables(metadata: MetaData) -> None:
    """Add the plumbing's tables to the service's own."""
    _journal(metadata)
    _sequences(metadata)
    _inbox(metadata)
    _dead_letters(metadata)
    _http(metadata)


def _journal(metadata: MetaData) -> None:
    Table(
        "journal",
        metadata,
        Column("recorded_on", Date, nullable=False, server_default=TODAY),
        Column("xid", BigInteger, nullable=False, server_default=XID),
        Column("id", BigInteger, Identity(always=True), nullable=False),
        Column("shard", SmallInteger, nullable=False),
        Column("topic", String, nullable=False),
        Column("key", String),
        Column("case_id", Uuid),
        Column("event_id", Uuid, nullable=False),
        Column("type", String, nullable=False),
        Column("sequence", Integer),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("traceparent", String),
        Column("value", LargeBinary, nullable=False),
        CheckConstraint("num_nonnulls(key, case_id) >= 1", name="journal_has_key"),
        Index("journal_shard_xid_id", "shard", "xid", "id"),
        postgresql_partition_by="RANGE (recorded_on)",
    )
    Table(
        "relay_shards",
        metadata,
        Column("shard", SmallInteger, primary_key=True, autoincrement=False),
        Column("position_xid", BigInteger, nullable=False, server_default=text("0")),
        Column("position_id", BigInteger, nullable=False, server_default=text("0")),
        Column("position_on", Date, nullable=False, server_default=text("'0001-01-01'")),
        Column("epoch", BigInteger, nullable=False, server_default=text("0")),
        Column("owner", String),
        Column("leased_until", DateTime(timezone=True), nullable=False, server_default=text("'-infinity'")),
    )
    Table(
        "relay_owners",
        metadata,
        Column("owner", String, primary_key=True),
        Column("seen_until", DateTime(timezone=True), nullable=False),
    )


def _sequences(metadata: MetaData) -> None:
    Table(
        "case_sequences",
        metadata,
        Column("case_id", Uuid, primary_key=True),
        Column("last", Integer, nullable=False),
        Column("xid", BigInteger, nullable=False),
        CheckConstraint("last > 0", name="sequence_counts_from_one"),
        postgresql_with={"fillfactor": "70"},
    )
    Table(
        "applied_sequences",
        metadata,
        Column("case_id", Uuid, primary_key=True),
        Column("reader", String, primary_key=True),
        Column("writer", String, primary_key=True),
        Column("sequence", Integer, nullable=False),
        postgresql_with={"fillfactor": "70"},
    )


def _inbox(metadata: MetaData) -> None:
    Table(
        "inbox",
        metadata,
        Column("received_on", Date, nullable=False, server_default=TODAY),
        Column("key", String, nullable=False),
        Index("inbox_key", "key", "received_on", unique=True),
        postgresql_partition_by="RANGE (received_on)",
    )


def _dead_letters(metadata: MetaData) -> None:
    Table(
        "parked_records",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("reader", String, nullable=False),
        Column("lane", String),
        Column("code", String, nullable=False),
        Column("detail", String, nullable=False),
        Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
        Column("event_id", String),
        Column("writer", String),
        Column("case_id", Uuid),
        Column("sequence", BigInteger),
        Column("topic", String, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("timestamp", DateTime(timezone=True), nullable=False),
        Column("came_at", DateTime(timezone=True)),
        Column("wrapped_key", LargeBinary),
        Column("content", LargeBinary),
        Column("state", String, nullable=False, server_default=text("'parked'")),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=NOW),
        Column("settled_at", DateTime(timezone=True)),
        Column("settled_by", String),
        Column("settled_because", String),
        CheckConstraint("state IN ('parked', 'replayed', 'dropped')", name="parked_state_is_known"),
        CheckConstraint("num_nulls(wrapped_key, content) IN (0, 2)", name="content_has_its_key"),
        CheckConstraint(
            "(state = 'parked') = (settled_at IS NULL)"
            " AND num_nulls(settled_at, settled_by, settled_because) IN (0, 3)",
            name="settled_by_somebody_for_a_reason",
        ),
        UniqueConstraint("reader", "topic", "partition", "offset", "timestamp", name="parked_once"),
        Index("parked_in_lane", "reader", "lane", postgresql_where=text("state = 'parked'")),
        Index(
            "parked_sequence_once",
            "reader",
            "writer",
            "case_id",
            "sequence",
            unique=True,
            postgresql_where=text("state = 'parked'"),
        ),
    )
    Table(
        "parked_reads",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("parked_id", BigInteger, ForeignKey("parked_records.id"), nullable=False),
        Column("read_at", DateTime(timezone=True), nullable=False, server_default=NOW),
        Column("read_by", String, nullable=False),
        Index("reads_of_parked", "parked_id", "id"),
    )


def _http(metadata: MetaData) -> None:
    Table(
        "answers",
        metadata,
        Column("identity", LargeBinary, primary_key=True),
        Column("part", SmallInteger, primary_key=True, autoincrement=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("wrapped_key", LargeBinary, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
        Index("answers_at", "at"),
    )
    Table(
        "sealing_check",
        metadata,
        Column("name", String, primary_key=True),
        Column("wrapped", LargeBinary, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False, server_default=NOW),
    )


__all__ = ["PARTITIONED", "SHARDS", "create_plumbing", "plumbing_tables"]
