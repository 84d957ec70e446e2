"""Notify's tables: a timer per clock, where each case and referral stands, what arrived, and which alerts were sent."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from libraries.partners.tables import partner_tables
from libraries.runtime.audit.tables import audit_tables
from libraries.runtime.database.progress_tables import progress_tables
from libraries.runtime.database.tables import plumbing_tables
from libraries.versions.tables import policy_tables
from services.notify.delivery.tables import delivery_tables
from services.notify.messaging.tables import message_tables
from services.notify.partners.tables import registry_tables

metadata = MetaData()
plumbing_tables(metadata)
audit_tables(metadata)
progress_tables(metadata)
policy_tables(metadata)
partner_tables(metadata)
delivery_tables(metadata)
message_tables(metadata)
registry_tables(metadata)

XID = text("pg_current_xact_id()::text::bigint")

timers = Table(
    "timers",
    metadata,
    Column("clock_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid),
    Column("kind", String, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("due_soon_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("provisional", Boolean, nullable=False),
    Column("status", String, nullable=False),
    Column("next_alert", String),
    Column("next_fire_at", DateTime(timezone=True)),
    Column("pending", JSONB, nullable=False, server_default=text("'[]'")),
    Column("sent", JSONB, nullable=False, server_default=text("'[]'")),
    Column("breached_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("traceparent", String),
    CheckConstraint("version > 0", name="versions_count_from_one"),
    CheckConstraint("num_nonnulls(next_alert, next_fire_at) IN (0, 2)", name="next_alert_has_its_time"),
    CheckConstraint(
        "status NOT IN ('met', 'cancelled') OR (ended_at IS NOT NULL AND next_alert IS NULL)",
        name="ended_timer_has_no_next_alert",
    ),
    CheckConstraint("status <> 'breached' OR breached_at IS NOT NULL", name="breach_has_its_time"),
    # Only what still has something to say: the poll reads its first entries, however many timers have ended.
    Index("timers_to_fire", "next_fire_at", postgresql_where=text("next_fire_at IS NOT NULL")),
    # What people ask for is what is open and pressing, a small part of all.
    Index(
        "timers_pressing",
        "office",
        "due_at",
        postgresql_where=text("status IN ('due_soon', 'breached') AND ended_at IS NULL"),
    ),
    Index(
        "timers_open_by_due",
        "due_at",
        "clock_id",
        postgresql_where=text("ended_at IS NULL AND due_at IS NOT NULL"),
    ),
    Index("timers_of_referral", "referral_id"),
    # Who was ever late: the figures ask it of everything that was completed.
    Index("timers_breached", "referral_id", postgresql_where=text("status = 'breached'")),
    Index("timers_of_window", "case_id", postgresql_where=text("referral_id IS NULL AND ended_at IS NULL")),
    postgresql_with={"fillfactor": "80"},
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("number", String, nullable=False),
    Column("area", String, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("state", String, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("satisfied", Boolean),
    Column("source", String, server_default=text("''")),
    Column("first_contact_office", String, nullable=False, server_default=text("''")),
    Column("erased", Boolean, nullable=False, server_default=text("false")),
    postgresql_with={"fillfactor": "80"},
)

lead_steps = Table(
    "lead_steps",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("step", String, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

referral_status = Table(
    "referral_status",
    metadata,
    Column("referral_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("dispatched_at", DateTime(timezone=True), nullable=False),
    Column("signed_at", DateTime(timezone=True)),
    Column("last_contact_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("returns", SmallInteger, nullable=False),
    CheckConstraint("round > 0", name="rounds_count_from_one"),
    CheckConstraint("returns >= 0", name="returns_are_counted"),
    Index("referral_status_of_office", "office", "dispatched_at"),
    Index("referral_status_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    Index("referral_status_open", "office", "area", postgresql_where=text("ended_at IS NULL AND role <> 'info'")),
    postgresql_with={"fillfactor": "80"},
)

referral_outcomes = Table(
    "referral_outcomes",
    metadata,
    Column("referral_id", Uuid, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("role", String, nullable=False),
    Column("sent_as", String, nullable=False),
    Column("dispatched_at", DateTime(timezone=True), nullable=False),
    Column("sign_due_at", DateTime(timezone=True)),
    Column("signed_at", DateTime(timezone=True)),
    Column("responded_at", DateTime(timezone=True)),
    Column("taken", Boolean, nullable=False),
    Column("has_limit", Boolean, nullable=False),
    Column("work_due_at", DateTime(timezone=True)),
    Column("came_late", Boolean, nullable=False),
    Column("extensions", SmallInteger, nullable=False),
    Column("return_requested_at", DateTime(timezone=True)),
    Column("return_pending", Boolean, nullable=False),
    Column("returned_at", DateTime(timezone=True)),
    Column("reassigned_at", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    Column("failed_at", DateTime(timezone=True)),
    Column("cancelled_at", DateTime(timezone=True)),
    Column("cancelled_because", String, nullable=False),
    Index("referral_outcomes_of_office", "office", "dispatched_at"),
    Index("referral_outcomes_by_dispatch", "dispatched_at"),
    postgresql_with={"fillfactor": "80"},
)

case_outcomes = Table(
    "case_outcomes",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("area", String, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("heard", Boolean, nullable=False, server_default=text("false")),
    Column("resolved_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("satisfied", Boolean),
    Column("reopened_at", DateTime(timezone=True)),
    Column("terminated_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("merged_at", DateTime(timezone=True)),
    Column("office", String),
    Column("sendings", SmallInteger, nullable=False, server_default=text("0")),
    Column("returns", SmallInteger, nullable=False, server_default=text("0")),
    Index("case_outcomes_of_office", "office"),
    postgresql_with={"fillfactor": "80"},
)

escalations = Table(
    "escalations",
    metadata,
    Column("clock_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid),
    Column("kind", String, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("level", String, nullable=False),
    Column("reached_at", DateTime(timezone=True)),
    Column("notified", JSONB, nullable=False),
    Column("next_level", String),
    Column("next_at", DateTime(timezone=True)),
    Column("paused_seconds", Integer, nullable=False),
    Column("paused_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("num_nonnulls(next_level, next_at) IN (0, 2)", name="next_level_has_its_time"),
    CheckConstraint(
        "num_nonnulls(paused_at, ended_at) = 0 OR next_at IS NULL", name="stopped_escalation_has_no_next_level"
    ),
    CheckConstraint("(level = 'none') = (reached_at IS NULL)", name="level_was_reached"),
    # As with timers: the poll reads its first entries, however many have ended.
    Index("escalations_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index(
        "escalations_open",
        "due_at",
        "clock_id",
        postgresql_where=text("ended_at IS NULL AND level <> 'none'"),
    ),
    postgresql_with={"fillfactor": "80"},
)

received_feedback = Table(
    "received_feedback",
    metadata,
    Column("office", String, primary_key=True),
    Column("feedback_id", String, primary_key=True),
    Column("referral_id", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("stops", JSONB, nullable=False, server_default=text("'[]'")),
    Column("defers_until", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Index("received_feedback_of_referral", "referral_id", "received_at"),
    Index("received_feedback_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    Index("received_feedback_unsettled", "defers_until", postgresql_where=text("settled_at IS NULL")),
)

refused_feedback = Table(
    "refused_feedback",
    metadata,
    Column("office", String, primary_key=True),
    Column("feedback_id", String, primary_key=True),
    Column("case_id", Uuid, primary_key=True),
    Column("referral_id", Uuid, nullable=False),
    Column("action", String, nullable=False),
    Column("code", String, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index("refused_feedback_by_time", "received_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("xid", BigInteger, nullable=False, server_default=XID),
    Column("place", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid),
    Column("clock_id", Uuid, nullable=False),
    Column("kind", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("fired_at", DateTime(timezone=True), nullable=False),
    Column("level", String, nullable=False, server_default=""),
    Column("late_seconds", Integer, nullable=False, server_default=text("0")),
    Column("recipients", JSONB, nullable=False),
    # Read in this order below the oldest running transaction, so a late commit is never passed over.
    Index("alerts_in_order", "xid", "place"),
    Index("alerts_of_office", "office", "xid", "place"),
)

consumer_progress = Table(
    "consumer_progress",
    metadata,
    Column("reader", String, primary_key=True),
    Column("process", String, primary_key=True),
    Column("read_until", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    postgresql_with={"fillfactor": "50"},
)
