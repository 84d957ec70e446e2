"""Which calendar an open clock was counted by, and corrections of pauses.

The default speaks for processes that do not know the column yet: their rows are counted once more.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "CREATE TABLE calendar_loads (version varchar PRIMARY KEY, loaded_at timestamptz NOT NULL)",
    "ALTER TABLE clocks ADD COLUMN calendar_version varchar DEFAULT ''",
    "CREATE INDEX clocks_by_calendar ON clocks (calendar_version, case_id) WHERE calendar_version IS NOT NULL",
    """
        CREATE TABLE pause_corrections (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id uuid NOT NULL,
            referral_id uuid NOT NULL,
            clock_id uuid NOT NULL,
            version integer NOT NULL,
            pause integer NOT NULL,
            was_start timestamptz NOT NULL,
            was_end timestamptz,
            start timestamptz NOT NULL,
            "end" timestamptz,
            reason varchar NOT NULL,
            approver varchar NOT NULL,
            corrected_at timestamptz NOT NULL,
            corrected_by varchar NOT NULL
        )
        """,
    "CREATE INDEX corrections_of_referral ON pause_corrections (referral_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
