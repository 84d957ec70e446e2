"""One attempt to send a message: quiet hours, whom to write to, the words, and off it goes.

Of an applicant the address is asked of intake at this moment, on record there, and is kept nowhere.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from contracts.codes import AttemptResult, Audience, DeliveryChannel
from contracts.submissions import Applicant
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import read_once
from services.notify.delivery.carriers import Carry
from services.notify.delivery.sender import Answer
from services.notify.delivery.store import Attempt, Claimed, Due
from services.notify.domain.addresses import address_of_applicant, address_of_office
from services.notify.domain.messages import Message, ends_of_quiet
from services.notify.domain.wording import AboutCase, NoWords, Written, written
from services.notify.messaging import store
from services.notify.messaging.applicants import Applicants, ApplicantUnread
from services.notify.messaging.noting import note

GIVEN_UP_AFTER: Final = timedelta(days=2)
"""From when a message was owed: later it is no news. Longer than any quiet hours."""

LOOKED_AT_AFTER: Final = 86400.0
"""Real seconds after which quiet hours are looked at again, however slowly business time runs."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What a server or a gateway gets."""

    id: UUID
    to: str
    words: Written
    languages: tuple[str, ...]


class Transport(Protocol):
    """A mail server, or a gateway."""

    async def send(self, envelope: Envelope) -> Answer:
        """Never raises, whatever the other side does."""
        ...


class NotSent(Exception):
    """It does not go out now, by our own rules."""

    def __init__(self, result: AttemptResult, again_at: datetime | None = None) -> None:
        super().__init__(result.value)
        self.result = result
        self.again_at = again_at


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCarrier:
    """Messages of one channel."""

    engine: AsyncEngine
    clock: Clock
    policy: PolicyWatch
    applicants: Applicants
    transport: Transport
    given_up_after: timedelta = GIVEN_UP_AFTER

    @asynccontextmanager
    async def open(self, claimed: Claimed) -> AsyncIterator[Carry]:
        yield _Messages(self, claimed.channel)


@dataclass(frozen=True, slots=True)
class _Messages:
    carrier: MessageCarrier
    channel: DeliveryChannel

    async def send(self, due: Due) -> Answer:
        at, began = datetime.now(UTC), time.monotonic()
        try:
            envelope = await self._envelope(msgspec.json.decode(due.event, type=Message))
        except NotSent as why:
            milliseconds = int((time.monotonic() - began) * 1000)
            attempt = Attempt(at=at, result=why.result, milliseconds=milliseconds)
            return Answer(attempt=attempt, again_at=why.again_at, of_endpoint=False)
        return await self.carrier.transport.send(envelope)

    async def note(self, conn: AsyncConnection, due: Due, attempt: Attempt, next_at: datetime | None) -> None:
        clock, message = self.carrier.clock, msgspec.json.decode(due.event, type=Message)
        later = clock.at(next_at) if next_at is not None else None
        await note(conn, message, attempt, next_at=later, now=clock.now(), places=self.carrier.policy)

    async def _envelope(self, message: Message) -> Envelope:
        """Raises `NotSent`."""
        clock, policy = self.carrier.clock, self.carrier.policy.policy
        async with read_once(self.carrier.engine) as conn:
            case = await store.find_case(conn, message.case_id)
        if case is None:
            raise NotSent(AttemptResult.NOT_READ)
        if case.erased:
            raise NotSent(AttemptResult.ERASED)
        until = ends_of_quiet(message.quiet_hours, clock.now(), policy.calendar)
        if until is not None:
            wait = min(clock.real_seconds(until - clock.now()), LOOKED_AT_AFTER)
            raise NotSent(AttemptResult.QUIET_HOURS, datetime.now(UTC) + timedelta(seconds=wait))
        try:
            words = written(message, case, policy)
        except NoWords:
            raise NotSent(AttemptResult.NOT_ALLOWED) from None
        address = await self._address(message, case)
        return Envelope(id=message.id, to=address, words=words, languages=message.languages)

    async def _address(self, message: Message, case: AboutCase) -> str:
        if message.audience is Audience.OFFICE:
            office = self.carrier.policy.policy.office_now(message.reader)
            found = address_of_office(office, self.channel) if office is not None else ""
        else:
            found = address_of_applicant(await self._applicant(message, case), self.channel)
        if not found:
            raise NotSent(AttemptResult.NO_ADDRESS)
        return found

    async def _applicant(self, message: Message, case: AboutCase) -> Applicant:
        try:
            found = await self.carrier.applicants.read(message.case_id, self.carrier.policy.area_now(case.area))
        except ApplicantUnread:
            raise NotSent(AttemptResult.NOT_READ) from None
        if found is None:
            raise NotSent(AttemptResult.ERASED)
        if found.no_messages:
            raise NotSent(AttemptResult.OPTED_OUT)
        return found
