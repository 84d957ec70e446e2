"""Answers to requests with an `Idempotency-Key` are kept."""

from alembic import op

from libraries.runtime.database.migrations.plumbing import keep_answers

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    keep_answers(op)
