"""People hear of it: an applicant by mail and phone, an office by mail, once each, through public doors only."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.topics import ALERTS
from libraries.runtime.web.auth import Role
from tests.acceptance.installation import Installation, installed, until
from tests.acceptance.test_stories import EDUCATION, in_inbox
from tests.integration.intake.test_registration import a_submission
from tests.integration.notify.mail_server import NAME, PASSWORD, USER, MailServer, mail_server
from tests.integration.notify.messaging import EMAIL, FROM, OFFICE_EMAIL, PHONE, pack_with_addresses
from tests.integration.notify.partner import Partner, listening, status

pytestmark = pytest.mark.engines
MOBILE = "13000000000"
APPLICANT = {"name": "张示例", "phone": PHONE, "email": EMAIL}
ASKS: dict[str, Any] = {"reason": "complex", "attributes": {"by": "5wd"}}


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailServer]:
    (tmp_path / "mail").mkdir()
    async with mail_server(tmp_path / "mail", security="starttls", password=True) as found:
        yield found


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Partner]:
    (tmp_path / "gateway").mkdir()
    async with listening(tmp_path / "gateway", NAME) as found:
        yield found


@pytest.fixture
async def city(
    database: str, kafka: str, tmp_path: Path, mail: MailServer, gateway: Partner
) -> AsyncIterator[Installation]:
    settings = {
        "YIMEN_POLICY_DIR": str(pack_with_addresses(tmp_path)),
        "YIMEN_NOTIFY_SMTP_HOST": NAME,
        "YIMEN_NOTIFY_SMTP_PORT": str(mail.port),
        "YIMEN_NOTIFY_SMTP_USER": USER,
        "YIMEN_NOTIFY_SMTP_PASSWORD": PASSWORD,
        "YIMEN_NOTIFY_SMTP_CA_FILE": str(mail.authority),
        "YIMEN_NOTIFY_MAIL_FROM": FROM,
        "YIMEN_NOTIFY_SMS_URL": gateway.url("/send?ours=1"),
        "YIMEN_NOTIFY_SMS_TOKEN": "a token",
        "YIMEN_NOTIFY_SMS_BODY": '{"mobile": "{to}", "content": "{text}", "ref": ["{id}"]}',
        "YIMEN_NOTIFY_SMS_CA_FILE": str(gateway.authority),
    }
    async with installed(database, kafka, tmp_path, offices=(EDUCATION,), settings=settings) as found:
        yield found


async def test_the_applicant_and_the_office_hear_although_the_gateway_fails_at_first(
    city: Installation, mail: MailServer, gateway: Partner
) -> None:
    gateway.answers.extend([status(503)])
    async with (
        city.client("intake", Role.CLERK) as window,
        city.client("routing", Role.OFFICER, office=EDUCATION) as office,
        city.client("routing", Role.HEAD, office=EDUCATION) as head,
        city.client("notify", Role.COORDINATOR, area="130700000000") as coordinator,
    ):
        submission = a_submission(1, source="messages", applicant=APPLICANT)
        case = (await window.post("/v1/cases", content=submission)).json()
        number = case["number"]
        accepted, new = await until("mails of the acceptance and the referral", lambda: _mails(mail, 2))
        assert (accepted["To"], new["To"]) == (EMAIL, OFFICE_EMAIL)
        assert f"您的事项已受理（{number}）" in accepted["Subject"]
        assert number in new["Subject"]
        assert "便民" in accepted.get_content() or "窗口" in accepted.get_content()

        inbox = await until("the referral is in the inbox", lambda: in_inbox(office, number))
        path = f"/v1/referrals/{inbox['referral_id']}"
        assert (await office.post(f"{path}/accept", json={})).status_code == 200
        assert (await office.post(f"{path}/extend", json=ASKS)).status_code == 200
        granted = await head.post(f"{path}/decide-extension", json={"approve": True})
        assert granted.status_code == 200, granted.text
        texts = await until("the gateway has both", lambda: _texts(gateway, "延长办理期限"))
        assert {one["mobile"] for one in texts} == {MOBILE}
        first, again, *_ = [one.headers["idempotency-key"] for one in gateway.received]
        assert first == again, "what failed is sent again under its own key"
        assert len({one["ref"][0] for one in texts}) == 2

        await city.heard(ALERTS.name, case["case_id"], ["notification.sent"] * 5 + ["notification.failed"])
        told = (await coordinator.get("/v1/messages", params={"case": case["case_id"]})).json()["items"]
        assert sorted((one["about"], one["channel"]) for one in told if one["state"] == "delivered") == [
            ("case.accepted", "email"),
            ("case.accepted", "sms"),
            ("referral.dispatched", "email"),
            ("referral.extended", "email"),
            ("referral.extended", "sms"),
        ]
        others = [one for one in told if one["state"] != "delivered"]
        assert {(one["state"], one["reason"]) for one in others} <= {("suppressed", "no_address")}, "copies elsewhere"
        ids = [one["Message-ID"] for one in mail.received]
        assert len(ids) == len(set(ids)) == 3
        kept = city.log("notify") + str(told)
        assert not any(word in kept for word in (MOBILE, PHONE, EMAIL, "张示例", PASSWORD))


async def _mails(mail: MailServer, number: int) -> list[EmailMessage] | None:
    """In the order of who reads them: the applicant first."""
    found = sorted(mail.received, key=lambda one: one["To"] != EMAIL)
    return found if len(found) == number else None


async def _texts(gateway: Partner, wanted: str) -> list[dict[str, Any]] | None:
    texts = [msgspec.json.decode(one.body) for one in gateway.received]
    return texts if any(wanted in one["content"] for one in texts) else None
