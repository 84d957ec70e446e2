"""What a lead does with other offices: it brings them in, lets them go, urges them, and hands the case on.

The lead stays the lead, and owes the answer, whatever it adds, forwards or assigns; only a transfer moves that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from contracts.codes import Consent, FeedbackAction, ReferralRole, Sending
from contracts.events.referrals import ReferralLeadActed, ReferralReassigned, ReferralUrged
from contracts.refusals import Fault, Refused
from contracts.submissions import Feedback
from libraries.policies import Policy
from libraries.policies.decision import SUPERIORS, RoutingDecision, Step, coordinator
from libraries.policies.model import Office
from libraries.policies.reasons import refused_reason
from services.routing.domain import checks
from services.routing.domain.deciders import decider
from services.routing.domain.dispatching import RANKS, recall, send
from services.routing.domain.referral import Change, Referral, Routing
from services.routing.domain.reviewing import cannot_judge
from services.routing.domain.supervision import send_on
from services.routing.domain.timing import Context

Action = FeedbackAction
LEAD: Final = "lead"
"""Stands in the place of a rule where the lead chose the office."""
OFFICE: Final = "attributes.office"
CONSENT: Final = "attributes.consent"
TRANSFERRED: Final = "transferred"
"""The policy's reason for ending the leg of a lead that has handed the case on."""
BRINGS_IN: Final[Mapping[Action, tuple[Sending, ReferralRole]]] = MappingProxyType(
    {
        Action.ADD_CO: (Sending.ADD_CO, ReferralRole.CO),
        Action.ASSIGN: (Sending.ASSIGN, ReferralRole.CO),
        Action.FORWARD: (Sending.FORWARD, ReferralRole.INFO),
        Action.REFER_OUT: (Sending.REFER_OUT, ReferralRole.INFO),
    }
)
"""As what the other office gets it. Who owes a report has a clock inside the lead's time, and the lead waits for it."""
REASONS: Final[Mapping[Action, str]] = MappingProxyType({Action.TRANSFER: "transfer", Action.RELEASE_CO: "release_co"})
"""Acts with a reason, and the use that it has in the policy."""


def check(routing: Routing, referral: Referral, feedback: Feedback, at: datetime, policy: Policy) -> Refused | None:
    """Whether the lead may do it with the office that it names."""
    if referral.role is not ReferralRole.LEAD:
        lead = routing.lead
        return Refused(code="only_the_lead_acts", facts={"lead": lead.office if lead is not None else None})
    if feedback.action is Action.REQUEST_CHECK:
        return checks.check(routing, referral, feedback, policy)
    office = policy.offices.get(_named(feedback))
    if office is None:
        return Refused.of(Fault(OFFICE, "unknown_office"))
    if feedback.action in {Action.RELEASE_CO, Action.URGE}:
        return _check_co_handler(routing, office, feedback, at, policy)
    return (
        _check_place(routing, referral, office, feedback, policy)
        or _check_kind(office, feedback, policy)
        or _check_part(routing, referral, office, feedback, policy)
    )


def _check_co_handler(
    routing: Routing, office: Office, feedback: Feedback, at: datetime, policy: Policy
) -> Refused | None:
    co = _co_handler(routing, office.code)
    if co is None:
        return Refused(
            code="no_such_co_handler", facts={"offices": sorted(one.office for one in routing.open_co_handlers)}
        )
    if feedback.action is Action.RELEASE_CO:
        return refused_reason(policy, feedback.reason, REASONS[Action.RELEASE_CO])
    calendar = policy.calendar
    today = calendar.civil_day(at)
    if co.urged_at is not None and calendar.civil_day(co.urged_at) == today:
        return Refused(code="urged_already", facts={"until": calendar.local(calendar.midnight(today + 1))})
    return None


def _check_place(
    routing: Routing, referral: Referral, office: Office, feedback: Feedback, policy: Policy
) -> Refused | None:
    """Beside and below: nobody brings in an office outside of the coordinating office's area."""
    if office.code == referral.office:
        return Refused(code="same_office")
    sender = policy.offices.get(coordinator(policy, routing.request.area))
    if sender is not None and not policy.within(office.area, sender.area):
        return Refused(code="out_of_area", facts={"areas": [sender.area]})
    own = policy.office(referral.office)
    if feedback.action is not Action.ASSIGN or own is None:
        return None
    below = policy.within(office.area, own.area) and (office.area != own.area or own.role in SUPERIORS)
    return None if below else Refused(code="not_below", facts={"area": own.area})


def _check_kind(office: Office, feedback: Feedback, policy: Policy) -> Refused | None:
    """An organisation is no authority: it gets a matter by referring out, with consent on record, and not otherwise."""
    if feedback.action is not Action.REFER_OUT:
        return Refused(code="organisation_only") if office.outside else None
    if not office.outside:
        near = sorted(one.code for one in policy.offices.values() if one.outside and one.area == office.area)
        return Refused(code="no_organisation", facts={"organisations": near})
    if str(feedback.attributes.get("consent", "")) in set(Consent):
        return None
    return Refused.of(Fault(CONSENT, "consent_missing", {"allowed": [one.value for one in Consent]}))


