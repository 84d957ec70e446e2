"""The tables of policy versions, the same in the schema of each service but for who activated them."""

from typing import Final

from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from libraries.runtime.database.migrations.plumbing import Operations

VERSIONS: Final = """
CREATE TABLE policy_versions (
    version varchar PRIMARY KEY,
    pack varchar NOT NULL,
    effective_from date NOT NULL,
    content bytea NOT NULL,
    stored_at timestamptz NOT NULL
);

CREATE TABLE policy_activations (
    number integer PRIMARY KEY,
    version varchar NOT NULL REFERENCES policy_versions (version),
    starts_at timestamptz NOT NULL,
    activated_at timestamptz NOT NULL
)
"""
"""Frozen: later changes are new migrations."""


def create_policy_versions(op: Operations) -> None:
    for statement in VERSIONS.split(";\n"):
        op.execute(statement)


def policy_tables(metadata: MetaData, *more: Column[str]) -> None:
    """`more` columns of an activation are those of the service that decides on it."""
    Table(
        "policy_versions",
        metadata,
        Column("version", String, primary_key=True),
        Column("pack", String, nullable=False),
        Column("effective_from", Date, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Column("stored_at", DateTime(timezone=True), nullable=False),
    )
    Table(
        "policy_activations",
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("version", String, ForeignKey("policy_versions.version"), nullable=False),
        Column("starts_at", DateTime(timezone=True), nullable=False),
        Column("activated_at", DateTime(timezone=True), nullable=False),
        *more,
    )
