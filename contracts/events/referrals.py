"""What routing says about decisions, referrals and the answers of offices."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from contracts.clocks import LimitBasis
from contracts.codes import Consent, FeedbackAction, FeedbackOutcome, Field, ReferralRole, ReferralState, Sending
from contracts.events.base import CaseBound, ChangesClocks
from contracts.events.rejections import RecordPlace
from contracts.refusals import FieldError, PossibleAct
from contracts.reviews import ReviewResult


class RoutingDecided(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """Which rule of which policy version sent the case where; the whole trace is served over HTTP."""

    TYPE: ClassVar[str] = "routing.decided"
    decision_id: UUID
    policy_version: str
    rule: str
    lead: str
    co_handlers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """Offices that are asked a question about the applicant."""
    decided_at: datetime


class RoutingUnmatched(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """No rule named an office that exists; the fallback office owns the case meanwhile."""

    TYPE: ClassVar[str] = "routing.unmatched"
    decision_id: UUID
    policy_version: str
    fallback: str
    decided_at: datetime


class RoutingArbitrationRequested(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """Two offices disagree; the common superior decides."""

    TYPE: ClassVar[str] = "routing.arbitration_requested"
    referral_id: UUID
    arbiter: str
    requested_at: datetime


class RoutingOverridden(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """A coordinator sent the case elsewhere than the rules would."""

    TYPE: ClassVar[str] = "routing.overridden"
    referral_id: UUID
    lead: str
    reason: str
    overridden_at: datetime


class RoutingReclassified(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """It is another matter, or lies elsewhere, than was registered (改类): it was decided anew who handles it.

    The time goes on from where it began, by the law of the new matter. What that made of referrals is told by events
    of those. `by` names who has decided it.
    """

    TYPE: ClassVar[str] = "routing.reclassified"
    referral_id: UUID
    """Of the lead until now."""
    category: str
    category_before: str
    field: Field
    area: str
    area_before: str
    lead: str
    lead_before: str
    reason: str
    limit: str = ""
    due_at: datetime | None = None
    """Until when the lead has time now; `None` while that stands still."""
    basis: LimitBasis | None = None
    limit_before: str = ""
    due_before: datetime | None = None
    """Until when it had time by the law of the matter before: what the applicant was told."""
    basis_before: LimitBasis | None = None
    reclassified_at: datetime


class ReferralEvent(ChangesClocks, frozen=True, kw_only=True, omit_defaults=True):
    """One office's part of a case."""

    referral_id: UUID
    office: str
    role: ReferralRole
    state: ReferralState
    """As it is after the event."""
    round: int = 1
    at: datetime
    """When it became true: for an answer, when it was received at our edge."""
    feedback_id: str | None = None
    """The answer that caused it; `None` for what routing did by itself."""