def _check_part(
    routing: Routing, referral: Referral, office: Office, feedback: Feedback, policy: Policy
) -> Refused | None:
    """One office has one part of a case, and a case does not go back and forth."""
    if feedback.action is Action.TRANSFER:
        return _check_transfer(routing, referral, office, feedback, policy)
    present, (_, role) = routing.leg_of(office.code), BRINGS_IN[feedback.action]
    if present is None or RANKS.index(present.role) > RANKS.index(role):
        return None
    return Refused(code="office_has_leg", facts={"role": present.role})


def _check_transfer(
    routing: Routing, referral: Referral, office: Office, feedback: Feedback, policy: Policy
) -> Refused | None:
    decides = decider(routing, referral, policy)
    if referral.return_locked or referral.arbitrated_by is not None:
        return Refused(code="transfer_locked", facts={"decider": decides})
    leads = {one.office for one in routing.referrals if one.role is ReferralRole.LEAD}
    if office.code in leads | routing.refused_by:
        return Refused(code="had_it_before", facts={"decider": decides})
    if refused := cannot_judge(routing, referral.role, office.code, policy):
        return refused
    return refused_reason(policy, feedback.reason, REASONS[Action.TRANSFER])


def _bring_in(change: Change, feedback: Feedback, context: Context) -> Change:
    """Another office gets a part of its own; the lead goes on."""
    lead, office = change.routing.referral(feedback.referral_id), _named(feedback)
    sent_as, role = BRINGS_IN[feedback.action]
    others = (office,)
    decision = RoutingDecision(
        rule=LEAD,
        lead=lead.office,
        co_handlers=others if role is ReferralRole.CO else (),
        copies=others if role is ReferralRole.INFO else (),
        trace=(Step(looked_at=LEAD, outcome=f"{feedback.action.value}: {office}"),),
    )
    before = {one.id for one in change.routing.referrals}
    consent = Consent(str(feedback.attributes["consent"])) if sent_as is Sending.REFER_OUT else None
    sent = send(change, decision, context, by=lead.office, sent_as=sent_as, consent=consent)
    made = next(one for one in sent.routing.referrals if one.id not in before)
    return _acted(sent, lead, feedback, made)


def _release(change: Change, feedback: Feedback, context: Context) -> Change:
    lead, co = change.routing.referral(feedback.referral_id), _known(change.routing, feedback)
    return _acted(recall(change, co.id, context, feedback.reason), lead, feedback, co)


def _urge(change: Change, feedback: Feedback, _: Context) -> Change:
    lead, co = change.routing.referral(feedback.referral_id), _known(change.routing, feedback)
    change = change.with_referral(replace(co, urged_at=change.at)).emit_for(co.id, ReferralUrged)
    return _acted(change, lead, feedback, co)


def _transfer(change: Change, feedback: Feedback, context: Context) -> Change:
    """The case is another's now, with the time that is left. Who gets it may return it, as any lead."""
    id_, to = feedback.referral_id, _named(feedback)
    change = change.emit_for(
        id_, ReferralReassigned, to=to, reason=feedback.reason, transferred=True, feedback_id=feedback.feedback_id
    )
    change = recall(change, id_, context, TRANSFERRED)
    return send_on(change, id_, context, to=to, sent_as=Sending.TRANSFER)


def _ask(change: Change, feedback: Feedback, context: Context) -> Change:
    """Another office is asked about the applicant; the lead's time goes on."""
    lead = change.routing.referral(feedback.referral_id)
    asked, check = checks.ask(change, lead, feedback, context)
    return _acted(asked, lead, feedback, check)


EFFECTS: Final[Mapping[Action, Callable[[Change, Feedback, Context], Change]]] = MappingProxyType(
    {
        **dict.fromkeys(BRINGS_IN, _bring_in),
        Action.RELEASE_CO: _release,
        Action.URGE: _urge,
        Action.TRANSFER: _transfer,
        Action.REQUEST_CHECK: _ask,
    }
)


def _acted(change: Change, lead: Referral, feedback: Feedback, other: Referral) -> Change:
    """The lead's own word, by which its office learns that the answer was taken."""
    return change.emit_for(
        lead.id,
        ReferralLeadActed,
        action=feedback.action,
        to=other.office,
        other_id=other.id,
        reason=feedback.reason if feedback.action in REASONS else "",
        feedback_id=feedback.feedback_id,
    )


def _named(feedback: Feedback) -> str:
    return str(feedback.attributes.get("office", ""))


def _co_handler(routing: Routing, office: str) -> Referral | None:
    return next(iter(_of(routing.open_co_handlers, office)), None)


def _known(routing: Routing, feedback: Feedback) -> Referral:
    return next(iter(_of(routing.open_co_handlers, _named(feedback))))


def _of(referrals: Iterable[Referral], office: str) -> list[Referral]:
    return [one for one in referrals if one.office == office]
