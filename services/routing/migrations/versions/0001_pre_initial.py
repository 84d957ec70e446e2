"""Routing's first tables, and the plumbing's."""

from alembic import op

from libraries.runtime.database.tables import create_plumbing

revision = "0001"
down_revision = None

STATEMENTS = (
    """
        CREATE TABLE routed_cases (
            case_id uuid PRIMARY KEY,
            number varchar NOT NULL,
            category varchar NOT NULL,
            field varchar NOT NULL,
            area varchar NOT NULL,
            attributes jsonb NOT NULL,
            first_contact_office varchar NOT NULL,
            accepted_at timestamptz NOT NULL,
            wrapped_key bytea
        )
        """,
    """
        CREATE TABLE decisions (
            decision_id uuid PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES routed_cases,
            policy_version varchar NOT NULL,
            rule varchar,
            lead varchar NOT NULL,
            co_handlers jsonb NOT NULL,
            copies jsonb NOT NULL,
            trace jsonb NOT NULL,
            decided_at timestamptz NOT NULL,
            decided_by varchar NOT NULL
        )
        """,
    "CREATE INDEX decisions_of_case ON decisions (case_id)",
    """
        CREATE TABLE referrals (
            referral_id uuid PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES routed_cases,
            decision_id uuid NOT NULL,
            office varchar NOT NULL,
            role varchar NOT NULL,
            state varchar NOT NULL,
            round integer NOT NULL CONSTRAINT rounds_count_from_one CHECK (round > 0),
            deemed boolean NOT NULL,
            return_locked boolean NOT NULL,
            supersedes uuid,
            dispatched_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            ended_at timestamptz
        )
        """,
    "CREATE INDEX referrals_of_case ON referrals (case_id)",
    "CREATE INDEX referrals_of_office ON referrals (office, state, referral_id)",
    "CREATE UNIQUE INDEX one_live_lead_per_case ON referrals (case_id) WHERE role = 'lead' AND ended_at IS NULL",
    """
        CREATE TABLE clocks (
            clock_id uuid PRIMARY KEY,
            case_id uuid NOT NULL,
            referral_id uuid NOT NULL,
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
        CREATE INDEX answers_awaited ON clocks (due_at)
        WHERE kind IN ('signing', 'return_window') AND stopped_at IS NULL
        """,
    """
        CREATE TABLE answers_of_offices (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            case_id uuid NOT NULL,
            referral_id uuid NOT NULL,
            feedback_id varchar NOT NULL,
            sender varchar NOT NULL,
            action varchar NOT NULL,
            reason varchar NOT NULL,
            outcome varchar NOT NULL,
            code varchar,
            occurred_at timestamptz,
            received_at timestamptz NOT NULL,
            sealed_text bytea
        )
        """,
    "CREATE INDEX answers_to_referral ON answers_of_offices (referral_id, id)",
    """
        CREATE TABLE text_reads (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            referral_id uuid NOT NULL,
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
