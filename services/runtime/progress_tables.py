"""The tables of how far each reader has read, the same in the schema of each service."""

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table


def progress_tables(metadata: MetaData) -> None:
    """Real time throughout: it means the same whatever business time runs."""
    Table(
        "reading_progress",
        metadata,
        Column("reader", String, primary_key=True),
        Column("process", String, primary_key=True),
        Column("read_until", DateTime(timezone=True), nullable=False),
        Column("seen_at", DateTime(timezone=True), nullable=False),
        Column("parts", Integer, nullable=False),
        postgresql_with={"fillfactor": "50"},
    )
    Table(
        "read_until",
        metadata,
        Column("reader", String, primary_key=True),
        Column("until", DateTime(timezone=True), nullable=False),
        postgresql_with={"fillfactor": "50"},
    )
