"""Partners, as the registry has them."""

from alembic import op

from libraries.partners.tables import create_partners
from services.notify.partners.tables import create_registry

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    create_partners(op)
    create_registry(op)
