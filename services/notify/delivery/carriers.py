"""By what a delivery gets to the other side, and who is told of what became of it; webhooks are one way of several."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from libraries.runtime.encryption import Sealer
from services.notify.delivery.secrets import signed, unseal
from services.notify.delivery.sender import Answer, WebhookSender
from services.notify.delivery.store import Attempt, Claimed, Due
from services.notify.domain.retrying import GIVEN_UP_AFTER

CLOUDEVENT: Final = "application/cloudevents+json; charset=utf-8"


class Carry(Protocol):
    """One endpoint while it is served."""

    async def send(self, due: Due) -> Answer:
        """Never raises, whatever the other side does."""
        ...

    async def note(self, conn: AsyncConnection, due: Due, attempt: Attempt, next_at: datetime | None) -> None:
        """In the transaction that writes the attempt down."""
        ...


class Carrier(Protocol):
    """A way to reach endpoints."""

    @property
    def given_up_after(self) -> timedelta: ...

    def open(self, claimed: Claimed) -> AbstractAsyncContextManager[Carry]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCarrier:
    """Signed requests to the address of a subscription."""

    sender: WebhookSender
    sealer: Sealer
    given_up_after: timedelta = GIVEN_UP_AFTER

    @asynccontextmanager
    async def open(self, claimed: Claimed) -> AsyncIterator[Carry]:
        secrets = [unseal(self.sealer, claimed.wrapped_key, claimed.id, one) for one in claimed.secrets]
        async with self.sender.client() as client:
            yield _Webhook(self.sender, client, claimed.target, secrets)


@dataclass(frozen=True, slots=True)
class _Webhook:
    sender: WebhookSender
    client: httpx.AsyncClient
    target: str
    secrets: Sequence[str]

    async def send(self, due: Due) -> Answer:
        body = marked(due.event) if due.repeated else due.event
        headers = signed(self.secrets, message_id=str(due.event_id), at=datetime.now(UTC), body=body)
        headers["content-type"] = CLOUDEVENT
        return await self.sender.send(self.client, self.target, headers, body)

    async def note(self, conn: AsyncConnection, due: Due, attempt: Attempt, next_at: datetime | None) -> None:
        """The subscriber looks its deliveries up."""


def marked(event: bytes) -> bytes:
    """With the extension attribute `repeated`: the subscriber has asked for it again."""
    return b'{"repeated":true,' + event[1:]
