"""Versions of the policy, as routing has said them."""

from alembic import op

from libraries.versions.tables import create_policy_versions

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    create_policy_versions(op)
