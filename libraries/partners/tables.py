"""The tables of what the registry of partners says, the same in the schema of each service."""

from typing import Final

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from libraries.runtime.database.migrations.plumbing import Operations

TABLES: Final = """
CREATE TABLE partners (
    name varchar PRIMARY KEY,
    version integer NOT NULL,
    role varchar NOT NULL,
    office varchar NOT NULL,
    area varchar NOT NULL,
    sources jsonb NOT NULL,
    issuer varchar NOT NULL,
    issuer_subject varchar NOT NULL,
    disabled boolean NOT NULL,
    tokens_from timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE revoked_tokens (
    token_id varchar PRIMARY KEY,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz NOT NULL
);

CREATE TABLE signing_keys (
    key_id varchar PRIMARY KEY,
    version integer NOT NULL,
    public_key varchar NOT NULL,
    ends_at timestamptz,
    changed_at timestamptz NOT NULL
)
"""
"""Frozen: later changes are new migrations."""


def create_partners(op: Operations) -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)


def partner_tables(metadata: MetaData) -> None:
    Table(
        "partners",
        metadata,
        Column("name", String, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("role", String, nullable=False),
        Column("office", String, nullable=False),
        Column("area", String, nullable=False),
        Column("sources", JSONB, nullable=False),
        Column("issuer", String, nullable=False),
        Column("issuer_subject", String, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("tokens_from", DateTime(timezone=True), nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False),
    )
    Table(
        "revoked_tokens",
        metadata,
        Column("token_id", String, primary_key=True),
        Column("ends_at", DateTime(timezone=True), nullable=False),
        Column("revoked_at", DateTime(timezone=True), nullable=False),
    )
    Table(
        "signing_keys",
        metadata,
        Column("key_id", String, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("public_key", String, nullable=False),
        Column("ends_at", DateTime(timezone=True)),
        Column("changed_at", DateTime(timezone=True), nullable=False),
    )
