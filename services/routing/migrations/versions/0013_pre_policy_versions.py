"""Versions of the policy, with who activated them and why."""

from alembic import op

from libraries.versions.tables import create_policy_versions

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    create_policy_versions(op)
    op.execute(
        """
        ALTER TABLE policy_activations
            ADD COLUMN author varchar NOT NULL,
            ADD COLUMN reason varchar NOT NULL
        """
    )
