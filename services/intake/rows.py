"""Between rows and values: a case as the table holds it, in the order in which it is written."""

from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping

from contracts.codes import CaseState, Field, SubmissionChannel
from contracts.reviews import ReviewResult
from libraries.clocks.clock import LegalClock
from services.intake.domain.case import Case, ExpectedAnswer, JudgedRound, Reclassified

_encode = msgspec.json.Encoder().encode

MUTABLE: Final = (
    "case_id",
    "state",
    "round",
    "required",
    "materials",
    "notices",
    "accepted_at",
    "resolved_at",
    "called_back_at",
    "lead",
    "lead_office",
    "handling",
    "pending_notices",
    "merged_into",
    "reclassified",
    "judged",
    "result",
)
"""What acts and referrals change of a case."""
IMMUTABLE: Final = (
    "number",
    "source",
    "submission_id",
    "fingerprint",
    "category",
    "field",
    "area",
    "channel",
    "attributes",
    "first_contact_office",
    "first_contact_area",
    "first_contact_post",
    "received_at",
    "registered_at",
    "wrapped_key",
    "sealed_applicant",
    "sealed_summary",
)


PLACE: Final = ("case_id", "category", "field", "area", "first_contact_office", "first_contact_area")
"""What changes with areas and offices alone, or where a case is another matter than was registered."""


def place(case: Case) -> list[Any]:
    return [
        case.id,
        case.category,
        case.field.value,
        case.area,
        case.first_contact_office,
        case.first_contact_area,
    ]


def mutable(case: Case) -> list[Any]:
    return [
        case.id,
        case.state.value,
        case.round,
        _encode(case.required).decode(),
        _encode(case.materials).decode(),
        case.notices,
        case.accepted_at,
        case.resolved_at,
        case.called_back_at,
        case.lead,
        case.lead_office,
        _encode(case.handling).decode() if case.handling is not None else None,
        _encode(case.pending_notices).decode(),
        case.merged_into,
        _encode(case.reclassified).decode() if case.reclassified is not None else None,
        _encode(case.judged).decode(),
        case.result.value if case.result is not None else None,
    ]


def immutable(case: Case, *sealed: bytes) -> list[Any]:
    """`sealed` is the wrapped key, the applicant and the summary."""
    return [
        case.number,
        case.source,
        case.submission_id,
        case.fingerprint,
        case.category,
        case.field.value,
        case.area,
        case.channel.value,
        _encode(case.attributes).decode(),
        case.first_contact_office,
        case.first_contact_area,
        case.first_contact_post,
        case.received_at,
        case.registered_at,
        *sealed,
    ]


def case_of(row: RowMapping, clocks: tuple[LegalClock, ...]) -> Case:
    return Case(
        id=row["case_id"],
        number=row["number"],
        source=row["source"],
        submission_id=row["submission_id"],
        fingerprint=row["fingerprint"],
        state=CaseState(row["state"]),
        category=row["category"],
        field=Field(row["field"]),
        area=row["area"],
        channel=SubmissionChannel(row["channel"]),
        attributes=row["attributes"],
        required=tuple(row["required"]),
        materials=tuple(row["materials"]),
        first_contact_office=row["first_contact_office"],
        first_contact_post=row["first_contact_post"],
        received_at=row["received_at"],
        registered_at=row["registered_at"],
        round=row["round"],
        notices=row["notices"],
        accepted_at=row["accepted_at"],
        resolved_at=row["resolved_at"],
        called_back_at=row["called_back_at"],
        lead=row["lead"],
        lead_office=row["lead_office"],
        handling=msgspec.convert(row["handling"], ExpectedAnswer) if row["handling"] is not None else None,
        pending_notices=tuple(row["pending_notices"]),
        merged_into=row["merged_into"],
        reclassified=_reclassified(row["reclassified"]),
        judged=msgspec.convert(row["judged"], tuple[JudgedRound, ...]),
        result=ReviewResult(row["result"]) if row["result"] is not None else None,
        clocks=clocks,
    )


def _reclassified(kept: Any) -> Reclassified | None:
    return msgspec.convert(kept, Reclassified) if kept is not None else None
