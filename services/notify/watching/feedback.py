"""Answers as they arrive: what may have come in time defers a breach, until routing says what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events.referrals import FeedbackReceived, ReferralEvent
from contracts.personal import is_personal
from contracts.reading import read_object
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from contracts.topics import FEEDBACK_PATTERN, feedback_office
from libraries.checking import fit
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.kafka.records import Ignored, Incoming, Reader, Record, Unreadable
from services.notify.domain.feedback import BREAKABLE, stops
from services.notify.watching.received_feedback import ReceivedFeedback, save_received

FEEDBACK: Final = "notify.feedback"
LARGEST: Final = 64 * 1024
ANSWER_SECONDS: Final = 3600.0
"""Real time in which routing takes or refuses an answer; after that it is stuck, and defers nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReader:
    """What reading answers needs beside the records."""

    clock: Clock
    policy: PolicyWatch
    answer_seconds: float = ANSWER_SECONDS

    def reader(self) -> Reader:
        return Reader(
            name=FEEDBACK,
            group=FEEDBACK,
            pattern=FEEDBACK_PATTERN,
            decode=self.read,
            handle=self.handle,
            refuse=self.skip,
            largest=LARGEST,
            deduplicated=False,
        )

    def read(self, record: Record) -> Incoming[ReceivedFeedback | Ignored]:
        """Never refuses anything: what cannot be taken as an answer is routing's to refuse, and decides no breach."""
        received_at = self.clock.at(record.came_at)
        event_id = f"{record.topic}/{record.partition}/{record.offset}"
        data = self._received(record) or Ignored()
        return Incoming(record=record, event_id=event_id, received_at=received_at, data=data)

    def skip(self, unread: Unreadable) -> Incoming[Ignored]:
        """What could not even be unpacked."""
        record = unread.record
        event_id = f"{record.topic}/{record.partition}/{record.offset}"
        return Incoming(record=record, event_id=event_id, received_at=self.clock.at(record.came_at), data=Ignored())

    def _received(self, record: Record) -> ReceivedFeedback | None:
        given = read_object(record.value, largest=LARGEST)
        if isinstance(given, Fault):
            return None
        feedback = fit(Feedback, given)
        if isinstance(feedback, Refused):
            return None
        if is_personal(feedback.feedback_id):
            return None
        kinds = stops(feedback.action, feedback.reason, self.policy.policy)
        if not kinds:
            return None
        return ReceivedFeedback(
            office=feedback_office(record.topic),
            feedback_id=feedback.feedback_id,
            referral_id=feedback.referral_id,
            received_at=self.clock.at(record.came_at),
            stops=kinds,
        )

    async def handle(self, batch: Sequence[Incoming[ReceivedFeedback]], conn: AsyncConnection) -> None:
        until = self.clock.now() + timedelta(seconds=self.answer_seconds * self.clock.speed)
        await save_received(conn, [incoming.data for incoming in batch], defers_until=until)


def settled(event: FeedbackReceived) -> ReceivedFeedback:
    """Feedback that changes nothing."""
    return ReceivedFeedback(
        office=event.sender,
        feedback_id=event.feedback_id or "",
        referral_id=event.referral_id,
        received_at=event.received_at,
    )


def applied(event: ReferralEvent) -> ReceivedFeedback:
    """Feedback that took effect; what has changed by it may still have to be read."""
    return ReceivedFeedback(
        office=event.by.office if event.by is not None and event.by.office else event.office,
        feedback_id=event.feedback_id or "",
        referral_id=event.referral_id,
        received_at=event.at,
        stops=BREAKABLE,
    )
