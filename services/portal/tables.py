"""The portal's tables: accounts with posts and what was done with them, sessions, tries, links, drafts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from libraries.runtime.audit.tables import audit_tables

metadata = MetaData()
audit_tables(metadata)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("login", String, nullable=False),
    Column("password_hash", String),
    Column("must_change", Boolean, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("password_at", DateTime(timezone=True), nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    UniqueConstraint("login", name="login_is_one_account"),
    CheckConstraint("login = lower(login)", name="login_is_lower_case"),
)

identities = Table(
    "identities",
    metadata,
    Column("identity_hash", LargeBinary, primary_key=True),
    Column("issuer", String, nullable=False),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("identities_account_id", "account_id"),
)

spent_sign_ins = Table(
    "spent_sign_ins",
    metadata,
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("post_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("role", String, nullable=False),
    Column("office", String, nullable=False),
    Column("area", String, nullable=False),
    Column("code", String, nullable=False),
    Column("begins_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("deputy_for", Uuid, ForeignKey("accounts.account_id")),
    Column("by_group", String, nullable=False, server_default=""),
    CheckConstraint("role <> 'officer' OR office <> ''", name="officer_has_an_office"),
    CheckConstraint(
        "deputy_for IS NULL OR (begins_at < ends_at AND deputy_for <> account_id)", name="deputy_for_a_time"
    ),
    Index(
        "post_is_held_once",
        "account_id",
        "role",
        "office",
        "area",
        "code",
        unique=True,
        postgresql_where=text("ends_at IS NULL"),
    ),
    Index("posts_by_area", "area", "account_id"),
)

account_acts = Table(
    "account_acts",
    metadata,
    Column("act_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("by", Uuid, ForeignKey("accounts.account_id")),
    Column("act", String, nullable=False),
    Column("about", JSONB, nullable=False),
    Index("acts_on_account", "account_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("post_id", Uuid, ForeignKey("posts.post_id"), nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
    UniqueConstraint("secret_hash", name="secret_opens_one_session"),
    Index("sessions_account_id", "account_id"),
)

logins = Table(
    "logins",
    metadata,
    Column("login_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("name_hash", LargeBinary, nullable=False),
    Column("account_id", Uuid),
    Column("address", String, nullable=False),
    Column("outcome", String, nullable=False),
    Index("logins_name_hash_at", "name_hash", "at"),
    Index("logins_address_at", "address", "at"),
    Index("logins_at", "at"),
)

links = Table(
    "links",
    metadata,
    Column("link_id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("referral_id", Uuid, nullable=False),
    Column("number", String, nullable=False),
    Column("office", String, nullable=False),
    Column("made_by", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Uuid, ForeignKey("accounts.account_id")),
    UniqueConstraint("secret_hash", name="secret_opens_one_referral"),
    CheckConstraint("ends_at > made_at", name="link_ends_after_it_begins"),
    CheckConstraint("num_nonnulls(revoked_at, revoked_by) IN (0, 2)", name="revoking_says_when_and_by_whom"),
    Index("links_of_referral", "referral_id"),
)

link_uses = Table(
    "link_uses",
    metadata,
    Column("use_id", BigInteger, Identity(always=True), primary_key=True),
    Column("link_id", Uuid, ForeignKey("links.link_id"), nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False),
    Column("act", String, nullable=False),
    Column("address", String, nullable=False),
    Index("uses_of_link", "link_id"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("draft_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("category", String, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Index("drafts_account_id", "account_id", "saved_at"),
    Index("drafts_ends_at", "ends_at"),
)
