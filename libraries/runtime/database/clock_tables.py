"""The table of clocks, the same in the schema of each service that has some."""

from sqlalchemy import Column, DateTime, Index, Integer, MetaData, String, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB


def clock_table(metadata: MetaData, *further: Index, of_referrals: bool) -> Table:
    """`of_referrals`: each belongs to a referral of its case; else to the case itself."""
    return Table(
        "clocks",
        metadata,
        Column("clock_id", Uuid, primary_key=True),
        Column("case_id", Uuid, nullable=False),
        Column("referral_id", Uuid, nullable=not of_referrals),
        Column("kind", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("status", String, nullable=False),
        Column("due_at", DateTime(timezone=True)),
        Column("stopped_at", DateTime(timezone=True)),
        Column("clock", JSONB, nullable=False),
        Column("calendar_version", String, server_default=""),
        Index("clocks_of_case", "case_id"),
        # Open ones alone carry a version: a recount finds what another calendar counted without a look at the rest.
        Index(
            "clocks_by_calendar",
            "calendar_version",
            "case_id",
            postgresql_where=text("calendar_version IS NOT NULL"),
        ),
        *further,
    )
