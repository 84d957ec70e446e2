"""A case becomes another matter over HTTP, and a desk classifies one over both doors; what each office hears of it."""

from collections.abc import AsyncIterator

import pytest

from libraries.runtime.web.auth import Principal, Role
from tests.integration.routing.test_access import COORDINATOR, COUNTY, DECIDER, EDUCATION, Stage, officer, opened
from tests.integration.routing.test_deciding import BY_COUNTY, on_record, told_last, tries
from tests.integration.routing.test_lead_acts import heard_by
from tests.integration.routing.test_routing import an_answer
from tests.integration.web import bearer

MEDICAL = f"medical_security-{COUNTY}"
BODY = {"category": "health.manual_reimbursement", "reason": "wrong_category"}
NEIGHBOUR = Principal(subject="coordinator-n", role=Role.COORDINATOR, area="130723000000")


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def test_the_coordinator_reclassifies_and_both_decisions_are_explained(stage: Stage) -> None:
    case = await stage.brings("education.student_aid")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(EDUCATION), of[EDUCATION], "accept")
    assert await tries(stage, officer(EDUCATION), of[EDUCATION], "reclassify", **BODY) == (403, "not_the_decider")
    assert await tries(stage, NEIGHBOUR, of[EDUCATION], "reclassify", **BODY) == (404, "not_found")
    for body, refusal in (
        (BODY | {"reason": "because"}, "unknown_reason"),
        (BODY | {"category": "no.such"}, "unknown_category"),
        ({"area": "130723", "reason": "wrong_place"}, "place_outside"),
        (BODY | {"lead": MEDICAL}, "unknown_field"),
    ):
        assert (await tries(stage, COORDINATOR, of[EDUCATION], "reclassify", **body))[1] == refusal
    told = await stage.does(COORDINATOR, of[EDUCATION], "reclassify", **BODY)
    assert (told["referral"]["state"], told["successor"]["office"]) == ("cancelled", MEDICAL)
    assert told["successor"]["category"] == "health.manual_reimbursement"

    said = await told_last(stage, "routing.reclassified")
    assert (said["category_before"], said["lead_before"], said["lead"], said["by"]) == (
        "education.student_aid",
        EDUCATION,
        MEDICAL,
        BY_COUNTY,
    )
    assert said["due_before"] < said["due_at"]
    assert (said["basis"]["source"], said["limit"]) == ("社会保险经办条例", "30wd")
    assert await on_record(stage) == [
        ("reclassify", "wrong_category", "coordinator", DECIDER, "", "http", "coordinator-c")
    ]
    row = await stage.routing.rows("SELECT category, field FROM routed_cases")
    assert row == [("health.manual_reimbursement", "health")]
    assert [type_ for type_, _ in await heard_by(stage, EDUCATION)][-2:] == [
        "referral.reassigned",
        "referral.cancelled",
    ]
    await _explains(stage, told["successor"]["referral_id"])


async def _explains(stage: Stage, successor: str) -> None:
    why = (await stage.asks(COORDINATOR, f"/v1/referrals/{successor}/explain")).json()
    assert [one["category"] for one in (*why["earlier_decisions"], why["decision"])] == [
        "education.student_aid",
        "health.manual_reimbursement",
    ]
    (handling,) = [clock for clock in why["clocks"] if clock["kind"] == "handling"]
    assert handling["limit"] == "30wd"
    text = (await stage.asks(COORDINATOR, f"/v1/referrals/{successor}/explain?format=text&lang=zh")).text
    assert "此前派单" in text
    assert "教育救助" in text


@pytest.mark.parametrize("door", ["http", "kafka"])
async def test_a_desk_classifies_by_whichever_door(stage: Stage, door: str) -> None:
    case = await stage.brings("civil_affairs.unclassified")
    of = await stage.referrals(case.case_id)
    desk = of[DECIDER]
    clocks = (await stage.asks(officer(DECIDER), f"/v1/referrals/{desk}")).json()["clocks"]
    assert {"classification", "signing"} <= {clock["kind"] for clock in clocks}
    refused = await stage.http.post(f"/v1/referrals/{desk}/classify", json={}, headers=bearer(officer(DECIDER)))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "attributes.category")
    body = {"attributes": {"category": "education.student_aid"}}
    if door == "http":
        await stage.does(officer(DECIDER), desk, "classify", **body)
    else:
        await stage.routing.is_answered(an_answer(desk, "classify", 21, **body), office=DECIDER)
    said = await told_last(stage, "referral.classified")
    assert (said["to"], said["state"], said["by"]["door"]) == (EDUCATION, "cancelled", door)
    assert {(change["kind"], change["change"]) for change in said["clocks"]} >= {("classification", "met")}
    sent = await told_last(stage, "referral.dispatched")
    assert sent["category"] == "education.student_aid"
    of = await stage.referrals(case.case_id)
    assert await tries(stage, officer(EDUCATION), of[EDUCATION], "classify", **body) == (409, "classified_already")


async def test_what_nobody_has_classified_is_not_finished(stage: Stage) -> None:
    case = await stage.brings("civil_affairs.unclassified")
    of = await stage.referrals(case.case_id)
    await stage.does(officer(DECIDER), of[DECIDER], "accept")
    refused = await stage.http.post(f"/v1/referrals/{of[DECIDER]}/complete", json={}, headers=bearer(officer(DECIDER)))
    assert (refused.status_code, refused.json()["code"]) == (409, "classify_first")
    assert {"classify", "reclassify"} <= {one["act"] for one in refused.json()["possible"]}
