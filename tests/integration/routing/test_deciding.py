"""Over HTTP: who decided stands in the events and on record, and whose word it is not is told whose it is."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from libraries.runtime.web.auth import Principal, Role
from tests.integration.routing.test_access import (
    ARBITER,
    COORDINATOR,
    COUNTY,
    DECIDER,
    EDUCATION,
    HEALTH,
    HOUSING,
    Stage,
    officer,
    opened,
)
from tests.integration.web import bearer

SUPERIOR = Principal(subject="superior-s", role=Role.COORDINATOR, office=ARBITER, post="duty-1")
NEIGHBOUR = Principal(subject="coordinator-n", role=Role.COORDINATOR, area="130723000000")
BY_COUNTY = {"door": "http", "role": "coordinator", "office": DECIDER}
BY_SUPERIOR = {"door": "http", "role": "coordinator", "office": ARBITER, "post": "duty-1"}


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def tries(stage: Stage, who: Principal, referral: str, act: str, **body: object) -> tuple[int, str]:
    reply = await stage.http.post(f"/v1/referrals/{referral}/{act}", json=body, headers=bearer(who))
    return reply.status_code, "" if reply.status_code == 200 else code_of(reply.json())


def code_of(problem: dict[str, Any]) -> str:
    """Of a field where one was wrong."""
    faults = problem.get("errors") or [problem]
    return str(faults[0]["code"])


async def told_last(stage: Stage, type_: str) -> dict[str, Any]:
    (row,) = await stage.routing.rows(
        f"SELECT value FROM journal WHERE type = 'yimen.{type_}.v1' AND topic = 'routing.referrals.v1'"
        " ORDER BY sequence DESC LIMIT 1"
    )
    return msgspec.json.decode(row[0], type=dict[str, Any])


async def on_record(stage: Stage) -> list[tuple[Any, ...]]:
    return await stage.routing.rows("SELECT act, reason, role, office, post, door, subject FROM acts ORDER BY id")


async def in_dispute(stage: Stage) -> dict[str, str]:
    """Two offices want to give it back."""
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(HOUSING), of[HOUSING], "return", reason="not_competent")
    await stage.does(COORDINATOR, of[HOUSING], "decide-return", approve=True, to=EDUCATION)
    of = await stage.referrals(case.case_id)
    await stage.does(officer(EDUCATION), of[EDUCATION], "return", reason="not_competent")
    return of


async def test_a_refused_return_names_the_coordinator_and_not_the_office_that_asked(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(HOUSING), of[HOUSING], "return", reason="not_competent")
    asked = await told_last(stage, "referral.return_requested")
    assert asked["by"] == {"door": "http", "role": "officer", "office": HOUSING}
    assert await tries(stage, NEIGHBOUR, of[HOUSING], "decide-return", approve=False) == (404, "not_found")
    await stage.does(COORDINATOR, of[HOUSING], "decide-return", approve=False)
    said = await told_last(stage, "referral.return_refused")
    assert (said["office"], said["by"]) == (HOUSING, BY_COUNTY)
    assert await on_record(stage) == [
        ("refuse-return", "", "coordinator", DECIDER, "", "http", "coordinator-c"),
    ]


async def test_the_common_superior_alone_settles_and_its_reason_is_kept(stage: Stage) -> None:
    of = await in_dispute(stage)
    word = {"to": HOUSING, "reason": "by_competence"}
    assert await tries(stage, COORDINATOR, of[EDUCATION], "arbitrate", **word) == (403, "not_the_decider")
    for body in ({"approve": True, "to": HEALTH}, {"approve": False}):
        assert await tries(stage, COORDINATOR, of[EDUCATION], "decide-return", **body) == (403, "not_the_decider")
    nonsense = word | {"reason": "because"}
    assert await tries(stage, SUPERIOR, of[EDUCATION], "arbitrate", **nonsense) == (422, "unknown_reason")
    await stage.does(SUPERIOR, of[EDUCATION], "arbitrate", **word)
    said = await told_last(stage, "referral.returned")
    assert (said["office"], said["reason"], said["arbitrated"], said["by"]) == (
        EDUCATION,
        "by_competence",
        True,
        BY_SUPERIOR,
    )
    sent = await told_last(stage, "referral.dispatched")
    assert (sent["office"], sent["by"]) == (HOUSING, BY_SUPERIOR)
    assert (await on_record(stage))[-1] == (
        "arbitrate",
        "by_competence",
        "coordinator",
        ARBITER,
        "duty-1",
        "http",
        "superior-s",
    )
    # What it settled nobody below sends elsewhere.
    settled = str(await stage.routing.referral(HOUSING))
    elsewhere = {"to": HEALTH, "reason": "coordinator_decision"}
    assert await tries(stage, COORDINATOR, settled, "reassign", **elsewhere) == (403, "not_the_decider")
    assert await tries(stage, SUPERIOR, settled, "reassign", **elsewhere) == (200, "")


async def test_a_case_is_not_sent_out_of_the_area_of_who_decides(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    abroad = {"to": "housing-130723000000", "reason": "coordinator_decision"}
    assert await tries(stage, COORDINATOR, of[HOUSING], "reassign", **abroad) == (403, "out_of_area")
    assert await tries(stage, NEIGHBOUR, of[HOUSING], "reassign", **abroad) == (404, "not_found")
    everywhere = Principal(subject="coordinator-e", role=Role.COORDINATOR, installation=True)
    assert await tries(stage, everywhere, of[HOUSING], "reassign", **abroad) == (403, "out_of_area")
    assert await on_record(stage) == []
    await stage.does(COORDINATOR, of[HOUSING], "reassign", to=HEALTH, reason="coordinator_decision")
    over = await told_last(stage, "routing.overridden")
    assert (over["lead"], over["reason"], over["by"]) == (HEALTH, "coordinator_decision", BY_COUNTY)
    assert HEALTH.endswith(COUNTY)


async def test_to_of_a_co_handlers_return_is_the_office_that_has_its_part(stage: Stage) -> None:
    case = await stage.brings("housing.rural_dilapidated")
    of = await stage.referrals(case.case_id)
    co = next(office for office in of if office.startswith("township"))
    await stage.does(officer(co), of[co], "return", reason="not_competent")
    taken = {"approve": True, "to": HOUSING}
    assert await tries(stage, COORDINATOR, of[co], "decide-return", **taken) == (409, "office_has_leg")
    answer = await stage.does(COORDINATOR, of[co], "decide-return", approve=True, to=HEALTH)
    assert (answer["successor"]["office"], answer["successor"]["role"]) == (HEALTH, "co")
    live = await stage.routing.rows("SELECT office FROM referrals WHERE ended_at IS NULL")
    assert len(live) == len(set(live))


async def test_a_co_handler_that_becomes_lead_has_one_live_referral(stage: Stage) -> None:
    case = await stage.brings("education.student_aid")
    of = await stage.referrals(case.case_id)
    await stage.does(COORDINATOR, of[EDUCATION], "reassign", to=DECIDER, reason="coordinator_decision")
    live = await stage.routing.rows("SELECT office, role FROM referrals WHERE ended_at IS NULL")
    assert live == [(DECIDER, "lead")]
    lead = str(await stage.routing.referral(DECIDER))
    await stage.does(officer(DECIDER), lead, "accept")
    assert (await stage.does(officer(DECIDER), lead, "complete"))["state"] == "completed"
