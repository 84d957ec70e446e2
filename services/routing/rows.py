"""Between rows and values: what routing's tables hold, in the order in which it is written."""

from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping

from contracts.codes import Field, ReferralRole, ReferralState
from services.policies import Policy
from services.policies.clocks import LegalClock
from services.policies.packing import PackedClock, pack, unpack
from services.policies.recounting import version_of, written
from services.routing.domain.decision import Matter
from services.routing.domain.referral import Corrected, Decided, Referral

_encode = msgspec.json.Encoder().encode

CASE_COLUMNS: Final = (
    "case_id",
    "number",
    "category",
    "field",
    "area",
    "attributes",
    "first_contact_office",
    "accepted_at",
)
DECISION_COLUMNS: Final = (
    "decision_id",
    "case_id",
    "policy_version",
    "rule",
    "lead",
    "co_handlers",
    "copies",
    "trace",
    "decided_at",
    "decided_by",
)
REFERRAL_COLUMNS: Final = (
    "referral_id",
    "case_id",
    "decision_id",
    "office",
    "role",
    "state",
    "round",
    "deemed",
    "return_locked",
    "supersedes",
    "dispatched_at",
    "changed_at",
    "ended_at",
)
CLOCK_COLUMNS: Final = (
    "clock_id",
    "case_id",
    "referral_id",
    "kind",
    "version",
    "status",
    "due_at",
    "stopped_at",
    "clock",
    "calendar_version",
)


CORRECTION_COLUMNS: Final = (
    "case_id",
    "referral_id",
    "clock_id",
    "version",
    "pause",
    "was_start",
    "was_end",
    "start",
    "end",
    "reason",
    "approver",
    "corrected_at",
    "corrected_by",
)


def matter_of(row: RowMapping) -> Matter:
    return Matter(
        case_id=row["case_id"],
        number=row["number"],
        category=row["category"],
        field=Field(row["field"]),
        area=row["area"],
        attributes=row["attributes"],
        first_contact_office=row["first_contact_office"],
        accepted_at=row["accepted_at"],
    )


def referral_of(row: RowMapping, own_clocks: tuple[LegalClock, ...]) -> Referral:
    return Referral(
        id=row["referral_id"],
        decision_id=row["decision_id"],
        office=row["office"],
        role=ReferralRole(row["role"]),
        state=ReferralState(row["state"]),
        dispatched_at=row["dispatched_at"],
        changed_at=row["changed_at"],
        ended_at=row["ended_at"],
        round=row["round"],
        deemed=row["deemed"],
        return_locked=row["return_locked"],
        supersedes=row["supersedes"],
        clocks=own_clocks,
    )


def clock_of(row: RowMapping) -> LegalClock:
    return unpack(msgspec.convert(row["clock"], PackedClock))


def case_row(matter: Matter) -> list[Any]:
    return [
        matter.case_id,
        matter.number,
        matter.category,
        matter.field.value,
        matter.area,
        _encode(matter.attributes).decode(),
        matter.first_contact_office,
        matter.accepted_at,
    ]


def decision_row(decided: Decided, case_id: UUID) -> list[Any]:
    choice = decided.choice
    return [
        decided.id,
        case_id,
        decided.policy_version,
        choice.rule,
        choice.lead,
        _encode(choice.co_handlers).decode(),
        _encode(choice.copies).decode(),
        _encode(choice.trace).decode(),
        decided.at,
        decided.by,
    ]


def referral_row(referral: Referral, case_id: UUID) -> list[Any]:
    return [
        referral.id,
        case_id,
        referral.decision_id,
        referral.office,
        referral.role.value,
        referral.state.value,
        referral.round,
        referral.deemed,
        referral.return_locked,
        referral.supersedes,
        referral.dispatched_at,
        referral.changed_at,
        referral.ended_at,
    ]


def clock_row(clock: LegalClock, case_id: UUID, policy: Policy) -> list[Any]:
    clock = written(clock, policy)
    return [
        clock.id,
        case_id,
        clock.referral_id,
        clock.kind.value,
        clock.version,
        clock.status.value,
        clock.told.due_at if clock.told is not None else None,
        clock.stopped_at,
        _encode(pack(clock)).decode(),
        version_of([clock], policy),
    ]


def correction_row(made: Corrected, case_id: UUID) -> list[Any]:
    return [
        case_id,
        made.referral_id,
        made.clock_id,
        made.version,
        made.pause,
        made.was.start,
        made.was.end,
        made.now.start,
        made.now.end,
        made.reason,
        made.approver,
        made.at,
        made.by,
    ]
