"""Intake's first tables, and the plumbing's."""

from alembic import op

from libraries.runtime.database.tables import create_plumbing

revision = "0001"
down_revision = None

STATEMENTS = (
    """
        CREATE TABLE cases (
            case_id uuid PRIMARY KEY,
            number varchar NOT NULL CONSTRAINT case_number_once UNIQUE,
            source varchar NOT NULL,
            submission_id varchar NOT NULL,
            fingerprint bytea NOT NULL,
            state varchar NOT NULL,
            round integer NOT NULL CONSTRAINT rounds_count_from_one CHECK (round > 0),
            category varchar NOT NULL,
            field varchar NOT NULL,
            area varchar NOT NULL,
            channel varchar NOT NULL,
            attributes jsonb NOT NULL,
            missing jsonb NOT NULL,
            first_contact_office varchar NOT NULL,
            first_contact_area varchar NOT NULL,
            first_contact_officer varchar NOT NULL,
            received_at timestamptz NOT NULL,
            registered_at timestamptz NOT NULL,
            notices integer NOT NULL,
            accepted_at timestamptz,
            resolved_at timestamptz,
            lead uuid,
            lead_office varchar,
            handling jsonb,
            wrapped_key bytea NOT NULL,
            sealed_applicant bytea NOT NULL,
            sealed_summary bytea NOT NULL,
            CONSTRAINT submission_makes_one_case UNIQUE (source, submission_id),
            CONSTRAINT solved_cases_say_when
                CHECK ((state IN ('resolved', 'closed', 'archived')) = (resolved_at IS NOT NULL)),
            CONSTRAINT lead_has_an_office CHECK (num_nonnulls(lead, lead_office) IN (0, 2))
        ) WITH (fillfactor = 70)
        """,
    "CREATE INDEX cases_by_area ON cases (area, case_id)",
    "CREATE INDEX cases_by_window ON cases (first_contact_area, case_id)",
    """
        CREATE TABLE clocks (
            clock_id uuid PRIMARY KEY,
            case_id uuid NOT NULL,
            referral_id uuid,
            kind varchar NOT NULL,
            version integer NOT NULL,
            status varchar NOT NULL,
            due_at timestamptz,
            stopped_at timestamptz,
            clock jsonb NOT NULL
        )
        """,
    "CREATE INDEX clocks_of_case ON clocks (case_id)",
    """
        CREATE TABLE case_serials (
            county varchar NOT NULL,
            day date NOT NULL,
            last integer NOT NULL,
            PRIMARY KEY (county, day)
        )
        """,
    """
        CREATE TABLE case_timeline (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES cases,
            at timestamptz NOT NULL,
            type varchar NOT NULL,
            by varchar NOT NULL,
            data jsonb NOT NULL
        )
        """,
    "CREATE INDEX timeline_of_case ON case_timeline (case_id, id)",
    """
        CREATE TABLE applicant_reads (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES cases,
            read_at timestamptz NOT NULL,
            subject varchar NOT NULL,
            role varchar NOT NULL
        )
        """,
)


def upgrade() -> None:
    create_plumbing(op)
    for statement in STATEMENTS:
        op.execute(statement)
