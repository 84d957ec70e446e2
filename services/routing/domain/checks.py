"""An information check (核对): another office is asked one question about the applicant, under a consent on record.

It is no part of the work: it has a clock of its own, the lead goes on, and it ends with the consent.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.codes import FeedbackAction, ReferralRole, ReferralState, Sending
from contracts.events.base import BY_RULES
from contracts.events.cases import CaseCheckRequested
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.policies.decision import RoutingDecision, Step
from services.routing.domain.dispatching import SENT, dispatched, recall, send
from services.routing.domain.referral import Change, CheckConsent, CheckRequest, Decided, Referral, Routing
from services.routing.domain.request import RoutingRequest
from services.routing.domain.timing import Context, apply_triggers

CONSENT_WITHDRAWN: Final = "consent_withdrawn"
NOT_NEEDED: Final = "check_not_needed"
"""The policy's reasons for ending a check."""
LEAD, WINDOW = "lead", "window"
"""Stand in the place of a rule: who asked."""
OFFICE, PURPOSE, QUESTION = "attributes.office", "attributes.purpose", "text"


def check(routing: Routing, referral: Referral, feedback: Feedback, policy: Policy) -> Refused | None:
    """Whether the lead may ask it: any office of the policy, wherever it is, but only under a consent that stands."""
    office, purpose = policy.offices.get(_named(feedback, "office")), policy.purposes.get(_named(feedback, "purpose"))
    faults = [Fault(OFFICE, "unknown_office")] if office is None else []
    if purpose is None or not purpose.check:
        allowed = [one.code for one in policy.purposes.values() if one.check]
        faults.append(Fault(PURPOSE, "unknown_purpose", {"allowed": allowed}))
    if not feedback.text.strip():
        faults.append(Fault(QUESTION, "question_missing"))
    if office is None or purpose is None or faults:
        return Refused.of(*faults)
    if policy.same_office(office.code, referral.office):
        return Refused(code="same_office")
    if office.outside:
        return Refused(code="organisation_only")
    if standing(routing, purpose.code) is None:
        window = routing.request.first_contact_office
        return Refused(code="consent_needed", facts={"purpose": purpose.code, "window": window})
    open_ = routing.check_of(office.code)
    return Refused(code="check_open", facts={"until": _until(open_, policy)}) if open_ is not None else None


def standing(routing: Routing, purpose: str) -> CheckConsent | None:
    """The consent to checks for this purpose that was not withdrawn."""
    return next((one for one in routing.consents if one.purpose == purpose and one.withdrawn_at is None), None)


def ask(change: Change, lead: Referral, feedback: Feedback, context: Context) -> tuple[Change, Referral]:
    """The other office gets the question, and nothing else of the case."""
    office, purpose = _named(feedback, "office"), _named(feedback, "purpose")
    consent = standing(change.routing, purpose)
    if consent is None:
        raise ValueError("a check is asked for only where `check` found a consent")
    decision = RoutingDecision(
        rule=LEAD,
        lead=lead.office,
        checks=(office,),
        trace=(Step(looked_at=LEAD, outcome=f"{FeedbackAction.REQUEST_CHECK.value}: {office}"),),
    )
    request = CheckRequest(
        purpose=purpose,
        consent_id=consent.id,
        asked_by=change.by.office,
        asked_on=lead.id,
        feedback_id=feedback.feedback_id,
    )
    before = {one.id for one in change.routing.referrals}
    sent = send(
        change,
        decision,
        context,
        by=lead.office,
        sent_as=Sending.REQUEST_CHECK,
        consent=consent.consent,
        check=request,
    )
    return sent, next(one for one in sent.routing.referrals if one.id not in before)


def ask_for_window(event: CaseCheckRequested, known: Routing | None, at: datetime, context: Context) -> Change | None:
    """What a window asks before it has accepted the case; intake has judged whether it may."""
    if known is not None and (known.last_lead is not None or known.check_of(event.office) is not None):
        return None
    routing = known or Routing(request=_asked_about(event))
    decided = Decided(
        id=context.make_id(),
        policy_version=context.policy.version,
        decision=RoutingDecision(
            rule=WINDOW,
            lead=event.first_contact_office,
            checks=(event.office,),
            trace=(Step(looked_at=WINDOW, outcome=f"{FeedbackAction.REQUEST_CHECK.value}: {event.office}"),),
        ),
        category=routing.request.category,
        area=routing.request.area,
        at=at,
        by=event.first_contact_office,
    )
    asked = Referral(
        id=event.check_id,
        decision_id=decided.id,
        office=event.office,
        role=ReferralRole.CHECK,
        state=ReferralState.DISPATCHED,
        dispatched_at=at,
        changed_at=at,
        sent_as=Sending.REQUEST_CHECK,
        consent=event.consent,
        check=CheckRequest(
            purpose=event.purpose,
            consent_id=event.consent_id,
            asked_by=event.first_contact_office,
            asked_on=None,
            feedback_id=str(event.check_id),
        ),
    )
    change = dispatched(Change(routing=routing, at=at, by=event.by or BY_RULES).decided(decided), asked)
    return apply_triggers(change, asked.id, context, *SENT)


def _asked_about(event: CaseCheckRequested) -> RoutingRequest:
    """The case as far as it goes before it is accepted."""
    return RoutingRequest(
        case_id=event.case_id,
        number=event.number,
        category=event.category,
        field=event.field,
        area=event.area,
        attributes={},
        first_contact_office=event.first_contact_office,
        accepted_at=event.requested_at,
    )


def end(change: Change, context: Context, reason: str, *, under: Collection[UUID] | None = None) -> Change:
    """Nobody waits for these answers any more: of all open checks, or of those under these consents."""
    for referral in change.routing.referrals:
        asked = referral.check
        if asked is not None and referral.live and (under is None or asked.consent_id in under):
            change = recall(change, referral.id, context, reason)
    return change


def over(referral: Referral) -> Refused | None:
    """What an office is told that answers a check that has ended."""
    if referral.check is None:
        return None
    return Refused(code="check_ended", facts={"state": referral.state, "asked_by": referral.check.asked_by})


def keeps_text(action: FeedbackAction, referral: Referral, *, refused: bool) -> bool:
    """Of a question that may not be asked, and of an answer that may not be given any more, no word is kept."""
    return not (refused and (action is FeedbackAction.REQUEST_CHECK or referral.role is ReferralRole.CHECK))


def _until(asked: Referral, policy: Policy) -> object:
    clock = next(iter(asked.open_clocks()), None)
    return clock.due(policy.calendar_of(clock.office)).due_at if clock is not None else None


def _named(feedback: Feedback, name: str) -> str:
    return str(feedback.attributes.get(name, ""))
