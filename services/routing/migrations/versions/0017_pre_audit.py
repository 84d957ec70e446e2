"""The audit: rows of changes and reads, and the chain that holds them. Of what was done before there are none."""

from alembic import op

from libraries.runtime.audit.tables import create_audit

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    create_audit(op)
