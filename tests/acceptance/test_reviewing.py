"""A petitioner who does not accept what came of it, by public doors only: review, re-review, and then it is over."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.topics import OFFICE_FEEDBACK
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_stories import in_inbox
from tests.integration.intake.test_registration import a_submission

pytestmark = pytest.mark.engines

COUNTY, CITY = "petition-130722000000", "petition-130700000000"
GOVERNMENT, AREA = "government_office-130700000000", "130722000000"


async def test_three_offices_judge_a_petition_one_after_the_other_and_none_twice(
    database: str, kafka: str, tmp_path: Path
) -> None:
    """The county answers, the city upholds it by Kafka, its government changes it; a fourth word there is not."""
    async with (
        installed(database, kafka, tmp_path, offices=(COUNTY, CITY)) as city,
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=COUNTY) as county,
        city.client("routing", Role.OFFICER, office=CITY) as above,
        city.client("routing", Role.OFFICER, office=GOVERNMENT) as government,
        city.client("routing", Role.COORDINATOR, area=AREA) as coordinator,
    ):
        case = (await window.post("/v1/cases", content=a_submission(1, category="petition.request"))).json()
        number = case["number"]
        assert (await window.post(f"/v1/cases/{number}/accept")).status_code == 200
        first = await until("the county has it", lambda: in_inbox(county, number))
        await _is_done(county, first)
        assert (await _resolved(window, number, 1))["review_until"] is not None

        assert (await window.post(f"/v1/cases/{number}/review")).json()["round"] == 2
        second = await until("the city has it", lambda: in_inbox(above, number))
        assert (second["round"], second["judged"], second["category"]) == (2, [COUNTY], "petition.review")
        assert "review" in {clock["kind"] for clock in second["clocks"]}
        back = {"to": COUNTY, "reason": "coordinator_decision"}
        refused = (await coordinator.post(f"/v1/referrals/{second['referral_id']}/reassign", json=back)).json()
        assert refused["code"] in {"cannot_judge", "out_of_area"}, refused
        accepted = await above.post(f"/v1/referrals/{second['referral_id']}/accept", json={})
        assert accepted.status_code == 200, accepted.text
        silent = await above.post(f"/v1/referrals/{second['referral_id']}/complete", json={})
        assert [one["field"] for one in silent.json()["errors"]] == ["attributes.result"], silent.text
        await _judges_by_kafka(city, second["referral_id"], "upheld")
        told = await _resolved(window, number, 2)
        assert (told["review_result"], told["reopen_until"]) == ("upheld", None)

        assert (await window.post(f"/v1/cases/{number}/review")).json()["round"] == 3
        third = await until("the government has it", lambda: in_inbox(government, number))
        assert third["judged"] == [COUNTY, CITY]
        await _is_done(government, third, result="changed")
        told = await _resolved(window, number, 3)
        assert [one["office"] for one in told["rounds"]] == [COUNTY, CITY]
        over = await window.post(f"/v1/cases/{number}/review")
        assert (over.status_code, over.json()["code"]) == (409, "review_exhausted")
        assert "三级终结" in over.json()["detail"]
        # Other tests have left records on the topics of this broker.
        code, found = await city.command("verify", "--no-topics", "--json")
        assert (code, json.loads(found)["cases"]) == (0, 1), found


async def _is_done(office: httpx.AsyncClient, referral: dict[str, Any], **attributes: str) -> None:
    path = f"/v1/referrals/{referral['referral_id']}"
    assert (await office.post(f"{path}/accept", json={})).status_code == 200
    done = await office.post(f"{path}/complete", json={"attributes": attributes})
    assert done.status_code == 200, done.text


async def _judges_by_kafka(city: Installation, referral_id: str, result: str) -> None:
    answer = {
        "feedback_id": "judged-1",
        "referral_id": referral_id,
        "action": "complete",
        "attributes": {"result": result},
    }
    async with city.producer() as producer:
        topic = OFFICE_FEEDBACK.named(CITY)
        await producer.send_and_wait(topic, json.dumps(answer).encode(), key=referral_id.encode())


async def _resolved(window: httpx.AsyncClient, number: str, round_: int) -> dict[str, Any]:
    async def seen() -> dict[str, Any] | None:
        case: dict[str, Any] = (await window.get(f"/v1/cases/{number}")).json()
        return case if (case["state"], case["round"]) == ("resolved", round_) else None

    found: dict[str, Any] = await until(f"round {round_} has a result", seen)
    return found
