"""Is it an answer at all? Every fault is named at once, by whichever road it came."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from contracts.codes import FeedbackAction, RejectionCode
from contracts.events.rejections import FeedbackFault, RecordPlace
from contracts.personal import is_personal
from contracts.reading import NoObject, read_object
from contracts.submissions import Feedback
from services.deadlines import BadQuestion, read_moment

LARGEST: Final = 64 * 1024
RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "feedback_id": "must be 1 to 128 printable ASCII characters without blanks",
        "referral_id": "must be a UUID",
        "action": f"must be one of {', '.join(FeedbackAction)}",
        "occurred_at": "must be text",
        "reason": "must be text of at most 64 characters",
        "text": "must be text of at most 4000 characters",
        "attributes": "must be an object of texts, whole numbers, true and false",
    }
)
_FIELDS: Final = {field.name: field for field in msgspec.structs.fields(Feedback)}
_LONGEST: Final = {"reason": 64, "text": 4000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """Something that an office wrote and that is no answer: all that is wrong with it, and what can be said of it."""

    sender: str
    received_at: datetime
    record: RecordPlace
    content: int
    """A checksum of what was written, so that a record is known again."""
    faults: tuple[FeedbackFault, ...]
    feedback_id: str | None = None
    referral_id: UUID | None = None
    action: FeedbackAction | None = None


def read_answer(value: bytes | None) -> tuple[Mapping[str, Any], tuple[FeedbackFault, ...]]:
    """The fields as they came, and everything that is wrong with them."""
    read = read_object(value, largest=LARGEST)
    if isinstance(read, NoObject):
        return {}, (fault("", read.code, read.detail),)
    return read, tuple(faults_of(read))


def whole(given: Mapping[str, Any]) -> Feedback:
    """The answer of an object without faults."""
    moment = given.get("occurred_at")
    return msgspec.convert(
        {**given, "occurred_at": None if moment is None else read_moment("occurred_at", moment)}, Feedback
    )


def faults_of(given: Mapping[str, Any]) -> Iterator[FeedbackFault]:
    for name, known in _FIELDS.items():
        if name in given:
            yield from _occurred(given[name]) if name == "occurred_at" else _of_type(name, given[name])
        elif known.required:
            yield fault(name, RejectionCode.MISSING, "is mandatory")
    # How the sender calls it is not told back: it may be anything.
    if given.keys() - _FIELDS.keys():
        yield fault("", RejectionCode.UNKNOWN_FIELD, f"holds a field that an answer lacks; it has {', '.join(_FIELDS)}")


def told_back(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of a faulty answer its sender is told again, so that it finds it: its id, what it is about, what it is."""
    return {
        name: msgspec.convert(given[name], _FIELDS[name].type)
        for name in ("feedback_id", "referral_id", "action")
        if name in given and not tuple(_of_type(name, given[name]))
    }


def fault(field: str, code: RejectionCode, detail: str, rule: str = "") -> FeedbackFault:
    return FeedbackFault(field=field, code=code, detail=detail, rule=rule)


def _of_type(name: str, value: object) -> Iterator[FeedbackFault]:
    try:
        msgspec.convert(value, _FIELDS[name].type)
    except msgspec.ValidationError:
        long = isinstance(value, str) and len(value) > _LONGEST.get(name, len(value))
        yield fault(name, RejectionCode.TOO_LONG if long else RejectionCode.WRONG_TYPE, RULES[name])
        return
    if name == "feedback_id" and is_personal(str(value)):
        yield fault(name, RejectionCode.PERSONAL_ID, "must not name a person")
    if name == "reason" and "\x00" in str(value):
        yield fault(name, RejectionCode.WRONG_TYPE, "must not contain the character NUL")


def _occurred(value: object) -> Iterator[FeedbackFault]:
    if value is None:
        return
    if not isinstance(value, str):
        yield fault("occurred_at", RejectionCode.WRONG_TYPE, RULES["occurred_at"])
        return
    try:
        read_moment("occurred_at", value)
    except BadQuestion as error:
        yield fault("occurred_at", RejectionCode.BAD_TIME, error.detail, error.rule)
