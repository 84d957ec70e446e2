"""By what a partner shows who it is, and by what its tokens are signed. Secrets lie here sealed or as a hash."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from libraries.runtime.database.migrations.plumbing import Operations

CREATED = (
    """
    CREATE TABLE partner_credentials (
        partner varchar NOT NULL REFERENCES partners (name),
        number integer NOT NULL,
        secret_hash bytea NOT NULL,
        wrapped_key bytea NOT NULL,
        salt bytea NOT NULL,
        iterations integer NOT NULL,
        salted_password bytea NOT NULL,
        created_at timestamptz NOT NULL,
        ends_at timestamptz,
        PRIMARY KEY (partner, number),
        CONSTRAINT credentials_count_from_one CHECK (number > 0)
    )
    """,
    """
    CREATE TABLE signing_secrets (
        key_id varchar PRIMARY KEY REFERENCES signing_keys (key_id),
        wrapped_key bytea NOT NULL,
        private_key bytea NOT NULL,
        signs_from timestamptz NOT NULL
    )
    """,
)
"""Frozen: later changes are new migrations."""


def create_registry(op: Operations) -> None:
    for statement in CREATED:
        op.execute(statement)


def registry_tables(metadata: MetaData) -> None:
    """Add them to notify's own."""
    Table(
        "partner_credentials",
        metadata,
        Column("partner", String, ForeignKey("partners.name"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("secret_hash", LargeBinary, nullable=False),
        Column("wrapped_key", LargeBinary, nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("iterations", Integer, nullable=False),
        Column("salted_password", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("ends_at", DateTime(timezone=True)),
        CheckConstraint("number > 0", name="credentials_count_from_one"),
    )
    Table(
        "signing_secrets",
        metadata,
        Column("key_id", String, ForeignKey("signing_keys.key_id"), primary_key=True),
        Column("wrapped_key", LargeBinary, nullable=False),
        Column("private_key", LargeBinary, nullable=False),
        Column("signs_from", DateTime(timezone=True), nullable=False),
    )
