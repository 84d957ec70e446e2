"""One row for each message that was ever owed: to whom by office or role, never by address, and what became of it.

What is still to be sent is a delivery, as that of a webhook is; the message outlives it.
"""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, MetaData, SmallInteger, String, Table, Uuid, text


def message_tables(metadata: MetaData) -> None:
    """Add them to notify's own."""
    Table(
        "messages",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("case_id", Uuid, nullable=False),
        Column("type", String, nullable=False),
        Column("audience", String, nullable=False),
        Column("channel", String, nullable=False),
        Column("office", String, nullable=False),
        Column("template", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False, server_default=text("'waiting'")),
        Column("reason", String, nullable=False, server_default=text("''")),
        Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
        Column("next_at", DateTime(timezone=True)),
        Column("changed_at", DateTime(timezone=True), nullable=False),
        CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'suppressed')", name="message_state_is_known"),
        CheckConstraint("(audience = 'applicant') = (office = '')", name="message_names_its_office"),
        Index("messages_of_case", "case_id", "id"),
        Index("messages_of_office", "office", "at", "id"),
        Index("messages_by_time", "at", "id"),
    )
