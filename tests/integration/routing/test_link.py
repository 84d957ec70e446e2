"""A link acts for its office on one referral, and learns of no other."""

from contracts.codes import Role
from libraries.runtime.web.auth import Principal
from tests.integration.routing.test_access import EDUCATION, HOUSING, TOWNSHIP, Stage, stage
from tests.integration.web import bearer

__all__ = ["stage"]


async def test_a_link_opens_and_answers_one_referral(stage: Stage) -> None:
    case, other = await stage.brings("housing.rural_dilapidated"), await stage.brings("housing.rural_dilapidated")
    of, foreign = await stage.referrals(case.case_id), await stage.referrals(other.case_id)
    link = Principal(subject="link-1", role=Role.LINK, office=HOUSING, referral=of[HOUSING])
    seen = await stage.asks(link, f"/v1/referrals/{of[HOUSING]}")
    assert (seen.status_code, seen.json()["relations"]) == (200, ["lead"])
    for path in (f"/v1/referrals/{of[TOWNSHIP]}", f"/v1/referrals/{foreign[HOUSING]}"):
        for more in ("", "/explain", "/answers"):
            assert (await stage.asks(link, f"{path}{more}")).status_code == 404, path
        reply = await stage.http.post(f"{path}/sign", json={"feedback_id": "x-1"}, headers=bearer(link))
        assert reply.status_code == 404
    assert (await stage.asks(link, "/v1/referrals")).status_code == 403
    reply = await stage.http.post(
        f"/v1/referrals/{of[HOUSING]}/arbitrate", json={"to": EDUCATION}, headers=bearer(link)
    )
    assert reply.status_code == 403
    for act in ("sign", "accept", "progress"):
        reply = await stage.http.post(
            f"/v1/referrals/{of[HOUSING]}/{act}", json={"feedback_id": f"l-{act}"}, headers=bearer(link)
        )
        assert reply.status_code == 200, reply.text
    answers = (await stage.asks(link, f"/v1/referrals/{of[HOUSING]}/answers")).json()
    assert [one["action"] for one in answers] == ["sign", "accept", "progress"]
    away = Principal(subject="link-2", role=Role.LINK, office=TOWNSHIP, referral=of[HOUSING])
    assert (await stage.asks(away, f"/v1/referrals/{of[HOUSING]}")).status_code == 404
