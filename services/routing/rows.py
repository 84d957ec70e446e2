"""Between rows and values: what routing's tables hold, in the order in which it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping

from contracts.codes import Consent, Door, Field, ReferralRole, ReferralState, Role, Sending
from contracts.events.base import Actor
from libraries.clocks.clock import LegalClock
from libraries.deadlines import Limit
from services.routing.domain.referral import AppliedCorrection, CheckRequest, Decided, ExtensionRequest, Referral
from services.routing.domain.request import RoutingRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A decision of a superior on one referral, and who took it."""

    case_id: UUID
    referral_id: UUID
    act: str
    """The last part of its path; of a decision on a return what was decided."""
    reason: str
    at: datetime
    by: Actor
    subject: str
    """Of the token. It stands here alone, and never in an event."""


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
    "judged",
)
DECISION_COLUMNS: Final = (
    "decision_id",
    "case_id",
    "policy_version",
    "rule",
    "lead",
    "co_handlers",
    "copies",
    "checks",
    "trace",
    "decided_at",
    "decided_by",
    "category",
    "area",
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
    "arbitrated_by",
    "supersedes",
    "decider",
    "extension",
    "sent_as",
    "consent",
    "urged_at",
    "asked",
    "dispatched_at",
    "changed_at",
    "ended_at",
)
ENDED_AT: Final = REFERRAL_COLUMNS.index("ended_at")
ACT_COLUMNS: Final = (
    "case_id",
    "referral_id",
    "act",
    "reason",
    "at",
    "role",
    "office",
    "post",
    "door",
    "subject",
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


def request_of(row: RowMapping) -> RoutingRequest:
    return RoutingRequest(
        case_id=row["case_id"],
        number=row["number"],
        category=row["category"],
        field=Field(row["field"]),
        area=row["area"],
        attributes=row["attributes"],
        first_contact_office=row["first_contact_office"],
        accepted_at=row["accepted_at"],
        judged=tuple(row["judged"]),
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
        arbitrated_by=row["arbitrated_by"],
        supersedes=row["supersedes"],
        extension=_extension_of(row["extension"]),
        sent_as=Sending(row["sent_as"]),
        consent=Consent(row["consent"]) if row["consent"] else None,
        urged_at=row["urged_at"],
        check=msgspec.convert(row["asked"], CheckRequest) if row["asked"] is not None else None,
        clocks=own_clocks,
    )


def _extension_of(kept: Mapping[str, Any] | None) -> ExtensionRequest | None:
    if kept is None:
        return None
    at = msgspec.convert(kept["asked_at"], datetime)
    return ExtensionRequest(by=Limit.parse(kept["by"]), reason=kept["reason"], approver=kept["approver"], asked_at=at)


def _extension(asked: ExtensionRequest | None) -> str | None:
    if asked is None:
        return None
    kept = {"by": str(asked.by), "reason": asked.reason, "approver": asked.approver, "asked_at": asked.asked_at}
    return _encode(kept).decode()


def case_row(request: RoutingRequest) -> list[Any]:
    return [
        request.case_id,
        request.number,
        request.category,
        request.field.value,
        request.area,
        _encode(request.attributes).decode(),
        request.first_contact_office,
        request.accepted_at,
        _encode(request.judged).decode(),
    ]


def decision_row(decided: Decided, case_id: UUID) -> list[Any]:
    decision = decided.decision
    return [
        decided.id,
        case_id,
        decided.policy_version,
        decision.rule,
        decision.lead,
        _encode(decision.co_handlers).decode(),
        _encode(decision.copies).decode(),
        _encode(decision.checks).decode(),
        _encode(decision.trace).decode(),
        decided.at,
        decided.by,
        decided.category,
        decided.area,
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
        referral.arbitrated_by,
        referral.supersedes,
        referral.decider,
        _extension(referral.extension),
        referral.sent_as.value,
        referral.consent.value if referral.consent is not None else None,
        referral.urged_at,
        _encode(referral.check).decode() if referral.check is not None else None,
        referral.dispatched_at,
        referral.changed_at,
        referral.ended_at,
    ]


def correction_row(made: AppliedCorrection, case_id: UUID) -> list[Any]:
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


def act_row(act: Act) -> list[Any]:
    by = act.by
    role = by.role.value if by.role is not None else ""
    return [act.case_id, act.referral_id, act.act, act.reason, act.at, role, by.office, by.post, by.door, act.subject]


def act_of(row: RowMapping) -> Act:
    by = Actor(
        door=Door(row["door"]), role=Role(row["role"]) if row["role"] else None, office=row["office"], post=row["post"]
    )
    return Act(
        case_id=row["case_id"],
        referral_id=row["referral_id"],
        act=row["act"],
        reason=row["reason"],
        at=row["at"],
        by=by,
        subject=row["subject"],
    )
