"""A partner department subscribes over HTTP and hears of its referrals, although notify dies in the middle."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_stories import CIVIL_AFFAIRS, CLAIM, EDUCATION, PENSIONS, in_inbox
from tests.integration.intake.test_registration import a_submission
from tests.integration.notify.partner import Partner, listening, status

pytestmark = pytest.mark.engines
LIFE = ["dispatched", "signed", "accepted", "progress_reported", "completed"]


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[Partner]:
    async with listening(tmp_path, "localhost") as found:
        yield found


@pytest.fixture
async def city(database: str, kafka: str, tmp_path: Path, partner: Partner) -> AsyncIterator[Installation]:
    settings = {
        "YIMEN_NOTIFY_PRIVATE_TARGETS": f"localhost:{partner.port}",
        "YIMEN_NOTIFY_WEBHOOK_CA_FILE": str(partner.authority),
    }
    offices = (PENSIONS, EDUCATION, CIVIL_AFFAIRS)
    async with installed(database, kafka, tmp_path, offices=offices, settings=settings) as installation:
        yield installation


async def test_a_department_hears_of_its_referral_in_order_whatever_breaks(
    city: Installation, partner: Partner
) -> None:
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=PENSIONS) as office,
        city.client("notify", Role.HEAD, office=PENSIONS) as system,
    ):
        body = {"name": "inbox", "url": partner.url(), "events": ["referral"]}
        made = (await system.post("/v1/subscriptions", json=body)).json()
        partner.answers.extend([status(500), None])
        submission = a_submission(1, source="subscribing", category=CLAIM, materials=["identity_card"])
        case = (await window.post("/v1/cases", content=submission)).json()
        inbox = await until("the referral is in the inbox", lambda: in_inbox(office, case["number"]))
        await partner.has(1)
        city.kill("notify")
        for action in ("sign", "accept", "progress", "complete"):
            reply = await office.post(f"/v1/referrals/{inbox['referral_id']}/{action}", json={})
            assert reply.status_code == 200, reply.text
        await city.start("notify")

        async def told() -> list[str]:
            taken = dict.fromkeys(one.headers["webhook-id"] for one in partner.received)
            return list(taken) if len(taken) == len(LIFE) else []

        await until("the department has heard of all of it", told)
        first = {one.headers["webhook-id"]: one for one in reversed(partner.received)}
        events = [Webhook(made["secret"]).verify(first[one].body, first[one].headers) for one in await told()]
        assert [one["type"] for one in events] == [f"yimen.referral.{what}.v1" for what in LIFE]
        assert [int(one["sequence"]) for one in events] == sorted(int(one["sequence"]) for one in events)
        assert {one["subject"] for one in events} == {case["case_id"]}
        assert {one["data"]["office"] for one in events} == {PENSIONS}
        shown = (await system.get(f"/v1/subscriptions/{made['id']}")).json()
        assert made["secret"] not in city.log("notify") + str(shown)
