"""Lists of cases in one state: what a window has to accept or to call back is a few of all that there ever were."""

from alembic import op

revision = "0040"
down_revision = "0039"

STATEMENTS = ("CREATE INDEX cases_by_state ON cases (state, case_id)",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
