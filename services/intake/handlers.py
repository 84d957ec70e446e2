"""What intake does with records: submissions of township systems become cases or rejections."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Door, Role
from contracts.events.base import Actor
from contracts.events.rejections import RecordPlace, SubmissionRejected
from contracts.refusals import Fault, Refused, field_errors
from contracts.topics import PARTNER_REJECTIONS, SUBMISSION_PATTERN, SUBMISSIONS, submitting_partner
from libraries.partners.holding import Partners
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka.records import Incoming, Reader, Record, Unreadable, fault_of, step_of
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import Initiator
from services.intake.domain.submission import LARGEST, repeatable
from services.intake.registration import UNBOUND, Body, Bounds, Sent, register

B = TypeVar("B", bytes, Fault, Body)
NO_VALUE = Fault("", "no_value")
SYSTEM = Initiator(actor=Actor(door=Door.KAFKA, role=Role.TOWNSHIP), subject="system")
"""A township's system; the desk that is nearest to the matter answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """What registering needs beside the records."""

    policy: PolicyWatch
    sealer: Sealer
    clock: Clock
    partners: Partners | None = None

    def reader(self) -> Reader:
        """Every record gets its answer, a case or a rejection: none is ever parked for its content."""
        return Reader(
            name="intake.submissions",
            group="intake.submissions",
            topics=(SUBMISSIONS.name,),
            decode=self.read,
            handle=self.take,
            refuse=self.refuse,
            largest=LARGEST,
            deduplicated=False,
            max_records=500,
        )

    def readers(self) -> list[Reader]:
        """Of the topic that all share, and of those of registered partners, which say who has sent it."""
        shared = self.reader()
        return [
            shared,
            replace(
                shared,
                name="intake.partner_submissions",
                group="intake.partner_submissions",
                topics=None,
                pattern=SUBMISSION_PATTERN,
            ),
        ]

    def read(self, record: Record) -> Incoming[Body]:
        return self._incoming(record, NO_VALUE if record.value is None else record.value)

    def _incoming(self, record: Record, body: B) -> Incoming[B]:
        return Incoming(
            record=record,
            event_id=f"{record.topic}/{record.partition}/{record.offset}",
            received_at=self.clock.at(record.came_at),
            trace=step_of(record),
            data=body,
        )

    def refuse(self, unread: Unreadable) -> Incoming[Fault]:
        """What the plumbing could not even hand over."""
        return self._incoming(unread.record, fault_of(unread))

    async def take(self, batch: Sequence[Incoming[Body]], conn: AsyncConnection) -> None:
        await self.policy.fresh()
        now = self.clock.now()
        policy = self.policy.at(now)
        partners = [submitting_partner(incoming.record.topic) for incoming in batch]
        bounds = {partner: self._bounds_of(partner) for partner in dict.fromkeys(partners)}
        sent = [
            Sent(body=incoming.data, initiator=SYSTEM, bounds=bounds[partner], trace=incoming.trace)
            for incoming, partner in zip(batch, partners, strict=True)
        ]
        outcomes = await register(sent, conn, policy=policy, sealer=self.sealer, now=now)
        rejections = [
            self._rejection(incoming, outcome, partner, now)
            for incoming, partner, outcome in zip(batch, partners, outcomes, strict=True)
            if isinstance(outcome, Refused)
        ]
        await journal.add(conn, "intake", rejections)

    def _rejection(self, incoming: Incoming[Body], refused: Refused, partner: str | None, now: datetime) -> Outgoing:
        """Said to operators, and to who has sent it: by its own topic, or by the source that stands in it."""
        source, submission_id = sender_of(incoming.data) if isinstance(incoming.data, bytes) else (None, None)
        record = incoming.record
        event = SubmissionRejected(
            source=source,
            submission_id=submission_id,
            record=RecordPlace(topic=record.topic, partition=record.partition, offset=record.offset),
            faults=field_errors(refused.faults),
            rejected_at=now,
        )
        told = [partner] if partner is not None else self._sending(source)
        copies = tuple(map(PARTNER_REJECTIONS.named, told))
        return Outgoing(event=event, at=now, key=key_of(record, self.sealer), copies=copies, trace=incoming.trace)

    def _bounds_of(self, name: str | None) -> Bounds:
        """What the registry says of a partner; who is disabled registers nothing."""
        if name is None:
            return UNBOUND
        partner = self.partners.find(name) if self.partners is not None else None
        if partner is None or partner.disabled:
            return Bounds(sources=frozenset())
        area = self.policy.area_now(partner.area)
        return Bounds(sources=frozenset(partner.sources), within=lambda code: self.policy.within(code, area))

    def _sending(self, source: str | None) -> list[str]:
        """The systems to which a source belongs: none of them reads what was refused to another."""
        return self.partners.sending(source) if self.partners is not None and source is not None else []


class Sender(msgspec.Struct):
    """As much of a bad submission as can be told back: its ids, if they are ids."""

    source: Any = None
    submission_id: Any = None


def sender_of(body: bytes) -> tuple[str | None, str | None]:
    """The ids that a refused submission names, so that its sender can find it."""
    if len(body) > LARGEST:
        return None, None
    try:
        sender = msgspec.json.decode(body, type=Sender)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    return repeatable(sender.source), repeatable(sender.submission_id)


def key_of(record: Record, sealer: Sealer) -> str:
    """The key of a rejection: the submission's own where it may be repeated, else a keyed hash of it."""
    raw = record.key
    if not raw:
        return ""
    key = repeatable(raw.decode("utf-8", "replace"))
    return key or sealer.keyed_hash("rejection", raw).hex()
