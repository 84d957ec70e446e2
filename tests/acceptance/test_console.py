"""The commands over one running installation: the oracle finds nothing, then each fault that is injected, by name."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from console.target import find_target
from console.topics import DEFAULT_POLICY, needed
from console.verify import oracle, reading
from console.verify.oracle import Report
from contracts.cloudevents import Envelope, encode
from contracts.codes import CaseState
from contracts.events.cases import CaseWithdrawn
from contracts.topics import CASES
from libraries.policies import load_policy
from tests.acceptance.console import breaches_of, close, in_database, officer, produce, registered, yimen
from tests.acceptance.test_up import Up, until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400)]

SPEED = "43200"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """In fast time, so that what nobody answers becomes late."""
    up = Up(tmp_path_factory.mktemp("console") / "data")
    up.start("--speed", SPEED, "--origin", "2026-03-02T09:00+08:00")
    yield up
    assert up.stop() == 0, up.story()


@pytest.fixture(scope="module")
def cases(up: Up) -> dict[str, str]:
    """Ids of cases that were closed through the public doors, and of one that nobody answered."""
    with up.client("intake", "clerk") as clerk, officer(up) as office:
        told = {name: registered(clerk, name) for name in ("first", "second", "silent")}
        for name in ("first", "second"):
            close(clerk, office, told[name])
        until(lambda: breaches_of(up, told["silent"]["case_id"]), "a breach")
    return {name: case["case_id"] for name, case in told.items()}


def test_verify_finds_nothing_wrong_and_has_looked_at_everything(up: Up, cases: dict[str, str]) -> None:
    found = yimen(up, "verify", "--json")
    assert (found.code, found.told["faults"]) == (0, [])
    assert (found.told["cases"], found.told["settled"]) == (len(cases), len(cases))
    idle = {result["name"] for result in found.told["checks"] if not result["checked"]}
    # Nobody waits, asks for a check or for a review here, nobody answers over Kafka, and no window was late to send on.
    not_here = {
        "asked_with_consent",
        "reviewed_by_others",
        "answers_settled",
        "in_order_of_the_topic",
        "every_wait_has_a_timer",
        "sent_on_in_time",
        "longer_by_decision",
    }
    assert idle <= {"gates_kept", "none_overdue", "escalated_once"} | not_here
    told = yimen(up, "verify", "--no-topics")
    assert told.code == 0
    assert "0 wrong" in told.text


def test_doctor_is_content(up: Up) -> None:
    found = yimen(up, "doctor", "--json")
    assert (found.code, found.told["ok"]) == (0, True)
    assert {finding["what"] for finding in found.told["findings"]} >= {"policy", "database", "kafka", "topics", "disk"}


def test_what_is_there_already_is_left_alone(up: Up) -> None:
    migrated = yimen(None, "migrate", "--json", YIMEN_DATABASE_URL=up.endpoints["postgres"])
    assert (migrated.code, migrated.told) == (0, {"migrated": ["intake", "routing", "notify", "portal"]})
    applied = yimen(None, "topics", "apply", "--json", YIMEN_KAFKA_SERVERS=up.endpoints["kafka"])
    wanted = len(needed(load_policy(DEFAULT_POLICY)))
    assert (applied.code, applied.told) == (0, {"topics": wanted, "created": 0, "changed": 0})


def test_a_replayed_journal_changes_nothing(up: Up, cases: dict[str, str]) -> None:
    rows = in_database(up, "SELECT count(*) AS n FROM intake.journal")[0]["n"]
    replayed = yimen(up, "journal", "replay", "--service", "intake", "--json")
    assert (replayed.code, replayed.told) == (0, {"events": {"intake": rows}})
    again = yimen(up, "verify", "--json")
    assert (again.code, again.told["faults"]) == (0, [])
    repeated = {result["name"]: result["checked"] for result in again.told["checks"]}
    assert repeated["order_kept"] > repeated["journal_on_topics"]


def test_portion_by_portion_it_sees_the_same(up: Up, cases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = looked(up)
    monkeypatch.setattr(reading, "BATCH_SIZE", 1)
    parts = looked(up)
    assert (whole.faults, parts.faults) == ([], [])
    assert (parts.cases, parts.settled) == (whole.cases, whole.settled)
    once = {"nothing_parked", "relays_drained", "readers_caught_up"}
    counted = [{one.name: one.checked for one in each.checks if one.name not in once} for each in (whole, parts)]
    growing = {"fired_once", "no_false_breach", "none_overdue", "no_missed_breach"}
    assert {name for name in counted[0] if counted[0][name] > counted[1][name]} <= growing


def looked(up: Up) -> Report:
    target = find_target(up.folder)
    assert target is not None
    return asyncio.run(oracle.verify(target, settle_seconds=30))


def test_a_reader_that_stands_still_is_named_and_catches_up(up: Up, cases: dict[str, str]) -> None:
    notify = up.children()["notify"]
    notify.suspend()
    try:
        with up.client("intake", "clerk") as clerk:
            case_id = registered(clerk, "unread")["case_id"]
        found = yimen(up, "verify", "--json", "--settle", "2")
    finally:
        notify.resume()
    assert found.code == 1
    behind = [fault for fault in found.told["faults"] if fault["check"] == "readers_caught_up"]
    assert {(fault["ids"]["reader"], fault["case_id"]) for fault in behind} >= {("notify.cases", case_id)}
    assert found.told["settled"] < found.told["cases"]
    # In fast time what notify owes is days late when it wakes; a fault of ours would stay.
    again = next((told for _ in range(4) if (told := yimen(up, "verify", "--json")).code == 0), None)
    again = again or yimen(up, "verify", "--json")
    assert (again.code, again.told["faults"]) == (0, [])


@contextmanager
def a_second_leg(up: Up, case_id: UUID) -> Iterator[None]:
    """The lead's office has a second live referral of the case meanwhile."""
    index = in_database(up, "SELECT indexdef FROM pg_indexes WHERE indexname = 'one_live_leg_per_office'")[0][
        "indexdef"
    ]
    in_database(up, "DROP INDEX routing.one_live_leg_per_office")
    in_database(
        up,
        """
        INSERT INTO routing.referrals
        SELECT (jsonb_populate_record(r, jsonb_build_object('referral_id', gen_random_uuid(), 'role', 'co'))).*
        FROM routing.referrals AS r WHERE case_id = $1 AND ended_at IS NULL LIMIT 1
        """,
        case_id,
    )
    yield
    in_database(
        up,
        """
        DELETE FROM routing.referrals AS r USING routing.referrals AS lead
        WHERE r.case_id = $1 AND lead.case_id = $1 AND lead.role = 'lead' AND r.role = 'co' AND r.office = lead.office
        """,
        case_id,
    )
    in_database(up, index)


