"""What a lead does with other offices, over both doors, and what each office hears of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.topics import OFFICE_REFERRALS
from libraries.runtime.web.auth import Principal, Role
from tests.integration.routing.test_access import COUNTY, DECIDER, EDUCATION, HEALTH, JUSTICE, Stage, officer, opened
from tests.integration.routing.test_deciding import told_last, tries
from tests.integration.routing.test_routing import an_answer
from tests.integration.web import bearer

CHARITY, TOWNSHIP = f"charity-{COUNTY}", "township-130722100000"


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def at_work(stage: Stage) -> tuple[str, str]:
    """The education office leads, civil affairs handles with it."""
    case = await stage.brings("education.student_aid")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(EDUCATION), of[EDUCATION], "accept")
    return of[EDUCATION], str(case.case_id)


async def heard_by(stage: Stage, office: str) -> list[tuple[str, dict[str, Any]]]:
    """What lies on the topic of an office, in order."""
    rows = await stage.routing.rows(
        f"SELECT type, value FROM journal WHERE topic = '{OFFICE_REFERRALS.named(office)}' ORDER BY sequence"
    )
    return [(type_.split(".", 1)[1].rpartition(".")[0], json.loads(value)) for type_, value in rows]


@pytest.mark.parametrize("door", ["http", "kafka"])
async def test_each_act_has_one_effect_by_whichever_door(stage: Stage, door: str) -> None:
    lead, case = await at_work(stage)

    async def acts(number: int, action: str, **body: Any) -> None:
        if door == "http":
            await stage.does(officer(EDUCATION), lead, action, **body)
        else:
            await stage.routing.is_answered(an_answer(lead, action, number, **body), office=EDUCATION)

    await acts(11, "add-co", attributes={"office": HEALTH})
    await acts(12, "assign", attributes={"office": TOWNSHIP})
    await acts(13, "forward", attributes={"office": JUSTICE})
    await acts(14, "refer-out", attributes={"office": CHARITY, "consent": "in_person"})
    await acts(15, "urge", attributes={"office": DECIDER})
    await acts(16, "release-co", reason="no_longer_needed", attributes={"office": HEALTH})
    sent = await stage.routing.rows("SELECT office, role, state, sent_as, consent FROM referrals ORDER BY referral_id")
    assert set(sent) >= {
        (HEALTH, "co", "cancelled", "add-co", None),
        (TOWNSHIP, "co", "dispatched", "assign", None),
        (JUSTICE, "info", "dispatched", "forward", None),
        (CHARITY, "info", "dispatched", "refer-out", "in_person"),
    }
    acted = [value["action"] for type_, value in await heard_by(stage, EDUCATION) if type_ == "referral.lead_acted"]
    assert acted == ["add-co", "assign", "forward", "refer-out", "urge", "release-co"]
    assert [type_ for type_, _ in await heard_by(stage, HEALTH)] == ["referral.dispatched", "referral.cancelled"]
    assert "referral.urged" in [type_ for type_, _ in await heard_by(stage, DECIDER)]

    await acts(17, "transfer", reason="other_competence", attributes={"office": HEALTH})
    said = await told_last(stage, "referral.reassigned")
    assert (said["to"], said["transferred"], said["by"]["office"], said["by"]["door"]) == (
        HEALTH,
        True,
        EDUCATION,
        door,
    )
    of = await stage.routing.rows("SELECT office, sent_as FROM referrals WHERE role = 'lead' AND ended_at IS NULL")
    assert of == [(HEALTH, "transfer")]
    assert (await stage.asks(officer(HEALTH), f"/v1/referrals?case={case}")).status_code == 200


async def test_a_refusal_says_by_whom_and_until_when(stage: Stage) -> None:
    lead, _ = await at_work(stage)
    co = (await stage.routing.rows("SELECT referral_id::text FROM referrals WHERE role = 'co'"))[0][0]
    await stage.does(officer(DECIDER), co, "accept")
    path = f"/v1/referrals/{co}/add-co"
    body = {"attributes": {"office": HEALTH}}
    reply = await stage.http.post(path, json=body, headers=bearer(officer(DECIDER)))
    assert (reply.status_code, reply.json()["code"]) == (409, "only_the_lead_acts")
    assert EDUCATION in reply.json()["detail"]
    await stage.does(officer(EDUCATION), lead, "urge", attributes={"office": DECIDER})
    again = await stage.http.post(
        f"/v1/referrals/{lead}/urge", json={"attributes": {"office": DECIDER}}, headers=bearer(officer(EDUCATION))
    )
    assert (again.status_code, again.json()["code"]) == (409, "urged_already")


async def test_a_link_brings_nobody_in(stage: Stage) -> None:
    lead, _ = await at_work(stage)
    link = Principal(subject="link-1", role=Role.LINK, office=EDUCATION, referral=lead)
    assert await tries(stage, link, lead, "add-co", attributes={"office": HEALTH}) == (403, "role_not_allowed")
