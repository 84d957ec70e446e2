"""Notify with a mail server and a gateway of the test, beside an intake that knows the applicant."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
from sqlalchemy import text

from contracts.codes import CaseState, DeliveryChannel, Field, SubmissionChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseAccepted
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import Principal, Role
from services.notify.delivery.scheduler import DeliveryScheduler
from services.notify.delivery.sender import WebhookSender, tls_context
from services.notify.domain.wording import Written
from services.notify.messaging.applicants import Applicants
from services.notify.messaging.email import Smtp, SmtpSecurity
from services.notify.messaging.http import ROUTES
from services.notify.messaging.owing import Messages
from services.notify.messaging.sending import Envelope, MessageCarrier, Transport
from services.notify.messaging.sms import BODY, SmsGateway
from tests.integration import web
from tests.integration.intake.test_access import WHO, Relation
from tests.integration.intake.test_registration import a_submission
from tests.integration.notify.delivering import registered
from tests.integration.notify.harness import NOW, Notify
from tests.integration.notify.mail_server import NAME, MailServer
from tests.integration.notify.partner import Partner
from tests.packs import PACKS
from tests.sealing import SEALER

PHONE, EMAIL = "130 0000-0000", "applicant@home.example"
"""Nobody's."""
OFFICE_EMAIL = "education-130722000000@county.example"
FROM = "no-reply@county.example"


def pack_with_addresses(folder: Path) -> Path:
    """The shipped pack, with an address of each education office."""
    shutil.copytree(PACKS, folder / "policies")
    offices = folder / "policies" / "zhangjiakou" / "offices.yaml"
    told = offices.read_text("utf-8").replace(
        "{role: education,", '{role: education, email: "education-{code}@county.example", phone: "100000000",'
    )
    offices.write_text(told, "utf-8")
    return offices.parent


@dataclass(kw_only=True)
class Post:
    """What a test does with messages."""

    notify: Notify
    intake: httpx.AsyncClient
    watch: PolicyWatch
    mail: MailServer
    gateway: Partner
    scheduler: DeliveryScheduler
    messages_owed: Messages

    async def has_case(self, number: int = 1, **applicant: Any) -> UUID:
        """Known to intake, with an applicant."""
        person = {"name": "张示例", "phone": PHONE, "email": EMAIL, **applicant}
        body = a_submission(number, applicant=person)
        answer = await self.intake.post("/v1/cases", content=body, headers=web.bearer(WHO[Relation.WINDOW]))
        assert answer.status_code == 201, answer.text
        case_id = UUID(answer.json()["case_id"])
        await self.notify.consumes(registered(case_id, category="education.student_aid"), writer="intake")
        return case_id

    async def hears_again(self, event: CaseBound, event_id: UUID) -> None:
        """As from the journal, after everything that was known of its delivery is gone."""
        async with transaction(self.notify.engine) as conn:
            await self.messages_owed.record_outgoing(conn, [Outgoing(event=event, at=NOW, event_id=event_id)])

    def another(self) -> DeliveryScheduler:
        """A second process."""
        one = self.scheduler
        return DeliveryScheduler(engine=one.engine, sealer=SEALER, sender=one.sender, carriers=one.carriers)

    def an_envelope(self) -> Envelope:
        return Envelope(id=new_id(), to=EMAIL, words=Written("题目", "正文"), languages=("zh",))

    async def sends(self) -> None:
        await self.scheduler.run()
        await self.scheduler.finish()

    async def waits_are_over(self) -> None:
        async with transaction(self.notify.engine) as conn:
            values = {"now": datetime.now(UTC)}
            await conn.execute(text("UPDATE deliveries SET next_at = :now WHERE next_at > :now"), values)
            await conn.execute(text("UPDATE subscriptions SET open_until = NULL, leased_until = '-infinity'"))

    async def shows(self, path: str, who: Principal | None = None) -> httpx.Response:
        """Notify's own door."""
        state = {"policy": self.watch, "places": self.watch, "clock": Clock(), "sealer": SEALER}
        async with web.client_of("notify", ROUTES, self.notify.engine, state) as http:
            return await http.get(path, headers=web.bearer(who or Principal(subject="o", role=Role.OPS)))

    async def messages(self) -> list[tuple[Any, ...]]:
        return await self.notify.rows(
            "SELECT type, channel, state, reason, attempts FROM messages ORDER BY channel, type"
        )

    async def said(self) -> list[dict[str, Any]]:
        rows = await self.notify.rows("SELECT type, value FROM journal WHERE type LIKE '%notification%' ORDER BY id")
        return [{"type": kind.split(".")[2], **msgspec.json.decode(bytes(value))} for kind, value in rows]


@asynccontextmanager
async def posting(
    notify: Notify, intake: httpx.AsyncClient, mail: MailServer, gateway: Partner, pack: Path, *, at: datetime = NOW
) -> AsyncIterator[Post]:
    watch = PolicyWatch(pack)
    clock = Clock(origin=at, anchor=datetime.now(UTC))
    async with httpx.AsyncClient() as client:
        applicants = Applicants(url=str(intake.base_url).rstrip("/"), token_key=web.KEY, client=client)
        transports: dict[DeliveryChannel, Transport] = {
            DeliveryChannel.EMAIL: smtp(mail),
            DeliveryChannel.SMS: SmsGateway(
                url=gateway.url("/send"),
                body=msgspec.json.decode(BODY),
                sender=WebhookSender(named=frozenset({NAME}), tls=tls_context(gateway.authority), seconds=2.0),
                token="a token",
            ),
        }
        carriers = {
            channel: MessageCarrier(
                engine=notify.engine, clock=clock, policy=watch, applicants=applicants, transport=one
            )
            for channel, one in transports.items()
        }
        messages = Messages(policy=watch, clock=clock, channels=frozenset(carriers))
        scheduler = DeliveryScheduler(engine=notify.engine, sealer=SEALER, sender=WebhookSender(), carriers=carriers)
        yield Post(
            notify=Notify(notify.engine, messages),
            intake=intake,
            watch=watch,
            mail=mail,
            gateway=gateway,
            scheduler=scheduler,
            messages_owed=messages,
        )


def smtp(mail: MailServer, security: str = "none", **more: Any) -> Smtp:
    return Smtp(
        host=NAME if security != "none" else "127.0.0.1",
        port=mail.port,
        security=SmtpSecurity(security),
        sender=FROM,
        tls=tls_context(mail.authority),
        **{"seconds": 2.0, **more},
    )


def accepted(case_id: UUID, **more: Any) -> CaseAccepted:
    values: dict[str, Any] = {
        "case_id": case_id,
        "state": CaseState.ACCEPTED,
        "number": "130722-20260304-00001-1",
        "category": "education.student_aid",
        "field": Field.EDUCATION,
        "area": "130722100000",
        "channel": SubmissionChannel.WINDOW,
        "accepted_at": NOW,
        "first_contact_office": "township-130722100000",
    }
    return CaseAccepted(**{**values, **more})
