"""Is it an answer at all? Every fault is named at once, by whichever road it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from contracts.codes import Door, FeedbackAction, Role
from contracts.events.base import Actor
from contracts.events.rejections import RecordPlace
from contracts.personal import is_personal
from contracts.reading import read_object
from contracts.refusals import Fault
from contracts.submissions import Feedback
from contracts.tracing import Trace
from libraries.checking import check

LARGEST: Final = 64 * 1024
_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(Feedback)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """Something that an office wrote and that is no answer: all that is wrong with it, and what can be said of it."""

    sender: str
    received_at: datetime
    record: RecordPlace
    content: int
    """A checksum of what was written, so that a record is known again."""
    faults: tuple[Fault, ...]
    feedback_id: str | None = None
    referral_id: UUID | None = None
    action: FeedbackAction | None = None
    trace: Trace | None = None

    @property
    def by(self) -> Actor:
        return Actor(door=Door.KAFKA, role=Role.OFFICER, office=self.sender)


def read_answer(value: bytes | None) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The fields as they are understood, and everything that is wrong with them."""
    read = read_object(value, largest=LARGEST)
    return ({}, (read,)) if isinstance(read, Fault) else understand(read)


def understand(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The same of an object that was read."""
    values, faults = check(Feedback, given)
    if is_personal(str(values.get("feedback_id", ""))):
        faults += (Fault("feedback_id", "personal_id"),)
    return values, faults


def whole(values: Mapping[str, Any]) -> Feedback:
    """The answer of fields without faults."""
    return msgspec.convert(values, Feedback)


def told_back(values: Mapping[str, Any], faults: tuple[Fault, ...]) -> dict[str, Any]:
    """What of a faulty answer its sender is told again, so that it finds it: its id, what it is about, what it is."""
    wrong = {fault.field for fault in faults}
    return {
        name: msgspec.convert(values[name], _TYPES[name])
        for name in ("feedback_id", "referral_id", "action")
        if name in values and name not in wrong
    }
