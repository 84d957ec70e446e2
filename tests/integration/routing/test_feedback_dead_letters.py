"""Answers that had to be set aside are said to be, when they are given up too, and replayed they count as any."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.kafka import dead_letters, replays
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.unit.routing.builders import EDUCATION

SAID = """
    SELECT convert_from(value, 'UTF8')::json ->> 'feedback_id' AS id,
           convert_from(value, 'UTF8')::json ->> 'outcome' AS outcome
    FROM journal WHERE type = 'yimen.feedback.received.v1' AND topic = 'routing.referrals.v1' ORDER BY sequence
"""

WHO = """
    SELECT convert_from(value, 'UTF8')::json -> 'by' ->> 'door', convert_from(value, 'UTF8')::json -> 'by' ->> 'office'
    FROM journal WHERE type = 'yimen.feedback.received.v1' AND topic = 'routing.referrals.v1' ORDER BY sequence
"""


@pytest.fixture
async def routing(database: str) -> AsyncIterator[Routing]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Routing(engine)
    await engine.dispose()


async def run(routing: Routing, statement: str) -> None:
    async with transaction(routing.engine) as conn:
        await conn.execute(text(statement))


async def said(routing: Routing) -> list[tuple[str, str]]:
    async with routing.engine.connect() as conn:
        return [(row.id, row.outcome) for row in await conn.execute(text(SAID))]


async def test_whoever_waits_for_an_answer_hears_that_it_waits_and_what_becomes_of_it(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    referral = await routing.referral(EDUCATION)
    await run(routing, "ALTER TABLE answers_of_offices ADD CONSTRAINT poison CHECK (feedback_id <> 'f1') NOT VALID")
    for number, action in enumerate(("sign", "accept"), start=1):
        answer = {"feedback_id": f"f{number}", "referral_id": referral, "action": action}
        assert await routing.is_answered(answer) == 1, "it cannot be written down, and the other waits behind it"
    assert await said(routing) == [("f1", "parked"), ("f2", "parked")]

    (first, _) = await dead_letters.list_dead_letters(routing.engine)
    contexts = {routing.feedback.reader.name: routing.feedback}
    result = await replays.drop(
        contexts, routing.engine, dead_letter_id=first.id, by="ops", because="cannot be written down"
    )

    assert (result.handled, result.left) == (1, 0)
    assert await said(routing) == [("f1", "parked"), ("f2", "parked"), ("f1", "dropped")]
    assert (await routing.said())[-1] == "referral.accepted", "which was f2"
    # Given up by whoever runs the installation; all else is the office's own.
    assert await routing.rows(WHO) == [
        ("kafka", EDUCATION),
        ("kafka", EDUCATION),
        ("console", None),
    ]


async def test_nobody_is_told_of_an_answer_to_another_offices_referral_and_nothing_waits(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    referral = await routing.referral(EDUCATION)
    await run(routing, "ALTER TABLE answers_of_offices ADD CONSTRAINT poison CHECK (feedback_id <> 'f1') NOT VALID")
    answer = {"feedback_id": "f1", "referral_id": referral, "action": "sign"}
    assert await routing.is_answered(answer, office="housing-130722000000") == 0
    assert await said(routing) == []


async def test_what_cannot_be_said_is_set_aside_without_a_word(routing: Routing) -> None:
    await routing.consumes(an_accepted_case())
    referral = await routing.referral(EDUCATION)
    await run(routing, "ALTER TABLE journal ADD CONSTRAINT mute CHECK (type <> 'yimen.referral.signed.v1') NOT VALID")
    assert await routing.is_answered({"feedback_id": "f1", "referral_id": referral, "action": "sign"}) == 1
    assert [row.code for row in await dead_letters.list_dead_letters(routing.engine)] == ["database_23514"]
