"""A referral over HTTP with all that its office needs to work, as far as the caller may read it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import RowMapping

from contracts.access import Access, Part, Relation, readable
from contracts.codes import WORK, ClockKind, Consent, FeedbackAction, ReferralRole, ReferralState
from libraries.clocks.check_wording import purpose_of
from libraries.clocks.wording import office_if_any, office_of, reason_of
from libraries.policies import Policy
from services.routing.access import Seen
from services.routing.domain.referral import CheckRequest, Referral
from services.routing.store import SavedFeedback, TextPart
from services.routing.translate import ReferralView, to_view


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """For what an office waits; its words stand in its answers."""

    reason: str
    reason_zh: str
    reason_en: str
    since: datetime


class OtherReferral(msgspec.Struct, frozen=True, kw_only=True):
    """Another office's referral of the same case."""

    referral_id: UUID
    office: str
    office_zh: str
    office_en: str
    role: ReferralRole
    role_zh: str
    state: ReferralState
    state_zh: str
    dispatched_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    """Of its work; `null` while it stands still, and when it is over."""
    hold: HoldView | None
    referral: str
    answers: str | None
    purpose: str | None
    """Of a check."""
    purpose_zh: str | None
    purpose_en: str | None


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rest is. Paths below `/v1/cases` are intake's, the others routing's; `null`: not for this caller."""

    case: str
    applicant: str | None
    """Needs a `purpose`."""
    timeline: str | None
    answers: str | None
    question: str | None
    """Of a check: what is asked, on record."""
    explain: str
    referrals: str


class ReferralContent(ReferralView, frozen=True, kw_only=True):
    """A referral with what its office needs. What the caller may not read is left out."""

    attributes: dict[str, str | int | bool] | UnsetType = UNSET
    first_contact_office: str
    first_contact_office_zh: str
    first_contact_office_en: str
    hold: HoldView | None
    others: tuple[OtherReferral, ...] | UnsetType = UNSET
    """Every other referral of the case: for a lead its co-handlers and copies, and who had it before."""
    relations: tuple[Relation, ...]
    """What the caller is to the case."""
    may_read: dict[Part, Access]
    links: Links


class FeedbackView(msgspec.Struct, frozen=True, kw_only=True):
    """What an office answered, and what became of it."""

    feedback_id: str
    sender: str
    sender_zh: str
    sender_en: str
    action: FeedbackAction
    action_zh: str
    action_en: str
    reason: str
    reason_zh: str
    reason_en: str
    outcome: str
    code: str | None
    occurred_at: datetime | None
    """When it happened, as the office claims."""
    received_at: datetime
    text: str


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """What an office is asked about the applicant."""

    purpose: str
    purpose_zh: str
    purpose_en: str
    asked_by: str
    asked_by_zh: str
    asked_by_en: str
    asked_at: datetime
    consent: Consent | None
    """How the applicant agreed."""
    consent_zh: str
    consent_en: str
    text: str
    """Empty where it was erased."""


class ReadView(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody opened the answers to a referral, or the question of a check."""

    read_at: datetime
    part: TextPart
    subject: str
    """Who, as the token names it."""
    role: str
    office: str | None
    office_zh: str | None
    office_en: str | None


def to_content(seen: Seen, holds: Mapping[UUID, SavedFeedback], policy: Policy) -> ReferralContent:
    """`holds` has the answer by which each referral that is on hold went there."""
    referral, request, may = seen.referral, seen.routing.request, readable(seen.relations)
    window_zh, window_en = office_of(policy, request.first_contact_office)
    others = [one for one in seen.routing.referrals if one.id != referral.id]
    return ReferralContent(
        **msgspec.structs.asdict(to_view(referral, seen.routing, policy)),
        attributes=dict(request.attributes) if Part.ATTRIBUTES in may else UNSET,
        first_contact_office=request.first_contact_office,
        first_contact_office_zh=window_zh,
        first_contact_office_en=window_en,
        hold=_hold(holds.get(referral.id), policy),
        others=tuple(_other(one, seen, holds, policy) for one in others) if Part.REFERRALS in may else UNSET,
        relations=tuple(sorted(seen.relations)),
        may_read=may,
        links=_links(seen, may),
    )


