"""Intake's tables: cases with their sealed applicants, clocks, numbers, timeline, offices that have them, reads."""

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
    String,
    Table,
    UniqueConstraint,
    Uuid,
    func,
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
policy_tables(metadata)
partner_tables(metadata)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("number", String, nullable=False),
    Column("source", String, nullable=False),
    Column("submission_id", String, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("category", String, nullable=False),
    Column("field", String, nullable=False),
    Column("area", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("required", JSONB, nullable=False),
    Column("materials", JSONB, nullable=False),
    Column("first_contact_office", String, nullable=False),
    Column("first_contact_area", String, nullable=False),
    Column("first_contact_post", String, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("notices", Integer, nullable=False),
    Column("accepted_at", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
    Column("called_back_at", DateTime(timezone=True)),
    Column("lead", Uuid),
    Column("lead_office", String),
    Column("handling", JSONB),
    Column("pending_notices", JSONB, nullable=False, server_default="[]"),
    Column("merged_into", Uuid),
    Column("reclassified", JSONB),
    Column("judged", JSONB, nullable=False, server_default="[]"),
    Column("result", String),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed_applicant", LargeBinary, nullable=False),
    Column("sealed_summary", LargeBinary, nullable=False),
    UniqueConstraint("number", name="case_number_once"),
    UniqueConstraint("source", "submission_id", name="submission_makes_one_case"),
    CheckConstraint("round > 0", name="rounds_count_from_one"),
    CheckConstraint(
        "(state IN ('resolved', 'closed', 'archived')) = (resolved_at IS NOT NULL)", name="solved_cases_say_when"
    ),
    CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_cases_say_into_which"),
    CheckConstraint("num_nonnulls(lead, lead_office) IN (0, 2)", name="lead_has_an_office"),
    Index("cases_by_area", "area", "case_id"),
    Index("cases_by_window", "first_contact_area", "case_id"),
    Index("cases_by_state", "state", "case_id"),
    # Rows change several times in their life, and seldom an indexed column: room for that beside them.
    postgresql_with={"fillfactor": "70"},
)

match_keys = Table(
    "match_keys",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("match_key", LargeBinary, primary_key=True),
    Index("cases_by_match_key", "match_key", "kind", "case_id"),
)
"""By what a person or a household is told apart and found, as keyed hashes; they go when the case is erased."""

person_searches = Table(
    "person_searches",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject", String, nullable=False),
    Column("searched_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("searches_of_subject", "subject", "searched_at"),
)
"""Of the last hour, so that nobody tries out names and numbers; the audit has all of them."""

clocks = clock_table(metadata, of_referrals=False)
"""The window's own that are open."""

serials = Table(
    "case_serials",
    metadata,
    Column("county", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

timeline = Table(
    "case_timeline",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("type", String, nullable=False),
    Column("by", String, nullable=False),
    Column("data", JSONB),
    Column("event", LargeBinary),
    Index("timeline_of_case", "case_id", "id"),
)

applicant_reads = Table(
    "applicant_reads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Column("purpose", String, nullable=False, server_default=""),
    Column("part", String, nullable=False, server_default="applicant"),
    Index("applicant_reads_of_case", "case_id", "id"),
)

summary_reads = Table(
    "summary_reads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Index("summary_reads_of_case", "case_id", "id"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.case_id"), primary_key=True),
    Column("issue", Integer, primary_key=True),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    CheckConstraint("issue > 0", name="first_receipt_is_the_registration"),
)

consents = Table(
    "consents",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.case_id"), primary_key=True),
    Column("consent", String, nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
)

check_consents = Table(
    "check_consents",
    metadata,
    Column("consent_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("purpose", String, nullable=False),
    Column("consent", String, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawn_by", String),
    Column("withdrawn_role", String),
    Index("check_consents_of_case", "case_id", "consent_id"),
    Index(
        "one_consent_stands_for_a_purpose",
        "case_id",
        "purpose",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)

window_checks = Table(
    "window_checks",
    metadata,
    Column("check_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("office", String, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("sealed_question", LargeBinary, nullable=False),
    Index("window_checks_of_case", "case_id", "check_id"),
)
"""What windows have asked, sealed with the key of the case; the answers are routing's."""

documents = Table(
    "documents",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.case_id"), primary_key=True),
    Column("serial", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("office", String),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("policy_version", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    CheckConstraint("serial > 0", name="documents_count_from_one"),
)
"""What the window handed out, sealed with the key of the case: once that is destroyed, nobody can read it."""

attachments = Table(
    "attachments",
    metadata,
    Column("attachment_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("parts", JSONB, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("sha256", LargeBinary),
    Column("thumbnail", String),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("added_at", DateTime(timezone=True)),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Column("clean_at", DateTime(timezone=True)),
    Column("material", String, nullable=False, server_default=""),
    Column("handed_in_at", DateTime(timezone=True)),
    Column("taken_from", Uuid),
    Column("take_over", Uuid),
    CheckConstraint("num_nonnulls(taken_from, take_over) IN (0, 2)", name="taken_over_says_from_where_and_when"),
    CheckConstraint("state IN ('coming', 'kept', 'dropped')", name="attachment_is_in_a_state"),
    CheckConstraint("size > 0", name="attachments_are_not_empty"),
    CheckConstraint("arrived BETWEEN 0 AND size", name="no_more_arrives_than_was_said"),
    CheckConstraint(
        "state <> 'kept' OR (arrived = size AND sha256 IS NOT NULL AND added_at IS NOT NULL)", name="kept_is_whole"
    ),
    Index("attachments_of_case", "case_id", "attachment_id"),
    Index("attachments_to_clean", "clean_at", postgresql_where=text("clean_at IS NOT NULL")),
)
"""Nothing lies in the store without its row: `clean_at` is when what no row names any more is taken away there."""

take_overs = Table(
    "take_overs",
    metadata,
    Column("take_over_id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("consent", String, nullable=False),
    Column("added", JSONB, nullable=False),
    Column("taken_over_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("withdrawn_by", String),
    Column("withdrawn_role", String),
    Index("take_overs_of_case", "case_id", "take_over_id"),
)
"""Consents to files of earlier cases serving again (免于重复提交); the files are attachments of the case."""

attachment_reads = Table(
    "attachment_reads",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.case_id"), nullable=False),
    Column("attachment_id", Uuid, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("office", String),
    Index("attachment_reads_of_case", "case_id", "id"),
)

office_relations = Table(
    "office_relations",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.case_id"), primary_key=True),
    Column("referral_id", Uuid, primary_key=True),
    Column("office", String, primary_key=True),
    Column("relation", String, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("waits_for", String),
    Column("waits_since", DateTime(timezone=True)),
    CheckConstraint("num_nonnulls(waits_for, waits_since) IN (0, 2)", name="waiting_says_for_what_and_since_when"),
    Index("relations_of_office", "office", "case_id"),
)
