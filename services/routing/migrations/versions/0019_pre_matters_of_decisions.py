"""Which matter, and of which place, a decision was about: a case that is reclassified has several.

Unknown of what was decided before.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

STATEMENTS = (
    "ALTER TABLE decisions ADD COLUMN category varchar",
    "ALTER TABLE decisions ADD COLUMN area varchar",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