def _links(seen: Seen, may: Mapping[Part, Access]) -> Links:
    case, own = f"/v1/cases/{seen.routing.request.case_id}", f"/v1/referrals/{seen.referral.id}"
    return Links(
        case=case,
        applicant=f"{case}/applicant" if Part.APPLICANT in may else None,
        timeline=f"{case}/timeline" if Part.STORY in may else None,
        answers=f"{own}/answers" if seen.answers_of(seen.referral) in may else None,
        question=_question(seen) if seen.question in may else None,
        explain=f"{own}/explain",
        referrals=f"/v1/referrals?case={seen.routing.request.case_id}",
    )


def _question(seen: Seen) -> str | None:
    """Where it was taken in."""
    asked, case_id = seen.referral.check, seen.routing.request.case_id
    if asked is None:
        return None
    own = f"/v1/referrals/{seen.referral.id}/question"
    return own if asked.asked_on is not None else f"/v1/cases/{case_id}/checks/{seen.referral.id}/question"


def _other(one: Referral, seen: Seen, holds: Mapping[UUID, SavedFeedback], policy: Policy) -> OtherReferral:
    zh, en = office_of(policy, one.office)
    path = f"/v1/referrals/{one.id}"
    clock = next(iter(one.open_clocks(WORK | {ClockKind.CHECK})), None)
    purpose = purpose_of(policy, one.check.purpose) if one.check is not None else (None, None)
    return OtherReferral(
        referral_id=one.id,
        office=one.office,
        office_zh=zh,
        office_en=en,
        role=one.role,
        role_zh=one.role.zh,
        state=one.state,
        state_zh=one.state.zh,
        dispatched_at=one.dispatched_at,
        ended_at=one.ended_at,
        due_at=clock.due(policy.calendar_of(clock.office)).due_at if clock is not None else None,
        hold=_hold(holds.get(one.id), policy),
        referral=path,
        answers=f"{path}/answers" if seen.answers_of(one) in readable(seen.relations) else None,
        purpose=one.check.purpose if one.check is not None else None,
        purpose_zh=purpose[0],
        purpose_en=purpose[1],
    )


def _hold(answer: SavedFeedback | None, policy: Policy) -> HoldView | None:
    if answer is None:
        return None
    zh, en = reason_of(policy, answer.reason)
    return HoldView(reason=answer.reason, reason_zh=zh, reason_en=en, since=answer.occurred_at or answer.received_at)


def to_answer(one: SavedFeedback, text: str, policy: Policy) -> FeedbackView:
    action = FeedbackAction(one.action)
    (sender_zh, sender_en), (reason_zh, reason_en) = office_of(policy, one.sender), reason_of(policy, one.reason)
    return FeedbackView(
        feedback_id=one.feedback_id,
        sender=one.sender,
        sender_zh=sender_zh,
        sender_en=sender_en,
        action=action,
        action_zh=action.zh,
        action_en=action.en,
        reason=one.reason,
        reason_zh=reason_zh,
        reason_en=reason_en,
        outcome=one.outcome,
        code=one.code,
        occurred_at=one.occurred_at,
        received_at=one.received_at,
        text=text,
    )


def to_question(asked: Referral, request: CheckRequest, text: str, policy: Policy) -> QuestionView:
    purpose, asker = purpose_of(policy, request.purpose), office_of(policy, request.asked_by)
    return QuestionView(
        purpose=request.purpose,
        purpose_zh=purpose[0],
        purpose_en=purpose[1],
        asked_by=request.asked_by,
        asked_by_zh=asker[0],
        asked_by_en=asker[1],
        asked_at=asked.dispatched_at,
        consent=asked.consent,
        consent_zh=asked.consent.zh if asked.consent is not None else "",
        consent_en=asked.consent.en if asked.consent is not None else "",
        text=text,
    )


def to_read(row: RowMapping, policy: Policy) -> ReadView:
    office_zh, office_en = office_if_any(policy, row["office"])
    return ReadView(
        read_at=row["read_at"],
        part=TextPart(row["part"]),
        subject=row["subject"],
        role=row["role"],
        office=row["office"],
        office_zh=office_zh,
        office_en=office_en,
    )
