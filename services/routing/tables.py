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

from libraries.partners.tables import partner_tables
from libraries.runtime.audit.tables import audit_tables
from libraries.runtime.database.clock_tables import clock_table
from libraries.runtime.database.progress_tables import progress_tables
from libraries.runtime.database.tables import plumbing_tables
from libraries.runtime.jobs.recounting import calendar_loads
from libraries.versions.tables import policy_tables

metadata = MetaData()
plumbing_tables(metadata)
audit_tables(metadata)
progress_tables(metadata)
loads = calendar_loads(metadata)
policy_tables(metadata, Column("author", String, nullable=False), Column("reason", String, nullable=False))
partner_tables(metadata)

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
    Column("judged", JSONB, nullable=False, server_default="[]"),
    Column("wrapped_key", LargeBinary),
    Index("routed_cases_by_number", "number"),
    Index("routed_cases_by_area", "area", "case_id"),
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
    Column("checks", JSONB, nullable=False, server_default="[]"),
    Column("trace", JSONB, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", String, nullable=False),
    Column("category", String),
    Column("area", String),
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
    Column("arbitrated_by", String),
    Column("supersedes", Uuid),
    Column("decider", String),
    Column("extension", JSONB),
    Column("sent_as", String, nullable=False, server_default="dispatch"),
    Column("consent", String),
    Column("urged_at", DateTime(timezone=True)),
    Column("asked", JSONB),
    Column("dispatched_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("round > 0", name="rounds_count_from_one"),
    Index("referrals_of_case", "case_id"),
    Index("referrals_of_office", "office", "state", "referral_id"),
    Index("referrals_to_decide", "decider", "referral_id", postgresql_where=text("decider IS NOT NULL")),
    Index(
        "one_live_lead_per_case",
        "case_id",
        unique=True,
        postgresql_where=text("role = 'lead' AND ended_at IS NULL"),
    ),
    Index(
        "one_live_leg_per_office",
        "case_id",
        "office",
        unique=True,
        postgresql_where=text("ended_at IS NULL AND role <> 'check'"),
    ),
    Index(
        "one_live_check_per_office",
        "case_id",
        "office",
        unique=True,
        postgresql_where=text("ended_at IS NULL AND role = 'check'"),
    ),
)

check_consents = Table(
    "check_consents",
    metadata,
    Column("consent_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("purpose", String, nullable=False),
    Column("consent", String, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    Index("check_consents_of_case", "case_id", "consent_id"),
)
"""As intake has told of them; one may be given before the case is accepted, and so before it is routed."""

clocks = clock_table(
    metadata,
    Index("clocks_running_out", "kind", "due_at", postgresql_where=text("stopped_at IS NULL")),
    of_referrals=True,
)
"""Open ones, and those that have ended."""

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
    Column("door", String, nullable=False, server_default=""),
    Column("post", String, nullable=False, server_default=""),
    Column("subject", String, nullable=False, server_default=""),
    Column("record_offset", BigInteger),
    Index("answers_to_referral", "referral_id", "id"),
)

acts = Table(
    "acts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid, nullable=False),
    Column("act", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("role", String, nullable=False),
    Column("office", String, nullable=False),
    Column("post", String, nullable=False),
    Column("door", String, nullable=False),
    Column("subject", String, nullable=False),
    Index("acts_on_referral", "referral_id", "id"),
)

corrections = Table(
    "pause_corrections",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("referral_id", Uuid, nullable=False),
    Column("clock_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("pause", Integer, nullable=False),
    Column("was_start", DateTime(timezone=True), nullable=False),
    Column("was_end", DateTime(timezone=True)),
    Column("start", DateTime(timezone=True), nullable=False),
    Column("end", DateTime(timezone=True)),
    Column("reason", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("corrected_at", DateTime(timezone=True), nullable=False),
    Column("corrected_by", String, nullable=False),
    Index("corrections_of_referral", "referral_id", "id"),
)

text_reads = Table(
    "text_reads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("referral_id", Uuid, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Column("part", String, nullable=False, server_default="answers"),
    Index("text_reads_of_referral", "referral_id", "id"),
)
