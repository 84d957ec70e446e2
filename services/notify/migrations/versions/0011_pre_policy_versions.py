"""Versions of the policy, as routing has said them."""

from alembic import op

from libraries.versions.tables import create_policy_versions

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    create_policy_versions(op)