def test_injected_faults_are_found_by_name(up: Up, cases: dict[str, str]) -> None:
    first, second, silent = (UUID(cases[name]) for name in ("first", "second", "silent"))
    in_database(up, "DELETE FROM routing.referrals WHERE case_id = $1", first)
    in_database(up, "DELETE FROM notify.cases WHERE case_id = $1", second)
    in_database(up, "DELETE FROM notify.timers WHERE case_id = $1 AND kind = 'callback'", second)
    in_database(
        up,
        """
        INSERT INTO notify.alerts
        SELECT gen_random_uuid(), xid, place, type, case_id, referral_id, clock_id, kind, version, office, area,
               due_at, fired_at, recipients
        FROM notify.alerts WHERE case_id = $1 LIMIT 1
        """,
        silent,
    )
    in_database(up, "DELETE FROM intake.journal WHERE case_id = $1 AND sequence = 2", second)
    in_database(
        up,
        """
        UPDATE intake.journal
        SET value = convert_to((convert_from(value, 'UTF8')::jsonb - 'by')::text, 'UTF8')
        WHERE case_id = $1 AND type = 'yimen.case.closed.v1'
        """,
        second,
    )
    produce(up, CASES.name, cases["first"], b"{}")
    headers, value = encode(forged(first))
    produce(up, CASES.name, cases["first"], value, headers)

    with a_second_leg(up, silent):
        found = yimen(up, "verify", "--json", "--settle", "5")
    assert found.code == 1
    faults = {(fault["check"], fault.get("case_id")) for fault in found.told["faults"]}
    assert faults >= {
        ("one_lead", cases["first"]),
        ("referral_status_agrees", cases["first"]),
        ("noted_once", cases["second"]),
        ("every_clock_has_a_timer", cases["second"]),
        ("sequences_whole", cases["second"]),
        ("one_live_referral", cases["silent"]),
        ("acts_have_actors", cases["second"]),
        ("fired_once", cases["silent"]),
        ("topics_in_journal", None),
        ("topics_in_journal", cases["first"]),
        ("order_kept", cases["first"]),
        ("nothing_parked", None),
    }
    told = yimen(up, "verify", "--settle", "5")
    assert told.code == 1
    assert "! one_lead: it has no lead" in told.text


def forged(case_id: UUID) -> Envelope:
    """What looks like intake's word, and is not."""
    gone = CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=case_id, reason="own_wish", withdrawn_at=datetime.now(UTC))
    return Envelope(id=uuid4(), writer="intake", time=datetime.now(UTC), sequence=99, data=gone)


def test_doctor_sees_what_was_changed_by_hand(up: Up) -> None:
    in_database(up, "ALTER TABLE notify.alerts ADD COLUMN by_hand text")
    found = yimen(up, "doctor", "--json")
    assert (found.code, found.told["ok"]) == (1, False)
    assert [finding["what"] for finding in found.told["findings"] if finding["ok"] is False] == ["schema notify"]
