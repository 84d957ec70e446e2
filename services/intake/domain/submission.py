"""Is a submission whole? Every fault is named at once: what holds for people (一次性告知) holds for systems."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contracts.codes import RejectionCode, SubmissionChannel
from contracts.events.rejections import SubmissionFault
from contracts.personal import is_personal
from contracts.reading import NoObject, read_object
from contracts.submissions import Applicant, Submission
from services.deadlines import BadQuestion
from services.deadlines.limits import sound
from services.intake.domain.case import first_contact
from services.policies import Policy

LARGEST = 256 * 1024
IDENTIFIER = re.compile(r"[\x21-\x7e]{1,128}\Z")
AREA_CODE = re.compile(r"(?:[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})\Z")
OLDEST = timedelta(days=366)
"""A matter that was taken longer ago is a mistake of the sender's clock."""
AHEAD = timedelta(minutes=10)
"""How far a sender's clock may run before ours."""
MOST_MATERIALS = 100
LONGEST = {"name": 100, "phone": 40, "id_number": 40, "household": 64, "summary": 4000}

Faults = Iterator[SubmissionFault]


def parse(body: bytes, policy: Policy, now: datetime) -> Submission | tuple[SubmissionFault, ...]:
    """The submission, or everything that is wrong with it."""
    raw = read_object(body, largest=LARGEST)
    if isinstance(raw, NoObject):
        return (_fault("", raw.code, f"the body {raw.detail}"),)
    faults = tuple(_faults(raw, policy, now))
    return faults or _whole(raw)


def canonical(submission: Submission) -> bytes:
    """The same content gives the same bytes, whatever the order of its fields."""
    return msgspec.json.encode(submission, order="deterministic")


def repeatable(value: object) -> str | None:
    """An id as it may be told back: `None` for what is no id, or names a person."""
    return value if isinstance(value, str) and IDENTIFIER.match(value) and not is_personal(value) else None


def _whole(raw: dict[str, Any]) -> Submission | tuple[SubmissionFault, ...]:
    try:
        return msgspec.convert(raw | {"received_at": _moment(raw.get("received_at"))}, Submission)
    except msgspec.ValidationError as error:
        return (_fault("", RejectionCode.WRONG_TYPE, str(error)),)


def _fault(field: str, code: RejectionCode, detail: str) -> SubmissionFault:
    return SubmissionFault(field=field, code=code, detail=detail)


def _faults(raw: Mapping[str, Any], policy: Policy, now: datetime) -> Faults:
    for field in ("submission_id", "source"):
        yield from _identifier(raw, field)
    yield from _category(raw, policy)
    yield from _area(raw, policy)
    channel = raw.get("channel", SubmissionChannel.SYSTEM.value)
    if not isinstance(channel, str) or channel not in set(SubmissionChannel):
        yield _fault("channel", RejectionCode.WRONG_TYPE, f"must be one of {', '.join(SubmissionChannel)}")
    yield from _received(raw.get("received_at"), now)
    yield from _applicant(raw.get("applicant"))
    yield from _text(raw, "summary", "summary")
    yield from _attributes(raw, policy)
    yield from _materials(raw.get("materials", []))


def _identifier(raw: Mapping[str, Any], field: str) -> Faults:
    value = raw.get(field)
    if value is None:
        yield _fault(field, RejectionCode.MISSING, "is mandatory")
    elif not isinstance(value, str) or not IDENTIFIER.match(value):
        yield _fault(field, RejectionCode.WRONG_TYPE, "must be 1 to 128 printable ASCII characters without blanks")
    elif is_personal(value):
        yield _fault(field, RejectionCode.PERSONAL_ID, "must not hold an identity number or a mobile number")


