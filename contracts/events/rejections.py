"""What came from outside and could not be taken as what it was meant to be, and why."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from contracts.events.base import Event
from contracts.refusals import FieldError


class RecordPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Kafka record stands: its sender finds it even where no id of it may be repeated."""

    topic: str
    partition: int
    offset: int


class SubmissionRejected(Event, frozen=True, kw_only=True, omit_defaults=True):
    """All faults at once (一次性告知 applies to systems too).

    An id is repeated only if it is one: printable ASCII without blanks that names no person.
    """

    TYPE: ClassVar[str] = "submission.rejected"
    submission_id: str | None = None
    source: str | None = None
    record: RecordPlace
    faults: tuple[FieldError, ...]
    rejected_at: datetime


class FeedbackRejected(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An answer that belongs to no referral of the office, said to that office alone. All faults at once.

    What is wrong with an answer to a referral of its own is a `feedback.received` of the case, with its faults.
    """

    TYPE: ClassVar[str] = "feedback.rejected"
    office: str
    feedback_id: str | None = None
    """As the office called it, if that may be repeated."""
    referral_id: UUID | None = None
    record: RecordPlace
    faults: tuple[FieldError, ...]
    rejected_at: datetime
