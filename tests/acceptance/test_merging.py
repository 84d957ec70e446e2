"""A matter that was brought twice, through public doors only: merged, taken back from its office, parted, and done."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.topics import OFFICE_REFERRALS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import installed, until
from tests.acceptance.test_stories import CLAIM, PENSIONS, in_state
from tests.integration.intake.test_registration import a_submission

pytestmark = pytest.mark.engines


async def test_a_duplicate_is_merged_and_parted_and_nothing_is_left_open(
    database: str, kafka: str, tmp_path: Path
) -> None:
    async with (
        installed(database, kafka, tmp_path, offices=(PENSIONS,)) as city,
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=PENSIONS) as office,
    ):
        first, second = [
            (
                await window.post(
                    "/v1/cases",
                    content=a_submission(number, source="twice", category=CLAIM, materials=["identity_card"]),
                )
            ).json()
            for number in (1, 2)
        ]
        for case in (first, second):
            await until("the office has it", lambda case=case: in_work(office, case["number"]))
        (related,) = (await window.get(f"/v1/cases/{first['number']}/related")).json()
        assert (related["number"], related["duplicate"]) == (second["number"], True)

        async def merged() -> Any:
            """The earlier date stays: until both are known, one may seem to have none."""
            body = {"duplicates": [second["number"]]}
            done = await window.post(f"/v1/cases/{first['number']}/merge", json=body)
            return done.json() if done.status_code == 200 else None

        await until("the second is merged into the first", merged)
        cancelled = await city.heard(OFFICE_REFERRALS.named(PENSIONS), second["case_id"], ["referral.cancelled"])
        assert [value["reason"] for said, value in cancelled if said == "referral.cancelled"] == ["case_merged"]
        opened = (await in_referrals(office, second["case_id"]))[0]
        assert opened["state"] == "cancelled"

        parted = await window.post(f"/v1/cases/{second['number']}/unmerge")
        assert parted.status_code == 200, parted.text
        await until("the office has it again", lambda: in_work(office, second["number"]))
        for case in (first, second):
            inbox = await in_work(office, case["number"])
            for act in ("accept", "complete"):
                reply = await office.post(f"/v1/referrals/{inbox['referral_id']}/{act}", json={})
                assert reply.status_code == 200, reply.text
            await until("it is resolved", lambda case=case: in_state(window, case["number"], "resolved"))
        # Other tests have left records on the topics of this broker.
        code, told = await city.command("verify", "--no-topics", "--json")
        assert code == 0, told
        assert json.loads(told)["cases"] == 2


async def in_work(office: Any, number: str) -> Any:
    """What lies with the office, and was not taken back."""
    items = (await office.get("/v1/referrals")).json()["items"]
    return next((one for one in items if one["number"] == number and one["state"] != "cancelled"), None)


async def in_referrals(office: Any, case_id: str) -> list[dict[str, Any]]:
    return list((await office.get("/v1/referrals", params={"case": case_id})).json()["items"])