def _category(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("category")
    if value is None:
        yield _fault("category", RejectionCode.MISSING, "is mandatory")
    elif not isinstance(value, str):
        yield _fault("category", RejectionCode.WRONG_TYPE, "must be text")
    elif value not in policy.categories:
        yield _fault("category", RejectionCode.UNKNOWN_CATEGORY, "is not a category of the policy")


def _area(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("area")
    if value is None:
        yield _fault("area", RejectionCode.MISSING, "is mandatory")
    elif not isinstance(value, str) or not AREA_CODE.match(value):
        yield _fault("area", RejectionCode.WRONG_TYPE, "must be 2, 4, 6, 9 or 12 digits as text")
    elif policy.area_for(value) is None:
        ended = policy.tree.has_ended(value)
        rule = "was split: name the part that it is about" if ended else "is not an area of the policy"
        yield _fault("area", RejectionCode.UNKNOWN_AREA, rule)
    elif first_contact(policy, value) is None:
        yield _fault("area", RejectionCode.UNKNOWN_AREA, "has no window: name the city or an area below it")


def _received(value: object, now: datetime) -> Faults:
    if value is None:
        return
    moment = _moment(value)
    if moment is None:
        yield _fault("received_at", RejectionCode.BAD_TIME, "must be ISO 8601 with offset")
        return
    try:
        sound("received_at", moment)
    except BadQuestion as error:
        yield _fault("received_at", RejectionCode.BAD_TIME, error.detail)
        return
    if not now - OLDEST <= moment.astimezone(UTC) <= now + AHEAD:
        yield _fault("received_at", RejectionCode.BAD_TIME, "must lie within the last year and not in the future")


def _moment(value: object) -> datetime | None:
    """Every form of ISO 8601, also those that the contract's own decoder does not read, as without seconds."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _applicant(value: object) -> Faults:
    if value is None:
        yield _fault("applicant", RejectionCode.MISSING, "is mandatory")
    elif not isinstance(value, dict):
        yield _fault("applicant", RejectionCode.WRONG_TYPE, "must be an object")
    else:
        name = value.get("name")
        if name is None or (isinstance(name, str) and not name.strip()):
            yield _fault("applicant.name", RejectionCode.MISSING, "is mandatory")
        for field in Applicant.__struct_fields__:
            yield from _text(value, field, f"applicant.{field}")


def _text(raw: Mapping[str, Any], name: str, field: str) -> Faults:
    value = raw.get(name, "")
    if not isinstance(value, str):
        yield _fault(field, RejectionCode.WRONG_TYPE, "must be text")
    elif len(value) > LONGEST[name]:
        yield _fault(field, RejectionCode.TOO_LONG, f"must have at most {LONGEST[name]} characters")
    elif "\x00" in value:
        yield _fault(field, RejectionCode.WRONG_TYPE, "must not contain the character NUL")


def _attributes(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("attributes", {})
    if not isinstance(value, dict):
        yield _fault("attributes", RejectionCode.WRONG_TYPE, "must be an object")
        return
    for answer in value.values():
        if not isinstance(answer, str | int | bool):
            yield _fault("attributes", RejectionCode.WRONG_TYPE, "must hold texts, whole numbers, true and false alone")
            break
    code = raw.get("category")
    category = policy.categories.get(code) if isinstance(code, str) else None
    if category is None:
        return
    # Only names of the policy are told back: what a sender invents may name a person.
    if value.keys() - category.attributes.keys():
        known = ", ".join(sorted(category.attributes)) or "none"
        yield _fault(
            "attributes", RejectionCode.UNKNOWN_ATTRIBUTE, f"holds a name that the category lacks; it has {known}"
        )
    for name, allowed in category.attributes.items():
        if name in value and isinstance(value[name], str | int | bool) and value[name] not in allowed:
            yield _fault(f"attributes.{name}", RejectionCode.UNKNOWN_ATTRIBUTE, "must be one of the category's values")


def _materials(value: object) -> Faults:
    if not isinstance(value, list) or not all(isinstance(code, str) and IDENTIFIER.match(code) for code in value):
        yield _fault("materials", RejectionCode.WRONG_TYPE, "must be a list of material codes")
    elif len(value) > MOST_MATERIALS:
        yield _fault("materials", RejectionCode.TOO_LONG, f"must have at most {MOST_MATERIALS} entries")
