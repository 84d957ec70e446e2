"""What intake does with records: submissions of township systems become cases or rejections."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.rejections import SubmissionRejected
from contracts.topics import SUBMISSIONS
from services.intake.registration import LARGEST, Refused, register
from services.policies import PolicyWatch
from services.runtime import journal
from services.runtime.clock import Clock
from services.runtime.consume import Incoming, Reader, Record
from services.runtime.journal import Outgoing
from services.runtime.sealing import Sealer

LONGEST_KEY = 200
OFFICER = "system"


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
            guarded=False,
            max_records=500,
        )

    def read(self, record: Record) -> Incoming[bytes]:
        return Incoming(
            record=record,
            event_id=f"{record.topic}/{record.partition}/{record.offset}",
            received_at=self.clock.at(record.timestamp),
            data=record.value or b"",
        )

    async def take(self, batch: Sequence[Incoming[bytes]], conn: AsyncConnection) -> None:
        now = self.clock.now()
        outcomes = await register(
            [incoming.data for incoming in batch],
            conn,
            policy=self.policy.policy,
            sealer=self.sealer,
            officer=OFFICER,
            now=now,
        )
        messages = []
        for incoming, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Refused):
                source, submission_id = sender_of(incoming.data)
                event = SubmissionRejected(
                    source=source, submission_id=submission_id, faults=outcome.faults, rejected_at=now
                )
                messages.append(Outgoing(event=event, at=now, key=_key(incoming.record)))
        await journal.add(conn, "intake", messages)


class Sender(msgspec.Struct):
    """As much of a bad submission as can be told back: its ids, if they are texts."""

    source: str | None = None
    submission_id: str | None = None


def sender_of(body: bytes) -> tuple[str | None, str | None]:
    """The ids that a refused submission names, so that its sender can find it."""
    if len(body) > LARGEST:
        return None, None
    try:
        sender = msgspec.json.decode(body, type=Sender)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    return _short(sender.source), _short(sender.submission_id)


def _short(text: str | None) -> str | None:
    return text[:128] if text is not None else None


def _key(record: Record) -> str:
    return (record.key or b"").decode("utf-8", "replace").replace("\x00", "")[:LONGEST_KEY]
