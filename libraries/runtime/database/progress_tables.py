"""The tables of how far each reader has read and each writer has come, the same in the schema of each service."""

from sqlalchemy import Column, DateTime, Integer, MetaData, SmallInteger, String, Table


def progress_tables(metadata: MetaData) -> None:
    """Real time but for `until` of a watermark: it means the same whatever business time runs."""
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
    Table(
        "watermarks",
        metadata,
        Column("writer", String, primary_key=True),
        Column("hops", SmallInteger, primary_key=True, autoincrement=False),
        Column("until", DateTime(timezone=True), primary_key=True),
        Column("heard_at", DateTime(timezone=True), nullable=False),
        postgresql_with={"fillfactor": "50"},
    )
