"""What intake says about a case."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from contracts.attachments import AttachmentKind
from contracts.codes import CaseState, Consent, Field, SubmissionChannel
from contracts.events.base import ChangesClocks
from contracts.reviews import ReviewResult

Attributes = dict[str, str | int | bool]
"""Closed-value answers that routing rules may ask for; only keys and values that the policy declares."""


class CaseEvent(ChangesClocks, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to a case."""

    state: CaseState
    """As it is after the event."""


class CaseRegistered(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A matter is on record; the acceptance clock runs."""

    TYPE: ClassVar[str] = "case.registered"
    number: str
    category: str
    field: Field
    area: str
    channel: SubmissionChannel
    source: str
    submission_id: str
    received_at: datetime
    registered_at: datetime
    first_contact_office: str
    """The desk that was asked first, and answers for it (首问首办)."""
    first_contact_post: str = ""
    """The post there, if one was named."""
    attributes: Attributes = msgspec.field(default_factory=dict)


class CaseSupplementRequested(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The applicant was told once and completely what is missing (一次性告知)."""

    TYPE: ClassVar[str] = "case.supplement_requested"
    missing: tuple[str, ...]
    """All of it: what was open, and what the window asked for beyond."""
    requested_at: datetime
    overridden: bool = False


class CaseSupplemented(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Material came in. It is whole when nothing is missing; a case that lacks something waits for the window."""

    TYPE: ClassVar[str] = "case.supplemented"
    materials: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """What is still to be handed in."""
    supplemented_at: datetime


class CaseAccepted(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The case is taken on. Carries all that routing needs to choose the offices."""

    TYPE: ClassVar[str] = "case.accepted"
    number: str
    category: str
    field: Field
    area: str
    channel: SubmissionChannel
    accepted_at: datetime
    first_contact_office: str
    first_contact_post: str = ""
    attributes: Attributes = msgspec.field(default_factory=dict)
    deemed: bool = False
    """Accepted because the window stayed silent until the limit had passed."""
    missing: tuple[str, ...] = ()
    """Codes of material that had not been handed in: taken on without it (容缺受理)."""


class CaseProgressed(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """What an office or routing did moved the case, or a clock of its window, and nothing else is to be said of it."""

    TYPE: ClassVar[str] = "case.progressed"
    cause: str
    """The event behind it without its version, for example `referral.dispatched`: the lead has the case."""
    progressed_at: datetime


class CaseNotAccepted(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Declined, with a reason and where to go instead; both are mandatory."""

    TYPE: ClassVar[str] = "case.not_accepted"
    reason: str
    go_to: str
    declined_at: datetime


class CaseSuspended(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "case.suspended"
    reason: str
    suspended_at: datetime


class CaseResumed(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "case.resumed"
    resumed_at: datetime


class CaseResolved(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The lead and every required co-handler have finished; the callback clock runs."""

    TYPE: ClassVar[str] = "case.resolved"
    resolved_at: datetime
    round: int
    result: ReviewResult | None = None
    """Of a round that was a review: what became of the result before it."""


class CaseClosed(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "case.closed"
    closed_at: datetime
    satisfied: bool | None = None


class CaseApplicantNotReached(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The window called back and reached nobody: the case stays resolved, and the time to call back runs on."""

    TYPE: ClassVar[str] = "case.applicant_not_reached"
    called_at: datetime


class CaseReopened(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Dissatisfaction opened a new round with a clock of its own."""

    TYPE: ClassVar[str] = "case.reopened"
    reopened_at: datetime
    round: int
    reason: str


class CaseReviewRequested(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The applicant does not accept the result: whoever stands above its office judges it in a new round (复查、复核).

    The round is of a matter of its own, by whose law its clocks run.
    """

    TYPE: ClassVar[str] = "case.review_requested"
    requested_at: datetime
    round: int
    category: str
    category_before: str
    field: Field
    judged: tuple[str, ...]
    """Offices that have judged it, in order: the last gave the result that is reviewed. None of them judges again."""


class CaseApplicantToBeTold(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The window owes the applicant a word, for example on an extension or a suspension."""

    TYPE: ClassVar[str] = "case.applicant_to_be_told"
    about: str
    """`extension`, `suspension` or `merge`."""
    owed_at: datetime


class CaseApplicantTold(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "case.applicant_told"
    about: str
    told_at: datetime


class CaseWithdrawn(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "case.withdrawn"
    reason: str
    withdrawn_at: datetime


class CaseMerged(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A duplicate (并案): the same matter of the same applicant goes on in another case."""

    TYPE: ClassVar[str] = "case.merged"
    into: UUID
    into_number: str
    merged_at: datetime


class CaseUnmerged(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """It was merged wrongly, and goes on by itself, with the time that it has used."""

    TYPE: ClassVar[str] = "case.unmerged"
    survivor: UUID
    survivor_number: str
    unmerged_at: datetime


class CaseDuplicateAdded(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Another case of the same matter was merged into this one."""

    TYPE: ClassVar[str] = "case.duplicate_added"
    duplicate: UUID
    duplicate_number: str
    added_at: datetime


class CaseDuplicateRemoved(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """What was merged into this one goes on by itself again."""

    TYPE: ClassVar[str] = "case.duplicate_removed"
    duplicate: UUID
    duplicate_number: str
    removed_at: datetime


class CaseConsentGiven(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The applicant agrees that offices are asked about their circumstances for one purpose (核对)."""

    TYPE: ClassVar[str] = "case.consent_given"
    consent_id: UUID
    purpose: str
    """A code of the policy."""
    consent: Consent
    """How the applicant agreed."""
    given_at: datetime


class CaseConsentWithdrawn(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The applicant takes the consent back: what is still being asked under it ends."""

    TYPE: ClassVar[str] = "case.consent_withdrawn"
    consent_id: UUID
    purpose: str
    withdrawn_at: datetime


class CaseCheckRequested(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The window asks an office about the applicant (核对) before it has accepted the case.

    Carries what routing needs to send it. The question itself is fetched over HTTP, on record.
    """

    TYPE: ClassVar[str] = "case.check_requested"
    check_id: UUID
    """Of the referral that the office gets."""
    office: str
    purpose: str
    consent_id: UUID
    consent: Consent
    number: str
    category: str
    field: Field
    area: str
    first_contact_office: str
    requested_at: datetime


class CaseAreaChanged(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Areas were merged, split, moved or given other codes: the open case goes on where its ground now lies.

    Its window goes with it; of its clocks, with which the window's successor goes on, `clock.recalculated` tells.
    """

    TYPE: ClassVar[str] = "case.area_changed"
    area: str
    area_before: str
    first_contact_office: str
    first_contact_office_before: str
    changed_at: datetime


class CaseReclassified(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Before any office had it, its window put right which matter it is, or where it lies (改类).

    Once offices have it, `routing.reclassified` says so.
    """

    TYPE: ClassVar[str] = "case.reclassified"
    category: str
    category_before: str
    field: Field
    area: str
    area_before: str
    missing: tuple[str, ...] = ()
    """What is to be handed in for the matter that it is."""
    reason: str
    reclassified_at: datetime


class CaseTerminated(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The lead could not do it; the reason is a policy code."""

    TYPE: ClassVar[str] = "case.terminated"
    reason: str
    terminated_at: datetime


class CaseAttachmentAdded(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A file was attached. Neither its name nor what it shows is said; who may, fetches it."""

    TYPE: ClassVar[str] = "case.attachment_added"
    attachment_id: UUID
    kind: AttachmentKind
    size: int
    sha256: str
    """Of the file, 64 hexadecimal digits: who fetched it sees that it is the one."""
    added_at: datetime
    material: str = ""
    """What of the matter's list it is, a code of the policy."""


class CaseMaterialsTakenOver(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Files from earlier cases of the applicant serve here too, as the applicant agreed (免于重复提交)."""

    TYPE: ClassVar[str] = "case.materials_taken_over"
    take_over_id: UUID
    materials: tuple[str, ...]
    """Codes of the policy."""
    attachments: tuple[UUID, ...]
    """Of this case; each is said by `case.attachment_added` before."""
    missing: tuple[str, ...] = ()
    """What is still to be handed in."""
    consent: Consent
    """How the applicant agreed."""
    taken_over_at: datetime


class CaseTakeOverWithdrawn(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The applicant takes the consent back: what was taken over under it is gone from the case."""

    TYPE: ClassVar[str] = "case.take_over_withdrawn"
    take_over_id: UUID
    materials: tuple[str, ...] = ()
    """What counts as handed in no longer."""
    attachments: tuple[UUID, ...]
    missing: tuple[str, ...] = ()
    withdrawn_at: datetime


class CaseErased(CaseEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of the case are destroyed (个人信息保护法 47): applicant and texts are gone, what happened stays."""

    TYPE: ClassVar[str] = "case.erased"
    reason: str
    erased_at: datetime


AnyCaseEvent = (
    CaseRegistered
    | CaseSupplementRequested
    | CaseSupplemented
    | CaseAccepted
    | CaseProgressed
    | CaseNotAccepted
    | CaseSuspended
    | CaseResumed
    | CaseResolved
    | CaseClosed
    | CaseApplicantNotReached
    | CaseReopened
    | CaseReviewRequested
    | CaseApplicantToBeTold
    | CaseApplicantTold
    | CaseWithdrawn
    | CaseMerged
    | CaseUnmerged
    | CaseDuplicateAdded
    | CaseDuplicateRemoved
    | CaseConsentGiven
    | CaseConsentWithdrawn
    | CaseCheckRequested
    | CaseAreaChanged
    | CaseReclassified
    | CaseTerminated
    | CaseAttachmentAdded
    | CaseMaterialsTakenOver
    | CaseTakeOverWithdrawn
    | CaseErased
)
"""Closed: a type checker finds every reader that has not decided what a new event is to it."""
