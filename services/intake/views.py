"""What a case looks like over HTTP, and who answers next."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from contracts.access import Access, Part, Relation, access
from contracts.clocks import LimitBasis
from contracts.codes import CaseState, ClockKind, Field, SubmissionChannel
from contracts.reviews import ReviewResult
from libraries.clocks.clock import facts_of
from libraries.clocks.matter_wording import matter_of
from libraries.clocks.wording import address_of, office_of, reason_of
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from services.intake.domain.case import Case, ExpectedAnswer, JudgedRound, Reclassified, expected, lead_of
from services.intake.domain.reopening import right_until
from services.intake.domain.reviewing import review_until, reviewable

Relations = Collection[Relation]
"""What the caller is to the case."""
WINDOWS_OWN = (ClockKind.SUPPLEMENT, ClockKind.ACCEPTANCE, ClockKind.CALLBACK)
"""What the window is awaited for, the first that runs: until material has to come, acceptance stands still."""


class AnswerBy(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers next, by when, and which law says so."""

    office: str
    office_zh: str
    office_en: str
    clock: ClockKind
    clock_zh: str
    limit: str
    due_at: datetime | None
    """`null` while the clock stands still."""
    provisional: bool
    announced: bool
    """Whether the owner of the clock has said so; before, it is what the policy lets expect."""
    basis: LimitBasis


class ReclassifiedView(msgspec.Struct, frozen=True, kw_only=True):
    """What the case was before it became another matter, or was moved elsewhere."""

    at: datetime
    reason: str
    reason_zh: str
    reason_en: str
    category: str
    category_zh: str
    category_en: str
    area: str
    area_zh: str
    limit: str
    due_at: datetime | None
    """Until when the office had time by the law of that matter; `answer_by` has the date by the law of this one."""
    basis: LimitBasis | None


