"""What an office writes and is no answer: it hears of it with every fault, nothing is parked, and the next flows."""

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.topics import OFFICE_FEEDBACK, OFFICE_REFERRALS
from libraries.ids import new_id
from libraries.runtime.database.engine import open_engine
from libraries.runtime.kafka import dead_letters
from libraries.runtime.kafka.records import Unreadable, read_record, refused
from libraries.runtime.kafka.settling import settle
from tests.integration.routing.test_routing import Routing, an_accepted_case, an_answer
from tests.unit.routing.builders import EDUCATION

HEALTH = "health-130722000000"


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine)
    await engine.dispose()


async def told(routing: Routing, kind: str, office: str = EDUCATION) -> list[dict[str, Any]]:
    """What the office hears of this kind on its own topic."""
    found = await routing.rows(
        f"SELECT convert_from(value, 'UTF8') FROM journal WHERE type = 'yimen.feedback.{kind}.v1'"
        f" AND topic = '{OFFICE_REFERRALS.named(office)}' ORDER BY id"
    )
    return [json.loads(value) for (value,) in found]


def codes(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["field"], fault["code"]) for fault in event["faults"]]


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (b"{", [("", "not_json")]),
        (b"", [("", "not_json")]),
        (b"[1]", [("", "not_json")]),
        (b"NaN", [("", "not_json")]),
        (b'{"feedback_id": "\xff"}', [("", "not_utf8")]),
        (b"[" * 100_000, [("", "too_large")]),
        (b"[" * 10_000, [("", "not_json")]),
        (b"[" * 3_000 + b"]" * 3_000, [("", "not_json")]),
        (b'{"feedback_id": "a", "feedback_id": "b"}', [("", "doubled_field")]),
        (b"{}", [("feedback_id", "missing"), ("referral_id", "missing"), ("action", "missing")]),
        (
            {"feedback_id": "with blank", "referral_id": 7, "action": "dance", "occurred_at": "soon", "extra": 1},
            [
                ("feedback_id", "bad_identifier"),
                ("referral_id", "not_an_id"),
                ("action", "not_one_of"),
                ("occurred_at", "time_form"),
                ("", "unknown_field"),
            ],
        ),
        (an_answer(new_id(), "sign"), [("referral_id", "unknown_referral")]),
    ],
)
async def test_an_answer_to_nothing_is_told_to_its_office_alone_and_the_next_flows(
    routing: Routing, value: object, faults: list[tuple[str, str]]
) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)

    assert await routing.is_answered(value, an_answer(lead, "accept")) == 0

    (event,) = await told(routing, "rejected")
    assert sorted(codes(event)) == sorted(faults)
    assert event["record"] == {
        "topic": OFFICE_FEEDBACK.named(EDUCATION),
        "partition": 0,
        "offset": routing.offset - 1,
    }
    assert await dead_letters.list_dead_letters(routing.engine) == []
    assert "feedback.rejected" not in await routing.said()
    assert await routing.rows("SELECT state FROM referrals WHERE role = 'lead'") == [("accepted",)]


async def test_a_faulty_answer_to_an_own_referral_ends_in_its_case_with_every_fault(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)
    wrong = {"feedback_id": "x", "referral_id": str(lead), "reason": "r" * 65, "text": 5, "who": "王示例"}

    await routing.is_answered(wrong)

    (event,) = await told(routing, "received")
    assert (event["feedback_id"], event["outcome"], event["code"]) == ("x", "refused", "invalid_feedback")
    assert "action" not in event
    assert sorted(codes(event)) == [
        ("", "unknown_field"),
        ("action", "missing"),
        ("reason", "too_long"),
        ("text", "wrong_type"),
    ]
    assert "王" not in json.dumps(event, ensure_ascii=False)
    assert (await routing.said())[-1] == "feedback.received"
    # Its id is still free: the office mends the answer and sends it again.
    await routing.is_answered(an_answer(lead, "sign") | {"feedback_id": "x"})
    assert [event["outcome"] for event in await told(routing, "received")] == ["refused"]
    assert (await routing.said())[-1] == "referral.signed"


async def test_another_offices_referral_is_as_unknown_as_one_that_does_not_exist(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)
    before = await routing.said()

    await routing.is_answered(
        an_answer(lead, "sign", text="王示例"), {"referral_id": str(lead), "feedback_id": "y"}, office=HEALTH
    )
    await routing.is_answered(an_answer(new_id(), "sign"), office=HEALTH)

    foreign, faulty, nobody = await told(routing, "rejected", HEALTH)
    assert foreign["faults"] == nobody["faults"]
    assert codes(faulty) == [("action", "missing")]
    assert await told(routing, "rejected", EDUCATION) == []
    assert await routing.said() == before
    assert await routing.rows("SELECT count(*) FROM answers_of_offices") == [(0,)]


async def test_a_record_that_comes_again_is_refused_once(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)
    for value in (b"{", an_answer(new_id(), "sign"), {"referral_id": str(lead), "feedback_id": "x"}):
        await routing.is_answered(value)
        routing.offset -= 1
        await routing.is_answered(value)
    assert len(await told(routing, "rejected")) == 2
    assert len(await told(routing, "received")) == 1


async def test_a_batch_that_cannot_be_unpacked_is_told_too(routing: Routing) -> None:
    record = routing._record(OFFICE_FEEDBACK.named(EDUCATION), "", b"\x1f\x8b", [])
    unread = Unreadable(record=record, code="unreadable_batch", detail="wrong checksum")
    await settle(routing.feedback, [refused(routing.feedback.reader, unread)])
    assert [codes(event) for event in await told(routing, "rejected")] == [[("", "unreadable")]]


async def test_nonsense_costs_the_others_of_its_batch_nothing(routing: Routing) -> None:
    """One attempt, not a search for the record to blame."""
    await routing.consumes(an_accepted_case())
    lead = await routing.referral(EDUCATION)
    attempts = 0
    handle = routing.feedback.reader.handle

    async def counted(*given: Any) -> None:
        nonlocal attempts
        attempts += 1
        await handle(*given)

    topic = OFFICE_FEEDBACK.named(EDUCATION)
    values = [b"{", an_answer(new_id(), "sign"), an_answer(lead, "sign"), b"{}"] * 50
    records = [
        routing._record(topic, "", one if isinstance(one, bytes) else json.dumps(one).encode(), []) for one in values
    ]
    reader = routing.feedback.reader
    object.__setattr__(reader, "handle", counted)
    assert await settle(routing.feedback, [read_record(reader, record) for record in records]) == 0
    assert attempts == 1
    assert len(await told(routing, "rejected")) == 150
