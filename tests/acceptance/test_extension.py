"""More time, through public doors only: asked for and refused by silence; asked for again, granted, and capped."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.topics import OFFICE_FEEDBACK, REFERRALS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_stories import EDUCATION, in_inbox
from tests.integration.intake.test_registration import a_submission

pytestmark = pytest.mark.engines

ASKS: dict[str, Any] = {"reason": "complex", "attributes": {"by": "10wd"}}


async def test_silence_refuses_an_extension_and_the_head_grants_the_next_one(
    database: str, kafka: str, tmp_path: Path
) -> None:
    """Half a day passes in a second."""
    async with (
        installed(database, kafka, tmp_path, offices=(EDUCATION,), speed=43_200) as city,
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=EDUCATION) as office,
        city.client("routing", Role.HEAD, office=EDUCATION) as head,
    ):
        case = (await window.post("/v1/cases", content=a_submission(1, source="longer"))).json()
        number, case_id = case["number"], case["case_id"]
        inbox = await until("the referral is in the inbox", lambda: in_inbox(office, number))
        path = f"/v1/referrals/{inbox['referral_id']}"
        assert (await office.post(f"{path}/accept", json={})).status_code == 200
        await _asks_by_kafka(city, inbox["referral_id"])
        told = await city.heard(REFERRALS.name, case_id, ["referral.extension_refused"])
        refused = next(value for said, value in told if said == "referral.extension_refused")
        assert (refused["silent"], refused["by"]) == (True, {"door": "rules"})
        assert _extensions(await _get(office, path)) == []

        too_long = await office.post(f"{path}/extend", json=ASKS | {"attributes": {"by": "11wd"}})
        assert too_long.json()["code"] == "extension_too_long"
        assert (await office.post(f"{path}/extend", json=ASKS)).status_code == 200
        assert (await office.post(f"{path}/decide-extension", json={"approve": True})).json()["code"] == "not_the_head"
        granted = await head.post(f"{path}/decide-extension", json={"approve": True})
        assert granted.status_code == 200, granted.text
        assert _extensions(granted.json()["referral"]) == ["10wd"]
        again = await office.post(f"{path}/extend", json=ASKS | {"attributes": {"by": "1wd"}})
        assert again.json()["code"] == "already_extended"

        async def owed() -> Any:
            seen = (await window.get(f"/v1/cases/{number}")).json()
            return seen if "extension" in json.dumps(seen["applicant_untold"]) else None

        await until("the window owes the applicant a word", owed)
        story = (await window.get(f"/v1/cases/{number}/timeline")).json()
        said = [entry["type"] for entry in story if entry["type"].startswith("referral.exten")]
        assert said == [
            "referral.extension_requested",
            "referral.extension_refused",
            "referral.extension_requested",
            "referral.extended",
        ]
        texts = [entry["zh"] for entry in story if entry["type"].startswith("referral.exten")]
        assert "延期逾期未决定，视为不同意" in texts[1]
        assert "本单位负责人批准" in texts[3]


async def _asks_by_kafka(city: Installation, referral_id: str) -> None:
    answer = {"feedback_id": "longer-1", "referral_id": referral_id, "action": "extend", **ASKS}
    async with city.producer() as producer:
        topic = OFFICE_FEEDBACK.named(EDUCATION)
        await producer.send_and_wait(topic, json.dumps(answer).encode(), key=referral_id.encode())


async def _get(office: Any, path: str) -> dict[str, Any]:
    seen: dict[str, Any] = (await office.get(path)).json()
    return seen


def _extensions(view: dict[str, Any]) -> list[str]:
    (handling,) = [clock for clock in view["clocks"] if clock["kind"] == "handling"]
    return list(handling["extensions"])
