"""When a case is erased, what offices wrote about it goes with it."""

from datetime import UTC, datetime

from sqlalchemy import text

from contracts.codes import CaseState
from contracts.events.cases import CaseErased, CaseWithdrawn
from tests.integration.routing.test_feedback_dead_letters import routing, run  # noqa: F401 -- a fixture
from tests.integration.routing.test_routing import Routing, an_accepted_case
from tests.unit.routing.builders import EDUCATION

KEPT = "SELECT wrapped_key FROM routed_cases"
TEXTS = "SELECT count(*) FROM answers_of_offices WHERE sealed_text IS NOT NULL"


async def test_texts_and_what_is_parked_are_gone_and_a_late_one_is_not_kept(routing: Routing) -> None:  # noqa: F811 -- a fixture
    accepted, at = an_accepted_case(), datetime.now(UTC)
    await routing.consumes(accepted)
    referral = await routing.referral(EDUCATION)
    await routing.is_answered({"feedback_id": "f1", "referral_id": referral, "action": "sign", "text": "某人（示例）"})
    await run(routing, "ALTER TABLE answers_of_offices ADD CONSTRAINT poison CHECK (feedback_id <> 'f2') NOT VALID")
    late = {"feedback_id": "f2", "referral_id": referral, "action": "accept", "text": "某人（示例）"}
    assert await routing.is_answered(late) == 1

    await routing.consumes(
        CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=accepted.case_id, reason="applicant_request", withdrawn_at=at)
    )
    await routing.consumes(
        CaseErased(state=CaseState.CLOSED, case_id=accepted.case_id, reason="erasure_request", erased_at=at)
    )

    await routing.is_answered(
        {"feedback_id": "f3", "referral_id": referral, "action": "accept", "text": "某人（示例）"}
    )
    async with routing.engine.connect() as conn:
        assert await conn.scalar(text(KEPT)) == b""
        assert await conn.scalar(text(TEXTS)) == 0
        (parked,) = await conn.execute(text("SELECT wrapped_key, content, state FROM parked_records"))
        assert tuple(parked) == (None, None, "dropped")


async def test_a_reason_that_the_policy_does_not_know_is_not_kept(routing: Routing) -> None:  # noqa: F811 -- a fixture
    await routing.consumes(an_accepted_case())
    referral = await routing.referral(EDUCATION)
    await routing.is_answered(
        {"feedback_id": "f1", "referral_id": referral, "action": "hold", "reason": "某人（示例）电话"}
    )
    async with routing.engine.connect() as conn:
        assert list(await conn.scalars(text("SELECT reason FROM answers_of_offices"))) in ([""], [])
