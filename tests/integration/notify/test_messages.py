"""Messages to people, over a real mail server and a real gateway; applicants are asked of a real intake."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from structlog.testing import capture_logs

from contracts.codes import CaseState
from contracts.events.cases import CaseErased
from libraries.ids import new_id
from libraries.runtime.web.auth import Principal, Role
from services.notify.domain.retrying import OPENS_AFTER
from tests.databases import fresh_database
from tests.integration.intake.clients import open_client
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.notify.delivering import dispatched
from tests.integration.notify.harness import NOW, OFFICE, Notify
from tests.integration.notify.mail_server import NAME, PASSWORD, USER, mail_server
from tests.integration.notify.messaging import (
    EMAIL,
    FROM,
    OFFICE_EMAIL,
    Post,
    accepted,
    pack_with_addresses,
    posting,
    smtp,
)
from tests.integration.notify.partner import listening, status
from tests.integration.web import bearer

MOBILE = "13000000000"
EVENING = NOW + timedelta(hours=12)
"""22:00, in quiet hours."""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_with_addresses(tmp_path_factory.mktemp("pack"))


@pytest.fixture
async def post(notify: Notify, postgres: str, pack: Path, tmp_path: Path) -> AsyncIterator[Post]:
    (tmp_path / "gateway").mkdir()
    async with (
        fresh_database(postgres, "intake") as of_intake,
        open_client(of_intake) as (intake, _),
        mail_server(tmp_path) as mail,
        listening(tmp_path / "gateway", NAME) as gateway,
        posting(notify, intake, mail, gateway, pack) as found,
    ):
        yield found


async def test_an_applicant_hears_by_mail_and_phone_and_nothing_of_the_person_stays(post: Post) -> None:
    case_id = await post.has_case()
    with capture_logs() as logs:
        await post.notify.consumes(accepted(case_id), writer="intake")
        await post.sends()

    (mail,), (sms,) = post.mail.received, post.gateway.received
    (identifier,) = {row[0] for row in await post.notify.rows("SELECT id FROM messages WHERE channel = 'email'")}
    assert (mail["To"], mail["From"], mail["Message-ID"]) == (EMAIL, FROM, f"<{identifier}@county.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "130722-20260304-00001-1" in mail["Subject"]
    assert "已受理" in mail.get_content()
    asked = msgspec.json.decode(sms.body)
    assert (asked["to"], asked["id"]) == (MOBILE, sms.headers["idempotency-key"])
    assert "已受理" in asked["text"]
    assert sms.headers["authorization"] == "Bearer a token"
    assert [row[1:] for row in await post.messages()] == [("email", "delivered", "", 1), ("sms", "delivered", "", 1)]
    said = {(one["type"], one["channel"], one["audience"]) for one in await post.said()}
    assert said == {("sent", "email", "applicant"), ("sent", "sms", "applicant")}
    kept = str(logs)
    for table in ("messages", "deliveries", "delivery_attempts", "journal", "subscriptions"):
        kept += str(await post.notify.rows(f"SELECT * FROM {table}"))
        kept += str(await post.notify.rows("SELECT convert_from(event, 'utf-8') FROM deliveries"))
    assert not any(word in kept for word in (MOBILE, "0000-0000", EMAIL, "张示例"))
    reads = await post.intake.get(f"/v1/cases/{case_id}/reads", headers=bearer(WHO[Relation.COORDINATOR]))
    assert {(one["subject"], one["purpose"]) for one in reads.json() if one["part"] == "applicant"} == {
        ("notify", "contact")
    }


async def test_nobody_hears_twice_however_often_an_event_is_read(post: Post) -> None:
    case_id = await post.has_case()
    event = accepted(case_id)
    await post.notify.consumes(event, writer="intake")
    await post.sends()
    values = await post.notify.rows("SELECT event FROM deliveries")
    assert len(values) == 2
    await post.notify.rows_changed("DELETE FROM delivery_attempts; ")
    await post.notify.rows_changed("DELETE FROM deliveries")
    known = msgspec.json.decode(bytes(values[0][0]))
    await post.hears_again(event, UUID(known["event_id"]))
    await post.sends()
    assert (len(post.mail.received), len(post.gateway.received)) == (1, 1)


async def test_an_office_hears_of_a_new_referral(post: Post) -> None:
    case_id = await post.has_case()
    await post.notify.consumes(dispatched(case_id, new_id()))
    await post.sends()
    (mail,) = post.mail.received
    assert post.mail.recipients == [OFFICE_EMAIL]
    assert "新转办件" in mail["Subject"]
    assert "教育局" in mail.get_content()
    assert await post.messages() == [("referral.dispatched", "email", "delivered", "", 1)]


async def test_a_gateway_that_fails_is_slow_and_drops_gets_the_same_key_each_time(post: Post) -> None:
    case_id = await post.has_case(email="")
    post.gateway.answers.extend([status(500), 10.0, None, status(429, "retry-after: 5")])
    await post.notify.consumes(accepted(case_id), writer="intake")
    for _ in range(5):
        await post.sends()
        await post.waits_are_over()
    assert len(post.gateway.received) == 5
    assert len({one.headers["idempotency-key"] for one in post.gateway.received}) == 1
    assert (await post.messages())[-1] == ("case.accepted", "sms", "delivered", "", 5)
    told = [(one["type"], one.get("reason", "")) for one in await post.said() if one["channel"] == "sms"]
    assert told == [
        ("failed", "refused"),
        ("failed", "timed_out"),
        ("failed", "no_connection"),
        ("failed", "refused"),
        ("sent", ""),
    ]


async def test_a_gateway_that_fails_again_and_again_is_left_alone(post: Post) -> None:
    post.gateway.always = status(500)
    for number in range(OPENS_AFTER + 4):
        case_id = await post.has_case(number + 1, email="")
        await post.notify.consumes(accepted(case_id), writer="intake")
    await post.sends()
    tried = len(post.gateway.received)
    assert OPENS_AFTER <= tried < OPENS_AFTER + 4
    await post.sends()
    assert len(post.gateway.received) == tried


@pytest.mark.parametrize(
    ("applicant", "reason"),
    [({"email": "", "phone": ""}, "no_address"), ({"no_messages": True}, "opted_out")],
)
async def test_who_cannot_or_will_not_be_written_to_is_not(
    post: Post, applicant: dict[str, object], reason: str
) -> None:
    case_id = await post.has_case(**applicant)
    await post.notify.consumes(accepted(case_id), writer="intake")
    await post.sends()
    found = {row[1]: row[2:] for row in await post.messages()}
    assert found == dict.fromkeys(("email", "sms"), ("suppressed", reason, 0))
    assert not post.gateway.received
    assert not post.mail.received
    assert ("suppressed", "sms") in {(one["type"], one["channel"]) for one in await post.said()}


async def test_quiet_hours_put_a_message_off_and_it_goes_out_when_they_end(
    post: Post, notify: Notify, pack: Path
) -> None:
    async with posting(notify, post.intake, post.mail, post.gateway, pack, at=EVENING) as evening:
        case_id = await evening.has_case(email="")
        await evening.notify.consumes(accepted(case_id), writer="intake")
        await evening.sends()
        assert not post.gateway.received
        assert (await evening.messages())[-1] == ("case.accepted", "sms", "waiting", "quiet_hours", 0)
        (said,) = [one for one in await evening.said() if one["channel"] == "sms"]
        assert (said["type"], said["until"][:16]) == ("postponed", "2026-03-05T00:00")
    await post.waits_are_over()
    await post.sends()
    assert len(post.gateway.received) == 1


async def test_of_an_erased_case_nothing_is_sent(post: Post, notify: Notify, pack: Path) -> None:
    async with posting(notify, post.intake, post.mail, post.gateway, pack, at=EVENING) as evening:
        case_id = await evening.has_case(email="")
        await evening.notify.consumes(accepted(case_id), writer="intake")
        await evening.sends()
    post.notify.sequences = evening.notify.sequences
    erased = CaseErased(case_id=case_id, state=CaseState.CLOSED, reason="erasure_request", erased_at=NOW)
    await post.notify.consumes(erased, writer="intake")
    await post.notify.consumes(dispatched(case_id, new_id()))
    await post.waits_are_over()
    await post.sends()
    assert not post.gateway.received
    assert not post.mail.recipients
    assert {row[2:4] for row in await post.messages() if row[1] == "sms"} == {("suppressed", "erased")}
    assert (await post.said())[-1]["reason"] == "erased"


async def test_a_recipient_who_is_refused_for_good_holds_up_nobody(post: Post) -> None:
    post.mail.refuses[EMAIL] = "550 no such user"
    post.mail.refuses[OFFICE_EMAIL] = "451 later"
    case_id = await post.has_case(phone="")
    await post.notify.consumes(accepted(case_id), writer="intake")
    await post.notify.consumes(dispatched(case_id, new_id()))
    await post.sends()
    found = {row[0]: row[2:] for row in await post.messages() if row[1] == "email"}
    assert found == {
        "case.accepted": ("failed", "rejected", 1),
        "referral.dispatched": ("waiting", "refused", 1),
    }


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_mail_server_is_spoken_to_with_tls_and_a_password(post: Post, tmp_path: Path, security: str) -> None:
    async with mail_server(tmp_path, security=security, password=security == "starttls") as mail:
        envelope = post.an_envelope()
        known = {"user": USER, "password": PASSWORD} if security == "starttls" else {}
        answer = await smtp(mail, security, **known).send(envelope)
        assert (answer.attempt.result.value, len(mail.received)) == ("delivered", 1)
        if security == "starttls":
            wrong = await smtp(mail, security, user=USER, password="wrong").send(envelope)
            assert (wrong.attempt.result.value, wrong.attempt.status) == ("refused", 535)
        stranger = await smtp(mail, security).send(envelope) if security == "starttls" else None
        assert stranger is None or stranger.attempt.result.value == "refused"
        mail.authority = None
        answer = await smtp(mail, security, **known).send(envelope)
        assert answer.attempt.result.value == "no_connection", "whose certificate nobody knows"
        assert len(mail.received) == 1


async def test_a_mail_server_that_is_slow_or_away_is_tried_again(post: Post) -> None:
    case_id = await post.has_case(phone="")
    post.mail.answers.extend([10.0, "451 later"])
    await post.notify.consumes(accepted(case_id), writer="intake")
    for _ in range(3):
        await post.sends()
        await post.waits_are_over()
    ids = [mail["Message-ID"] for mail in post.mail.received]
    assert len(set(ids)) == 1
    assert (await post.messages())[0][:3] == ("case.accepted", "email", "delivered")


async def test_messages_are_shown_to_whoever_looks_after_the_area_or_works_at_the_office(post: Post) -> None:
    case_id = await post.has_case(phone="")
    await post.notify.consumes(accepted(case_id), writer="intake")
    await post.notify.consumes(dispatched(case_id, new_id()))
    await post.sends()
    first = (await post.shows("/v1/messages?limit=2")).json()
    rest = (await post.shows(f"/v1/messages?limit=2&cursor={first['next']}")).json()
    told = [(one["about"], one["channel"], one["state"], one.get("reason")) for one in first["items"] + rest["items"]]
    assert sorted(told, key=str) == [
        ("case.accepted", "email", "delivered", None),
        ("case.accepted", "sms", "suppressed", "no_address"),
        ("referral.dispatched", "email", "delivered", None),
    ]
    assert EMAIL not in str(first) + str(rest)
    office = Principal(subject="o", role=Role.OFFICER, office=OFFICE)
    (mine,) = (await post.shows("/v1/messages", office)).json()["items"]
    assert (mine["about"], mine["office"], mine["case_id"]) == ("referral.dispatched", OFFICE, str(case_id))
    elsewhere = Principal(subject="c", role=Role.COORDINATOR, area="130723000000")
    assert (await post.shows("/v1/messages", elsewhere)).json()["items"] == []
    (failed,) = (await post.shows(f"/v1/messages?state=suppressed&case={case_id}")).json()["items"]
    assert failed["reason"] == "no_address"
    for cursor in ("x", "2026-01-01T00:00:00_x", f"2026-01-01T00:00:00_{case_id}"):
        assert (await post.shows(f"/v1/messages?cursor={cursor}")).status_code == 422


async def test_what_was_sent_and_not_marked_is_sent_again_under_its_own_key(post: Post) -> None:
    """As after a crash between the answer and the commit: the lease is another's by then."""
    case_id = await post.has_case(email="")
    await post.notify.consumes(accepted(case_id), writer="intake")
    post.gateway.answers.append(0.5)
    await post.scheduler.run()
    await post.gateway.has(1)
    await post.notify.rows_changed("UPDATE subscriptions SET epoch = epoch + 1, leased_until = '-infinity'")
    await post.scheduler.finish()
    assert [row[1:] for row in await post.messages() if row[1] == "sms"] == [("sms", "waiting", "", 0)]
    await post.sends()
    assert len(post.gateway.received) == 2
    assert len({one.headers["idempotency-key"] for one in post.gateway.received}) == 1
    assert [one["type"] for one in await post.said() if one["channel"] == "sms"] == ["sent"]


async def test_two_processes_send_nothing_twice(post: Post) -> None:
    for number in range(1, 6):
        case_id = await post.has_case(number)
        await post.notify.consumes(accepted(case_id), writer="intake")
    schedulers = [post.scheduler, post.another(), post.another()]
    for _ in range(3):
        await asyncio.gather(*(one.run() for one in schedulers))
        await asyncio.gather(*(one.finish() for one in schedulers))
    keys = [one.headers["idempotency-key"] for one in post.gateway.received]
    assert len(keys) == len(set(keys)) == 5
    assert len({mail["Message-ID"] for mail in post.mail.received}) == len(post.mail.received) == 5
