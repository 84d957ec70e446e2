"""Is a submission whole? Every fault is named at once: what holds for people (一次性告知) holds for systems."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contracts.codes import SubmissionChannel
from contracts.personal import is_personal
from contracts.reading import read_object
from contracts.refusals import Fault, Shape
from contracts.submissions import Applicant, Post, Submission
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

Faults = Iterator[Fault]


def parse(body: bytes, policy: Policy, now: datetime) -> Submission | tuple[Fault, ...]:
    """The submission, or everything that is wrong with it."""
    raw = read_object(body, largest=LARGEST)
    if isinstance(raw, Fault):
        return (raw,)
    faults = tuple(_faults(raw, policy, now))
    return faults or _whole(raw)


def canonical(submission: Submission) -> bytes:
    """The same content gives the same bytes, whatever the order of its fields."""
    return msgspec.json.encode(submission, order="deterministic")


def repeatable(value: object) -> str | None:
    """An id as it may be told back: `None` for what is no id, or names a person."""
    return value if isinstance(value, str) and IDENTIFIER.match(value) and not is_personal(value) else None


def _whole(raw: dict[str, Any]) -> Submission | tuple[Fault, ...]:
    try:
        return msgspec.convert(raw | {"received_at": _moment(raw.get("received_at"))}, Submission)
    except msgspec.ValidationError:
        return (Fault("", "wrong_type", {"wanted": Shape.OBJECT}),)


def _faults(raw: Mapping[str, Any], policy: Policy, now: datetime) -> Faults:
    for field in ("submission_id", "source"):
        yield from _identifier(raw, field)
    yield from _category(raw, policy)
    yield from _area(raw, policy)
    channel = raw.get("channel", SubmissionChannel.SYSTEM.value)
    if not isinstance(channel, str) or channel not in set(SubmissionChannel):
        yield Fault("channel", "not_one_of", {"allowed": [each.value for each in SubmissionChannel]})
    yield from _received(raw.get("received_at"), now)
    yield from _applicant(raw.get("applicant"))
    yield from _text(raw, "summary", "summary")
    yield from _attributes(raw, policy)
    yield from _materials(raw.get("materials", []))
    yield from _post(raw.get("first_contact_post", ""))


def _identifier(raw: Mapping[str, Any], field: str) -> Faults:
    value = raw.get(field)
    if value is None:
        yield Fault(field, "missing")
    elif not isinstance(value, str) or not IDENTIFIER.match(value):
        yield Fault(field, "bad_identifier")
    elif is_personal(value):
        yield Fault(field, "personal_id")


def _category(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("category")
    if value is None:
        yield Fault("category", "missing")
    elif not isinstance(value, str):
        yield Fault("category", "wrong_type", {"wanted": Shape.TEXT})
    elif value not in policy.categories:
        yield Fault("category", "unknown_category")


def _area(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("area")
    if value is None:
        yield Fault("area", "missing")
    elif not isinstance(value, str) or not AREA_CODE.match(value):
        yield Fault("area", "bad_area")
    elif policy.area_for(value) is None:
        yield Fault("area", "area_split" if policy.tree.has_ended(value) else "unknown_area")
    elif first_contact(policy, value) is None:
        yield Fault("area", "no_window")


def _received(value: object, now: datetime) -> Faults:
    if value is None:
        return
    moment = _moment(value)
    if moment is None:
        yield Fault("received_at", "time_form")
        return
    try:
        sound("received_at", moment)
    except BadQuestion as error:
        yield error.fault
        return
    if not now - OLDEST <= moment.astimezone(UTC) <= now + AHEAD:
        yield Fault("received_at", "received_range")


def _moment(value: object) -> datetime | None:
    """Every form of ISO 8601, also those that the contract's own decoder does not read, as without seconds."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _applicant(value: object) -> Faults:
    if value is None:
        yield Fault("applicant", "missing")
    elif not isinstance(value, dict):
        yield Fault("applicant", "wrong_type", {"wanted": Shape.OBJECT})
    else:
        name = value.get("name")
        if name is None or (isinstance(name, str) and not name.strip()):
            yield Fault("applicant.name", "missing")
        for field in Applicant.__struct_fields__:
            yield from _text(value, field, f"applicant.{field}")


def _text(raw: Mapping[str, Any], name: str, field: str) -> Faults:
    value = raw.get(name, "")
    if not isinstance(value, str):
        yield Fault(field, "wrong_type", {"wanted": Shape.TEXT})
    elif len(value) > LONGEST[name]:
        yield Fault(field, "too_long", {"most": LONGEST[name]})
    elif "\x00" in value:
        yield Fault(field, "bad_character")


def _attributes(raw: Mapping[str, Any], policy: Policy) -> Faults:
    value = raw.get("attributes", {})
    if not isinstance(value, dict):
        yield Fault("attributes", "wrong_type", {"wanted": Shape.OBJECT})
        return
    for answer in value.values():
        if not isinstance(answer, str | int | bool):
            yield Fault("attributes", "wrong_type", {"wanted": Shape.SCALAR})
            break
    code = raw.get("category")
    category = policy.categories.get(code) if isinstance(code, str) else None
    if category is None:
        return
    # Only names of the policy are told back: what a sender invents may name a person.
    if value.keys() - category.attributes.keys():
        yield Fault("attributes", "unknown_attribute", {"known": sorted(category.attributes)})
    for name, allowed in category.attributes.items():
        if name in value and isinstance(value[name], str | int | bool) and value[name] not in allowed:
            yield Fault(f"attributes.{name}", "not_one_of", {"allowed": list(allowed)})


def _materials(value: object) -> Faults:
    if not isinstance(value, list) or not all(isinstance(code, str) and IDENTIFIER.match(code) for code in value):
        yield Fault("materials", "wrong_type", {"wanted": Shape.LIST})
    elif len(value) > MOST_MATERIALS:
        yield Fault("materials", "too_many", {"most": MOST_MATERIALS})


def _post(value: object) -> Faults:
    try:
        msgspec.convert(value, Post)
    except msgspec.ValidationError:
        yield Fault("first_contact_post", "bad_post")
