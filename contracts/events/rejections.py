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


class SubmissionRejected(Event, frozen=True, kw_only=True, omit_defaults=True):
    """All faults at once (一次性告知 applies to systems too)."""

    TYPE: ClassVar[str] = "submission.rejected"
    submission_id: str | None = None
    source: str | None = None
    faults: tuple[SubmissionFault, ...]
    rejected_at: datetime
