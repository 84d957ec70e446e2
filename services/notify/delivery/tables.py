"""Who wants to hear of what, what each is owed, and every attempt to deliver it."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

NEVER: Final = text("'-infinity'")
ZERO: Final = text("0")
NO: Final = text("false")


def delivery_tables(metadata: MetaData) -> None:
    """Add them to notify's own."""
    _subscriptions(metadata)
    _deliveries(metadata)
    _replays(metadata)
    _unplaced(metadata)


def _subscriptions(metadata: MetaData) -> None:
    Table(
        "subscriptions",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("name", String, nullable=False),
        Column("channel", String, nullable=False),
        Column("target", String, nullable=False),
        Column("holder", JSONB, nullable=False),
        Column("held_by", String, nullable=False),
        Column("filter", JSONB, nullable=False),
        Column("state", String, nullable=False, server_default=text("'active'")),
        Column("reason", String, nullable=False, server_default=text("''")),
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("wrapped_key", LargeBinary),
        Column("secret", LargeBinary),
        Column("old_secret", LargeBinary),
        Column("old_secret_until", DateTime(timezone=True)),
        Column("catching_up", Boolean, nullable=False, server_default=NO),
        Column("failures", Integer, nullable=False, server_default=ZERO),
        Column("open_until", DateTime(timezone=True)),
        Column("leased_until", DateTime(timezone=True), nullable=False, server_default=NEVER),
        Column("epoch", BigInteger, nullable=False, server_default=ZERO),
        UniqueConstraint("held_by", "name", name="subscription_has_one_name"),
        CheckConstraint("state IN ('active', 'paused', 'disabled')", name="subscription_state_is_known"),
        CheckConstraint("(channel = 'webhook') = (secret IS NOT NULL)", name="webhook_has_its_secret"),
        CheckConstraint("num_nulls(wrapped_key, secret) IN (0, 2)", name="secret_has_its_key"),
        CheckConstraint("num_nulls(old_secret, old_secret_until) IN (0, 2)", name="old_secret_has_its_end"),
        # Written with every attempt.
        postgresql_with={"fillfactor": "50"},
    )


def _deliveries(metadata: MetaData) -> None:
    Table(
        "deliveries",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("subscription_id", Uuid, ForeignKey("subscriptions.id"), nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("case_id", Uuid),
        Column("type", String, nullable=False),
        Column("repeated", Boolean, nullable=False, server_default=NO),
        # The events of a case go out by rank and id: 0 is from before the subscription, 1 from after.
        Column("rank", SmallInteger, nullable=False, server_default=text("1")),
        Column("state", String, nullable=False, server_default=text("'waiting'")),
        Column("attempts", SmallInteger, nullable=False, server_default=ZERO),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("asked_at", DateTime(timezone=True), nullable=False),
        Column("next_at", DateTime(timezone=True)),
        Column("settled_at", DateTime(timezone=True)),
        Column("event", LargeBinary, nullable=False),
        CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'suppressed')", name="delivery_state_is_known"),
        CheckConstraint(
            "(state = 'waiting') = (next_at IS NOT NULL) AND (state = 'waiting') = (settled_at IS NULL)",
            name="waiting_delivery_has_its_next_attempt",
        ),
        # An event is owed once, and again to who asks for it again.
        Index("delivery_once", "subscription_id", "event_id", unique=True, postgresql_where=text("NOT repeated")),
        Index("deliveries_due", "subscription_id", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("deliveries_of_case", "subscription_id", "case_id", "id", postgresql_where=text("state = 'waiting'")),
        Index("deliveries_in_order", "subscription_id", "id"),
        Index("deliveries_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
        postgresql_with={"fillfactor": "80"},
    )
    Table(
        "delivery_attempts",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("delivery_id", BigInteger, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("result", String, nullable=False),
        Column("status", SmallInteger),
        Column("milliseconds", Integer, nullable=False),
        Index("attempts_of_delivery", "delivery_id", "id"),
    )


def _replays(metadata: MetaData) -> None:
    Table(
        "replays",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("subscription_id", Uuid, ForeignKey("subscriptions.id"), nullable=False),
        Column("since", DateTime(timezone=True)),
        Column("case_id", Uuid),
        Column("repeated", Boolean, nullable=False),
        Column("asked_at", DateTime(timezone=True), nullable=False),
        Column("positions", JSONB),
        Column("deliveries", Integer, nullable=False, server_default=ZERO),
        Column("done_at", DateTime(timezone=True)),
        Column("leased_until", DateTime(timezone=True), nullable=False, server_default=NEVER),
        Column("epoch", BigInteger, nullable=False, server_default=ZERO),
        CheckConstraint("num_nonnulls(since, case_id) = 1", name="replay_is_of_a_time_or_a_case"),
        Index("replays_of_subscription", "subscription_id", "asked_at"),
        Index("replays_open", "asked_at", postgresql_where=text("done_at IS NULL")),
    )


def _unplaced(metadata: MetaData) -> None:
    Table(
        "unplaced_events",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("case_id", Uuid, nullable=False),
        Column("writer", String, nullable=False),
        Column("sequence", Integer),
        Column("at", String, nullable=False),
        Column("traceparent", String),
        Column("type", String, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("seen_at", DateTime(timezone=True), nullable=False),
        Index("unplaced_of_case", "case_id"),
    )
