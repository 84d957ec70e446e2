"""Between rows and values: what routing's tables hold, in the order in which it is written."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping

from contracts.codes import ClockKind, ClockStatus, Field, ReferralRole, ReferralState
from contracts.events.clocks import LimitBasis
from services.deadlines import Calendar, CountingRules, Limit, Pause
from services.policies.clocks import LegalClock, Terms
from services.routing.domain.decision import Matter
from services.routing.domain.referral import Decided, Referral

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
    "round",
    "version",
    "status",
    "office",
    "started_at",
    "due_at",
    "provisional",
    "stopped_at",
    "terms",
    "pauses",
    "extensions",
)


class StoredTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a clock counts by, as it is written down."""

    limit: str
    share: float
    roll: bool
    area: str
    basis: LimitBasis


class StoredPause(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime | None
    reason: str


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
    terms = msgspec.convert(row["terms"], StoredTerms)
    return LegalClock(
        id=row["clock_id"],
        kind=ClockKind(row["kind"]),
        office=row["office"],
        area=terms.area,
        terms=Terms(
            limit=Limit.parse(terms.limit),
            rules=CountingRules(roll_last_day=terms.roll),
            due_soon_share=terms.share,
            basis=terms.basis,
        ),
        started_at=row["started_at"],
        referral_id=row["referral_id"],
        round=row["round"],
        version=row["version"],
        status=ClockStatus(row["status"]),
        pauses=tuple(
            Pause(start=pause.start, end=pause.end, reason=pause.reason)
            for pause in msgspec.convert(row["pauses"], list[StoredPause])
        ),
        extensions=tuple(map(Limit.parse, row["extensions"])),
        stopped_at=row["stopped_at"],
    )


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


def clock_row(clock: LegalClock, case_id: UUID, calendar: Calendar) -> list[Any]:
    ends = clock.due(calendar)
    terms = StoredTerms(
        limit=str(clock.terms.limit),
        share=clock.terms.due_soon_share,
        roll=clock.terms.rules.roll_last_day,
        area=clock.area,
        basis=clock.terms.basis,
    )
    pauses = [StoredPause(start=pause.start, end=pause.end, reason=pause.reason) for pause in clock.pauses]
    return [
        clock.id,
        case_id,
        clock.referral_id,
        clock.kind.value,
        clock.round,
        clock.version,
        clock.status.value,
        clock.office,
        clock.started_at,
        ends.due_at,
        ends.provisional,
        clock.stopped_at,
        _encode(terms).decode(),
        _encode(pauses).decode(),
        _encode([str(extension) for extension in clock.extensions]).decode(),
    ]
