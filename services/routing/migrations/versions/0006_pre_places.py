"""Cases are found by their area: for lists, and to move what is open when areas change."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE INDEX routed_cases_by_area ON routed_cases (area, case_id)")
