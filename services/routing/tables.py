"""Routing's tables: cases that were routed, decisions with their trace, referrals, clocks, answers."""

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
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.tables import plumbing_tables

metadata = MetaData()
plumbing_tables(metadata)

routed_cases = Table(
    "routed_cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("number", String, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("area", String, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("first_contact_office", String, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
    Column("wrapped_key", LargeBinary),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("routed_cases.case_id"), nullable=False),
    Column("policy_version", String, nullable=False),
    Column("rule", String),
    Column("lead", String, nullable=False),
    Column("co_handlers", JSONB, nullable=False),
    Column("copies", JSONB, nullable=False),
    Column("trace", JSONB, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", String, nullable=False),
    Index("decisions_of_case", "case_id"),
)

referrals = Table(
    "referrals",
    metadata,
    Column("referral_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("routed_cases.case_id"), nullable=False),
    Column("decision_id", Uuid, nullable=False),
    Column("office", String, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("deemed", Boolean, nullable=False),
    Column("return_locked", Boolean, nullable=False),
    Column("supersedes", Uuid),
    Column("dispatched_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("round > 0", name="rounds_count_from_one"),
    Index("referrals_of_case", "case_id"),
    Index("referrals_of_office", "office", "state", "referral_id"),
    Index(
        "one_live_lead_per_case",
        "case_id",
        unique=True,
        postgresql_where=text("role = 'lead' AND ended_at IS NULL"),
    ),
)

clocks = Table(
    "clocks",
    metadata,
    Column("clock_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid, nullable=False),
    Column("kind", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("stopped_at", DateTime(timezone=True)),
    Column("clock", JSONB, nullable=False),
    Index("clocks_of_case", "case_id"),
    Index(
        "answers_awaited",
        "due_at",
        postgresql_where=text("kind IN ('signing', 'return_window') AND stopped_at IS NULL"),
    ),
)

answers = Table(
    "answers_of_offices",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid, nullable=False),
    Column("feedback_id", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("action", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("code", String),
    Column("occurred_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("sealed_text", LargeBinary),
    Index("answers_to_referral", "referral_id", "id"),
)

text_reads = Table(
    "text_reads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("referral_id", Uuid, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
)
