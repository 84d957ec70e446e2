"""A running delivery between notify's database and a partner of the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from contracts.codes import CaseState, Field, ReferralRole, SubmissionChannel
from contracts.events import CaseBound
from contracts.events.cases import CaseRegistered
from contracts.events.referrals import ReferralCompleted, ReferralDispatched, ReferralEvent, ReferralSigned
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Principal, Role, issue_token
from services.notify.delivery.http import ROUTES
from services.notify.delivery.scheduler import DeliveryScheduler
from services.notify.delivery.sender import WebhookSender, tls_context
from tests.events import AFTER
from tests.integration import web
from tests.integration.notify.harness import NOW, OFFICE, PACK, Notify
from tests.integration.notify.partner import NAME, Partner, at_loopback
from tests.sealing import SEALER

AREA = "130722100000"


def token(role: Role = Role.OPS, **more: Any) -> dict[str, str]:
    principal = Principal(subject="a-system", role=role, installation=not more, **more)
    return {"authorization": f"Bearer {issue_token(web.KEY, principal)}"}


OPS = token()


@dataclass(kw_only=True)
class Deliveries:
    """Notify's door for subscriptions, and its sender."""

    notify: Notify
    partner: Partner
    http: httpx.AsyncClient
    scheduler: DeliveryScheduler

    def another(self, **changes: Any) -> DeliveryScheduler:
        """A second process."""
        sender = replace(self.scheduler.sender, **changes)
        return DeliveryScheduler(engine=self.notify.engine, sealer=SEALER, sender=sender)

    async def subscribes(self, headers: dict[str, str] = OPS, **more: Any) -> dict[str, Any]:
        body = {"name": "ours", "url": self.partner.url(), **more}
        answer = await self.http.post("/v1/subscriptions", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def happens(self, *events: CaseBound) -> None:
        """What routing says of cases that were registered."""
        known: set[UUID] = set()
        for event in events:
            if event.case_id not in known:
                await self.notify.consumes(registered(event.case_id), writer="intake")
                known.add(event.case_id)
        await self.notify.consumes(*events)

    async def acts(self, subscription: str, act: str, **body: Any) -> dict[str, Any]:
        path = f"/v1/subscriptions/{subscription}/{act}"
        answer = await self.http.post(path, headers=OPS, **({"json": body} if body else {}))
        assert answer.status_code in {200, 202}, answer.text
        return answer.json()

    async def shows(self, path: str) -> dict[str, Any]:
        answer = await self.http.get(path, headers=OPS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sends(self) -> None:
        """What is due now."""
        await self.scheduler.run()
        await self.scheduler.finish()

    async def sends_until(self, arrived: Callable[[], bool]) -> None:
        """An attempt may fail on a busy machine, and is made again."""
        for _ in range(20):
            await self.sends()
            if arrived():
                return
            await self.waits_are_over()

    async def waits_are_over(self) -> None:
        """Whatever was put off is due, and no circuit is open."""
        async with transaction(self.notify.engine) as conn:
            values = {"now": datetime.now(UTC)}
            await conn.execute(text("UPDATE deliveries SET next_at = :now WHERE next_at > :now"), values)
            await conn.execute(text("UPDATE subscriptions SET open_until = :now WHERE open_until > :now"), values)


@asynccontextmanager
async def delivering(notify: Notify, partner: Partner, *, seconds: float = 5.0) -> AsyncIterator[Deliveries]:
    policy = PolicyWatch(PACK)
    sender = WebhookSender(
        named=frozenset({NAME}), tls=tls_context(partner.authority), resolve=at_loopback(NAME), seconds=seconds
    )
    clock = Clock(speed=1e-9, origin=NOW, anchor=datetime.now(UTC))
    state = {
        "engine": notify.engine,
        "policy": policy,
        "places": policy,
        "clock": clock,
        "sealer": SEALER,
        "webhooks": sender,
    }
    async with web.client_of("notify", ROUTES, notify.engine, state) as http:
        scheduler = DeliveryScheduler(engine=notify.engine, sealer=SEALER, sender=sender)
        yield Deliveries(notify=notify, partner=partner, http=http, scheduler=scheduler)


def registered(case_id: UUID | None = None, **more: Any) -> CaseRegistered:
    values: dict[str, Any] = {
        "state": CaseState.REGISTERED,
        "case_id": case_id or new_id(),
        "number": "130722-20260304-00001-1",
        "category": "school_enrolment",
        "field": Field.EDUCATION,
        "area": AREA,
        "channel": SubmissionChannel.WINDOW,
        "source": "township-a",
        "submission_id": "s1",
        "received_at": NOW,
        "registered_at": NOW,
        "first_contact_office": "township_window-130722100000",
    }
    return CaseRegistered(**{**values, **more})


def dispatched(case_id: UUID, referral_id: UUID, office: str = OFFICE) -> ReferralDispatched:
    return ReferralDispatched(
        case_id=case_id,
        referral_id=referral_id,
        office=office,
        role=ReferralRole.LEAD,
        state=AFTER[ReferralDispatched],
        at=NOW,
        number="130722-20260304-00001-1",
        category="school_enrolment",
        field=Field.EDUCATION,
        area=AREA,
        decision_id=new_id(),
    )


def later(kind: type[ReferralEvent], before: ReferralDispatched) -> ReferralEvent:
    return kind(
        case_id=before.case_id,
        referral_id=before.referral_id,
        office=before.office,
        role=before.role,
        state=AFTER[kind],
        at=NOW,
    )


def a_life(office: str = OFFICE) -> list[ReferralEvent]:
    """A referral is dispatched, signed for and completed."""
    begun = dispatched(new_id(), new_id(), office)
    return [begun, later(ReferralSigned, begun), later(ReferralCompleted, begun)]
