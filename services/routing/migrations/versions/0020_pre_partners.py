"""Partners, as notify has said them."""

from alembic import op

from libraries.partners.tables import create_partners

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    create_partners(op)
