"""Referrals are asked for by the number of their case."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE INDEX routed_cases_by_number ON routed_cases (number)")