class ReferralDispatched(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Sent to the office. The handling clock runs from here, never from signing."""

    TYPE: ClassVar[str] = "referral.dispatched"
    number: str
    category: str
    field: Field
    area: str
    decision_id: UUID
    requires_report: bool = True
    sent_as: Sending = Sending.DISPATCH
    """Of a forward, an assignment and alike `by` names the lead that sent it."""
    consent: Consent | None = None
    """How the applicant agreed that an organisation learns of the matter, or that an office is asked about them."""
    consent_id: UUID | None = None
    """Of a check: the consent on record under which it is asked; it ends with it."""
    purpose: str | None = None
    """Of a check: for what it is asked, a code of the policy. The question itself is fetched over HTTP, on record."""
    return_locked: bool = False
    supersedes: UUID | None = None


class ReferralSigned(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.signed"


class ReferralAccepted(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.accepted"


class ReferralDeemedAccepted(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Silence is acceptance (视为接收): the signing window lapsed."""

    TYPE: ClassVar[str] = "referral.deemed_accepted"


class ReferralReturnRequested(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.return_requested"
    reason: str


class ReferralReturned(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The return was approved by who decides on it, whom `by` names."""

    TYPE: ClassVar[str] = "referral.returned"
    reason: str
    arbitrated: bool = False
    """The common superior has settled it; the reason is its own."""


class ReferralReturnRefused(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The office keeps the referral and cannot return it again."""

    TYPE: ClassVar[str] = "referral.return_refused"
    reason: str
    arbitrated: bool = False


class ReferralReassigned(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.reassigned"
    to: str
    reason: str
    transferred: bool = False
    """The lead itself handed it on (移送); else a coordinator has decided it."""


class ReferralLeadActed(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The lead did something with another office's part: added, released or urged it, forwarded or assigned to it.

    What it made of the other referral is told by an event of that one.
    """

    TYPE: ClassVar[str] = "referral.lead_acted"
    action: FeedbackAction
    to: str
    """The other office."""
    other_id: UUID
    """Its referral."""
    reason: str = ""


class ReferralClassified(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The desk has said which matter it is (归类), or its superior has; its part ends with that."""

    TYPE: ClassVar[str] = "referral.classified"
    category: str
    area: str
    to: str
    """The office that has it by that."""
    reason: str


class ReferralReclassified(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The case is another matter now, or lies elsewhere, and the office keeps its part: in its state, by the new law.

    Carries what a dispatch does, for whoever hears of the referral with this.
    """

    TYPE: ClassVar[str] = "referral.reclassified"
    number: str
    category: str
    field: Field
    area: str
    decision_id: UUID
    reason: str


class ReferralUrged(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The lead, whom `by` names, asks the co-handler to go on with it (催办). No clock changes."""

    TYPE: ClassVar[str] = "referral.urged"


class ReferralOfficeSucceeded(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Another office goes on with the same referral: in its state, with the time it has.

    The one before is no more, or the area has moved to another county; it gets a copy, if it reads copies.

    Carries what a dispatch does, for whoever hears of the referral with this. `clock.recalculated` tells of its clocks.
    """

    TYPE: ClassVar[str] = "referral.office_succeeded"
    predecessor: str
    number: str
    category: str
    field: Field
    area: str
    decision_id: UUID
    dispatched_at: datetime
    return_locked: bool = False


class ReferralOnHold(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.on_hold"
    reason: str
    stops_clock: bool


class ReferralResumed(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.resumed"
    reason: str = ""
    """Why a coordinator ended the hold; empty where the office itself went on."""


class ReferralExtensionRequested(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The office asks for more time. Nothing is longer by this: whoever the policy names decides on it.

    Until when stands with the clock `extension_decision`, and whose it is with its office.
    """

    TYPE: ClassVar[str] = "referral.extension_requested"
    asked: str
    """How much longer, for example `10wd`."""
    approver: str
    """By the code of the policy: who has to agree."""
    reason: str


class ReferralExtended(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The office was given more time, and the applicant is to be told; by how much and why stands with the clock.

    `by` names who has decided it.
    """

    TYPE: ClassVar[str] = "referral.extended"


class ReferralExtensionRefused(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The time stays as it is: it was refused, or nobody decided in time."""

    TYPE: ClassVar[str] = "referral.extension_refused"
    reason: str = ""
    """Empty where nobody has decided."""
    silent: bool = False
    """The time to decide has passed; silence means no."""


class ReferralProgressReported(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.progress_reported"


class ReferralCompleted(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.completed"
    result: ReviewResult | None = None
    """Of a review alone: what became of the result that was reviewed."""


class ReferralFailed(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.failed"
    reason: str


class ReferralCancelled(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.cancelled"
    reason: str


class ReferralReworkRequested(ReferralEvent, frozen=True, kw_only=True, omit_defaults=True):
    TYPE: ClassVar[str] = "referral.rework_requested"
    reason: str


class FeedbackReceived(CaseBound, frozen=True, kw_only=True, omit_defaults=True):
    """An answer that changed nothing, and why: refused (`code` says why), repeated, set aside.

    What an answer that took effect has changed is told by the `referral.*` event with its `feedback_id`.

    With `invalid_feedback` it could not be taken as an answer: `faults` has everything that is wrong with it, `record`
    says where it lies, and what could not be read of it is left out.
    """

    TYPE: ClassVar[str] = "feedback.received"
    referral_id: UUID
    feedback_id: str | None = None
    sender: str
    action: FeedbackAction | None = None
    outcome: FeedbackOutcome
    received_at: datetime
    code: str | None = None
    faults: tuple[FieldError, ...] = ()
    possible: tuple[PossibleAct, ...] = ()
    """Of a refused one: what could be done instead, by whom and until when."""
    record: RecordPlace | None = None


AnyReferralEvent = (
    ReferralDispatched
    | ReferralSigned
    | ReferralAccepted
    | ReferralDeemedAccepted
    | ReferralReturnRequested
    | ReferralReturned
    | ReferralReturnRefused
    | ReferralReassigned
    | ReferralLeadActed
    | ReferralUrged
    | ReferralClassified
    | ReferralReclassified
    | ReferralOfficeSucceeded
    | ReferralOnHold
    | ReferralResumed
    | ReferralExtensionRequested
    | ReferralExtended
    | ReferralExtensionRefused
    | ReferralProgressReported
    | ReferralCompleted
    | ReferralFailed
    | ReferralCancelled
    | ReferralReworkRequested
)


AnyRoutingEvent = (
    RoutingDecided | RoutingUnmatched | RoutingArbitrationRequested | RoutingOverridden | RoutingReclassified
)
