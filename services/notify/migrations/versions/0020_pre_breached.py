"""Clocks that broke, by referral: the figures ask of everything that was completed whether it was late."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = ("CREATE INDEX timers_breached ON timers (referral_id) WHERE status = 'breached'",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
