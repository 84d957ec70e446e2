"""Why a submission became no case."""

from datetime import datetime
from typing import ClassVar

import msgspec

from contracts.codes import RejectionCode
from contracts.events.base import Event


class SubmissionFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong with a submission. `detail` states the rule and never repeats what was sent."""

    field: str
    code: RejectionCode
    detail: str


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
    faults: tuple[SubmissionFault, ...]
    rejected_at: datetime
