"""The audit's tables, the same in the schema of each service: rows, and apart from them the chain that holds them."""

from typing import Final, Protocol

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Uuid,
    text,
)

# Nobody who is at work has a reason to change or remove what stands here; whoever does so as a superuser is found.
CREATE: Final = """
CREATE TABLE audit_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    at timestamptz NOT NULL DEFAULT now(),
    kind varchar NOT NULL CONSTRAINT audited_kind_is_known CHECK (kind IN ('change', 'read')),
    what varchar NOT NULL,
    subject varchar NOT NULL,
    role varchar NOT NULL DEFAULT '',
    office varchar,
    case_id uuid,
    about varchar NOT NULL DEFAULT '',
    purpose varchar NOT NULL DEFAULT '',
    event_id uuid,
    digest bytea
);

CREATE INDEX audit_entries_in_order ON audit_entries (xid, id);

CREATE TABLE audit_links (
    position bigint PRIMARY KEY,
    entry_id bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE audit_chain (
    id smallint PRIMARY KEY DEFAULT 1 CONSTRAINT audit_has_one_chain CHECK (id = 1),
    xid bigint NOT NULL DEFAULT 0,
    entry_id bigint NOT NULL DEFAULT 0,
    floor_id bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT '',
    signed_at timestamptz
);

INSERT INTO audit_chain DEFAULT VALUES;

CREATE FUNCTION refuse_to_change_the_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of the audit are neither changed nor removed';
END
$$;

CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit();

CREATE TRIGGER audit_links_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit()
"""


class Operations(Protocol):
    """The part of Alembic's `op` that is used here."""

    def execute(self, sqltext: str) -> None: ...


def create_audit(op: Operations) -> None:
    """Make the tables in the schema that the search path names."""
    for statement in CREATE.split(";\n\n"):
        op.execute(statement)


def audit_tables(metadata: MetaData) -> None:
    """Add the audit's tables to the service's own."""
    _entries(metadata)
    Table(
        "audit_links",
        metadata,
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("entry_id", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    Table(
        "audit_chain",
        metadata,
        Column("id", SmallInteger, primary_key=True, autoincrement=False, server_default=text("1")),
        Column("xid", BigInteger, nullable=False, server_default=text("0")),
        Column("entry_id", BigInteger, nullable=False, server_default=text("0")),
        Column("floor_id", BigInteger, nullable=False, server_default=text("0")),
        Column("position", BigInteger, nullable=False, server_default=text("0")),
        Column("hash", LargeBinary, nullable=False, server_default=text("''")),
        Column("signed_at", DateTime(timezone=True)),
        CheckConstraint("id = 1", name="audit_has_one_chain"),
    )


def _entries(metadata: MetaData) -> None:
    """No personal data and no free text: ids, codes, and the digest of an event that was said."""
    Table(
        "audit_entries",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("xid", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
        Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("kind", String, nullable=False),
        Column("what", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("role", String, nullable=False, server_default=""),
        Column("office", String),
        Column("case_id", Uuid),
        Column("about", String, nullable=False, server_default=""),
        Column("purpose", String, nullable=False, server_default=""),
        Column("event_id", Uuid),
        Column("digest", LargeBinary),
        CheckConstraint("kind IN ('change', 'read')", name="audited_kind_is_known"),
        Index("audit_entries_in_order", "xid", "id"),
    )
