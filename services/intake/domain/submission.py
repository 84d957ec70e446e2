"""Is a submission whole? Every fault is named at once: what holds for people (一次性告知) holds for systems."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from contracts.personal import is_identity_number, is_personal
from contracts.reading import read_object
from contracts.refusals import Fault
from contracts.submissions import EMAIL, Submission, is_identifier
from libraries.checking import check
from libraries.policies import Policy
from services.intake.domain.case import first_contact
from services.intake.domain.materials import material_fault

LARGEST: Final = 256 * 1024
AREA_DIGITS: Final = 12
OLDEST: Final = timedelta(days=366)
"""A matter that was taken longer ago is a mistake of the sender's clock."""
AHEAD: Final = timedelta(minutes=10)
"""How far a sender's clock may run before ours."""
PHONE: Final = re.compile(r"\+?[0-9(][0-9() -]*")
FEWEST_DIGITS, MOST_DIGITS = 5, 20

Faults = Iterator[Fault]


def parse(body: bytes, policy: Policy, now: datetime) -> Submission | tuple[Fault, ...]:
    """The submission, or everything that is wrong with it."""
    raw = read_object(body, largest=LARGEST)
    if isinstance(raw, Fault):
        return (raw,)
    values, faults = check(Submission, raw)
    faults += tuple(_senseless(values, {fault.field for fault in faults}, policy, now))
    if faults:
        return faults
    found = msgspec.convert(values, Submission)
    person = found.applicant
    return replace(found, applicant=replace(person, id_number=person.id_number.upper()))


def canonical(submission: Submission) -> bytes:
    """The same content gives the same bytes, whatever the order of its fields and however a moment is written."""
    received_at = submission.received_at
    same = replace(
        submission,
        area=submission.area.ljust(AREA_DIGITS, "0"),
        received_at=received_at.astimezone(UTC) if received_at is not None else None,
    )
    return msgspec.json.encode(same, order="deterministic")


def repeatable(value: object) -> str | None:
    """An id as it may be told back: `None` for what is no id, or names a person."""
    return value if isinstance(value, str) and is_identifier(value) and not is_personal(value) else None


def _senseless(values: Mapping[str, Any], wrong: set[str], policy: Policy, now: datetime) -> Faults:
    """What has the right form and makes no sense here; fields that are `wrong` already are not looked at again."""
    given = {name: value for name, value in values.items() if name not in wrong}
    for field in ("submission_id", "source"):
        if is_personal(given.get(field, "")):
            yield Fault(field, "personal_id")
    if "category" in given and given["category"] not in policy.categories:
        yield Fault("category", "unknown_category")
    if "area" in given:
        yield from _area(given["area"], policy)
    if "received_at" in given and not now - OLDEST <= given["received_at"] <= now + AHEAD:
        yield Fault("received_at", "received_range")
    if isinstance(given.get("applicant"), dict):
        yield from _applicant(given["applicant"], wrong, now)
    yield from _attributes(given, policy)
    sound = "materials" in given and not any(field.startswith("materials.") for field in wrong)
    if sound and (fault := material_fault(policy, given["materials"], "materials")):
        yield fault


def _area(code: str, policy: Policy) -> Faults:
    if policy.area_for(code) is None:
        yield Fault("area", "area_split" if policy.tree.has_ended(code) else "unknown_area")
    elif first_contact(policy, code) is None:
        yield Fault("area", "no_window")


def _applicant(given: Mapping[str, Any], wrong: set[str], now: datetime) -> Faults:
    number, phone = given.get("id_number", ""), given.get("phone", "")
    if number and "applicant.id_number" not in wrong and not _is_identity(number, now):
        yield Fault("applicant.id_number", "bad_id_number")
    if phone and "applicant.phone" not in wrong and not _is_phone(phone):
        yield Fault("applicant.phone", "bad_phone")
    email = given.get("email", "")
    if email and "applicant.email" not in wrong and not re.fullmatch(EMAIL, email, re.ASCII):
        yield Fault("applicant.email", "bad_email")


def _is_identity(number: str, now: datetime) -> bool:
    """By form, birth date and check character; whether the region exists is not asked, as numbers outlive it."""
    return is_identity_number(number) and number[6:14] <= now.strftime("%Y%m%d")


def _is_phone(text: str) -> bool:
    digits = sum(char.isdigit() for char in text)
    return bool(PHONE.fullmatch(text)) and FEWEST_DIGITS <= digits <= MOST_DIGITS


def _attributes(given: Mapping[str, Any], policy: Policy) -> Faults:
    category, said = policy.categories.get(given.get("category", "")), given.get("attributes")
    if category is None or not isinstance(said, dict):
        return
    # Only names of the policy are told back: what a sender invents may name a person.
    if said.keys() - category.attributes.keys():
        yield Fault("attributes", "unknown_attribute", {"known": sorted(category.attributes)})
    for name, allowed in category.attributes.items():
        # True is 1 to Python, and neither is the other to whoever sends it.
        if name in said and not any(type(one) is type(said[name]) and one == said[name] for one in allowed):
            yield Fault(
                f"attributes.{name}",
                "not_one_of",
                {"allowed": sorted(msgspec.json.encode(one).decode().strip('"') for one in allowed)},
            )