class RoundView(msgspec.Struct, frozen=True, kw_only=True):
    """A round of the case that has ended, and another followed: a rework, a review or a re-review."""

    round: int
    category: str
    category_zh: str
    category_en: str
    office: str
    """Whose result it was."""
    office_zh: str
    office_en: str
    resolved_at: datetime
    result: ReviewResult | None
    """Of a review: what became of the result before."""


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case over HTTP; the applicant is fetched apart, and each fetch is on record."""

    case_id: UUID
    number: str
    source: str
    submission_id: str
    state: CaseState
    state_zh: str
    round: int
    category: str
    category_zh: str
    category_en: str
    field: Field
    area: str
    area_zh: str
    """From the county down, as an address is written."""
    channel: SubmissionChannel
    received_at: datetime
    registered_at: datetime
    accepted_at: datetime | None
    resolved_at: datetime | None
    reopen_until: datetime | None
    """Until when the applicant may have it opened again; a first call-back that comes late makes it later."""
    review_until: datetime | None
    """Until when the applicant may ask for a review of the result, or for its re-review (复查、复核)."""
    review_result: ReviewResult | None
    """What became of the result before, where this round was a review."""
    materials: tuple[str, ...] | UnsetType = UNSET
    """What was handed in, by code."""
    missing: tuple[str, ...] | UnsetType = UNSET
    """What is still to be handed in."""
    first_contact_office: str
    first_contact_office_zh: str
    first_contact_office_en: str
    first_contact_post: str
    """Empty where none was named: then the desk answers for it."""
    lead_office: str | None
    lead_referral: UUID | None
    merged_into: UUID | None
    """The case in which the matter goes on, of one that is merged."""
    applicant_untold: tuple[str, ...]
    """What the window has still to tell the applicant, for example `extension`."""
    answer_by: AnswerBy | None
    reclassified: ReclassifiedView | None
    rounds: list[RoundView]
    """Those that have ended before this one."""


class NoticeView(CaseView, frozen=True, kw_only=True):
    """A case whose applicant was just told what is missing."""

    added_to_notice: tuple[str, ...] | UnsetType = UNSET
    """Told because it is missing, although the window did not name it."""


def to_notice(case: Case, policy: Policy, relations: Relations, *, added: tuple[str, ...]) -> NoticeView:
    view = to_view(case, policy, relations)
    return NoticeView(**msgspec.structs.asdict(view), added_to_notice=added if view.missing is not UNSET else UNSET)


def to_view(case: Case, policy: Policy, relations: Relations) -> CaseView:
    """As much of it as these relations may read."""
    listed = access(relations, Part.MATERIALS) is not Access.DENIED
    category = policy.categories.get(case.category)
    awaited = _awaited(case, policy)
    window_zh, window_en = office_of(policy, case.first_contact_office)
    return CaseView(
        case_id=case.id,
        number=case.number,
        source=case.source,
        submission_id=case.submission_id,
        state=case.state,
        state_zh=case.state.zh,
        round=case.round,
        category=case.category,
        category_zh=category.zh if category is not None else case.category,
        category_en=category.en if category is not None else case.category,
        field=case.field,
        area=case.area,
        area_zh=address_of(policy, case.area),
        channel=case.channel,
        received_at=case.received_at,
        registered_at=case.registered_at,
        accepted_at=case.accepted_at,
        resolved_at=case.resolved_at,
        reopen_until=right_until(case, policy, called_back_at=case.called_back_at),
        review_until=review_until(case, policy) if reviewable(case, policy) else None,
        review_result=case.result,
        materials=case.materials if listed else UNSET,
        missing=case.missing if listed else UNSET,
        first_contact_office=case.first_contact_office,
        first_contact_office_zh=window_zh,
        first_contact_office_en=window_en,
        first_contact_post=case.first_contact_post,
        lead_office=case.lead_office,
        lead_referral=case.lead,
        merged_into=case.merged_into,
        applicant_untold=case.pending_notices,
        answer_by=_answer_by(awaited, policy) if awaited is not None else None,
        reclassified=_reclassified(case.reclassified, policy) if case.reclassified is not None else None,
        rounds=[_round(one, policy) for one in case.judged],
    )


def _round(one: JudgedRound, policy: Policy) -> RoundView:
    (zh, en), (office_zh, office_en) = matter_of(policy, one.category), office_of(policy, one.office)
    return RoundView(
        round=one.round,
        category=one.category,
        category_zh=zh,
        category_en=en,
        office=one.office,
        office_zh=office_zh,
        office_en=office_en,
        resolved_at=one.resolved_at,
        result=one.result,
    )


def _reclassified(was: Reclassified, policy: Policy) -> ReclassifiedView:
    (why_zh, why_en), (zh, en) = reason_of(policy, was.reason), matter_of(policy, was.category)
    return ReclassifiedView(
        at=was.at,
        reason=was.reason,
        reason_zh=why_zh,
        reason_en=why_en,
        category=was.category,
        category_zh=zh,
        category_en=en,
        area=was.area,
        area_zh=address_of(policy, was.area),
        limit=was.limit,
        due_at=was.due_at,
        basis=was.basis,
    )


def _awaited(case: Case, policy: Policy) -> ExpectedAnswer | None:
    """The window while it has not accepted or has to call back; else the lead, as routing said or is about to say."""
    if case.handling is not None:
        return case.handling
    own = {clock.kind: clock for clock in case.clocks}
    clock = next((own[kind] for kind in WINDOWS_OWN if kind in own), None)
    if clock is not None:
        return ExpectedAnswer.of(facts_of([clock], policy)[0])
    if case.state is not CaseState.ACCEPTED or case.accepted_at is None:
        return None
    return expected(
        Trigger.REFERRAL_DISPATCHED, lead_of(case, case.accepted_at, policy), case.accepted_at, case.category, policy
    )


def _answer_by(awaited: ExpectedAnswer, policy: Policy) -> AnswerBy:
    zh, en = office_of(policy, awaited.office)
    return AnswerBy(
        office=awaited.office,
        office_zh=zh,
        office_en=en,
        clock=awaited.kind,
        clock_zh=awaited.kind.zh,
        limit=awaited.limit,
        due_at=awaited.due_at,
        provisional=awaited.provisional,
        announced=awaited.announced,
        basis=awaited.basis,
    )
