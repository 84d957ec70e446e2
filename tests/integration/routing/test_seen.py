"""An act on a referral that has changed since it was seen is not done, and is told what has changed."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.routing.test_access import COORDINATOR, EDUCATION, Stage, officer, opened
from tests.integration.web import bearer


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with opened(database) as stage:
        yield stage


async def test_a_stale_act_is_told_what_has_happened_since(stage: Stage) -> None:
    case = await stage.brings("education.school_placement")
    (referral,) = (await stage.referrals(case.case_id)).values()
    path, office = f"/v1/referrals/{referral}", bearer(officer(EDUCATION))
    seen = (await stage.asks(officer(EDUCATION), path)).headers["etag"]
    signed = await stage.http.post(f"{path}/sign", json={}, headers=office | {"if-match": seen})
    assert signed.status_code == 200
    assert signed.headers["etag"] == (await stage.asks(officer(EDUCATION), path)).headers["etag"] != seen

    stale = await stage.http.post(f"{path}/accept", json={}, headers=office | {"if-match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert "sign" in stale.json()["detail"]
    assert stale.json()["changed"] == ["sign"]
    assert stale.headers["etag"] == signed.headers["etag"]
    body = {"to": f"health-{EDUCATION.rpartition('-')[2]}", "reason": "coordinator_decision"}
    headers = bearer(COORDINATOR) | {"if-match": seen}
    assert (await stage.http.post(f"{path}/reassign", json=body, headers=headers)).status_code == 412
    assert await stage.routing.rows("SELECT state FROM referrals") == [("signed",)]
    assert await stage.routing.rows("SELECT count(*) FROM answers_of_offices") == [(1,)], "a stale act is no answer"

    for fresh in ({"if-match": stale.headers["etag"]}, {}, {"if-match": "*"}):
        done = await stage.http.post(f"{path}/{'accept' if fresh else 'progress'}", json={}, headers=office | fresh)
        assert done.status_code in {200, 409}
    nonsense = await stage.http.post(f"{path}/progress", json={}, headers=office | {"if-match": "yesterday"})
    assert nonsense.status_code == 412


async def test_an_answer_that_is_sent_twice_is_not_stale_by_itself(stage: Stage) -> None:
    """Its sender did not hear that it was taken, and sends it again unchanged."""
    case = await stage.brings("education.school_placement")
    (referral,) = (await stage.referrals(case.case_id)).values()
    path = f"/v1/referrals/{referral}"
    seen = (await stage.asks(officer(EDUCATION), path)).headers["etag"]
    headers, body = bearer(officer(EDUCATION)) | {"if-match": seen}, {"feedback_id": "once"}
    first = await stage.http.post(f"{path}/sign", json=body, headers=headers)
    again = await stage.http.post(f"{path}/sign", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.headers["etag"] == again.headers["etag"]
    assert await stage.routing.rows("SELECT count(*) FROM answers_of_offices") == [(1,)]


async def test_a_refusal_has_what_is_possible(stage: Stage) -> None:
    case = await stage.brings("education.school_placement")
    (referral,) = (await stage.referrals(case.case_id)).values()
    path = f"/v1/referrals/{referral}/complete"
    refused = await stage.http.post(path, json={}, headers=bearer(officer(EDUCATION)))
    assert refused.json()["code"] == "illegal_move"
    possible = {one["act"]: one for one in refused.json()["possible"]}
    assert possible.keys() == {"sign", "accept", "return", "reassign", "reclassify"}
    assert possible["return"]["until"] > "2026-03-02"
    assert possible["sign"] == {"act": "sign", "by": [EDUCATION]}
