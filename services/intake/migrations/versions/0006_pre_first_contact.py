"""A case names the post of who was asked first; the subject of the token stands in its story alone.

Intake stands still while it runs: the version before writes the column that goes.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE cases ADD COLUMN first_contact_post varchar NOT NULL DEFAULT ''",
    "ALTER TABLE cases DROP COLUMN first_contact_officer",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
