"""What intake does with records: submissions of township systems become cases or rejections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Door, Role
from contracts.events.base import Actor
from contracts.events.rejections import RecordPlace, SubmissionRejected
from contracts.refusals import Fault, Refused, field_errors
from contracts.topics import SUBMISSIONS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.kafka.records import Incoming, Reader, Record, Unreadable, fault_of, step_of
from libraries.runtime.outbox import journal
from libraries.runtime.outbox.journal import Outgoing
from libraries.runtime.web.auth import Initiator
from services.intake.domain.submission import LARGEST, repeatable
from services.intake.registration import Body, register

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
        outcomes = await register(
            [incoming.data for incoming in batch],
            conn,
            policy=self.policy.at(now),
            sealer=self.sealer,
            initiator=SYSTEM,
            now=now,
            traces=[incoming.trace for incoming in batch],
        )
        messages = []
        for incoming, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Refused):
                source, submission_id = sender_of(incoming.data) if isinstance(incoming.data, bytes) else (None, None)
                record = incoming.record
                event = SubmissionRejected(
                    source=source,
                    submission_id=submission_id,
                    record=RecordPlace(topic=record.topic, partition=record.partition, offset=record.offset),
                    faults=field_errors(outcome.faults),
                    rejected_at=now,
                )
                key = key_of(record, self.sealer)
                messages.append(Outgoing(event=event, at=now, key=key, trace=incoming.trace))
        await journal.add(conn, "intake", messages)


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
