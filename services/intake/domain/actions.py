"""What people may do with a case at the window: accept, decline, ask for material, withdraw, call back, reopen."""

from collections.abc import Collection, Sequence
from datetime import datetime

from contracts.codes import CaseState, ClockKind
from contracts.events.cases import (
    CaseApplicantNotReached,
    CaseApplicantTold,
    CaseClosed,
    CaseNotAccepted,
    CaseReopened,
    CaseSupplemented,
    CaseSupplementRequested,
    CaseWithdrawn,
)
from contracts.refusals import Fault, Refused
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.reasons import reason_fault
from libraries.policies.reviewing import rule_of_round
from services.intake.domain.case import Case, expected
from services.intake.domain.change import Change
from services.intake.domain.materials import material_fault
from services.intake.domain.registering import accepted, ready
from services.intake.domain.reopening import right_until
from services.intake.domain.reviewing import next_round, review_until
from services.intake.domain.states import Move, after
from services.intake.domain.timing import emit_trigger

AWAITING_MATERIAL = "supplement"
"""The reason for which the acceptance clock stands still; the policy says whether it may."""

NOT_SUPPLEMENTED = "not_supplemented"
"""The reason for which a case counts as withdrawn, once the time to hand in material is over."""


def accept(case: Case, at: datetime, policy: Policy) -> Change | Refused:
    """A clerk takes the case on, with or without the material."""
    return illegal(case, Move.ACCEPT) or accepted(Change(case=case, at=at), policy)


def decline(case: Case, at: datetime, policy: Policy, *, reason: str, go_to: str) -> Change | Refused:
    """Not accepted. Nobody is sent away without a reason and without being told where to go."""
    faults = _reason(policy, reason, "decline")
    if go_to not in policy.offices:
        faults.append(Fault("go_to", "unknown_office"))
    if refused := illegal(case, Move.DECLINE) or _invalid(faults):
        return refused
    change = Change(case=case, at=at).transition(Move.DECLINE)
    return emit_trigger(change, CaseNotAccepted, policy, reason=reason, go_to=go_to, declined_at=at)


def request_supplement(
    case: Case, at: datetime, policy: Policy, *, missing: Sequence[str], override: bool
) -> Change | Refused:
    """Tell the applicant what is missing: once and completely. A second time needs the coordinator's override.

    `missing` is what the window asks for beyond the open list, which is told in any case: nobody comes twice because
    a clerk named a part of it. What was handed in and is asked for again, is missing again.
    """
    whole = _once((*case.missing, *missing))
    faults = [] if whole else [Fault("missing", "missing")]
    faults += _materials(policy, missing, "missing")
    if refused := illegal(case, Move.REQUEST_SUPPLEMENT) or _invalid(faults):
        return refused
    if case.notices and not override:
        return Refused(code="notice_already_given")
    change = Change(case=case, at=at).transition(
        Move.REQUEST_SUPPLEMENT,
        required=_once((*case.required, *missing)),
        materials=tuple(code for code in case.materials if code not in missing),
        notices=case.notices + 1,
    )
    told = emit_trigger(
        change, CaseSupplementRequested, policy, missing=whole, requested_at=at, overridden=bool(case.notices)
    )
    reason = policy.reasons.get(AWAITING_MATERIAL)
    if reason is None:
        return told
    return told.with_clocks(told.clocks.pause(reason.stops, reason.code, policy, since=at))


def supplement(case: Case, at: datetime, policy: Policy, *, materials: Sequence[str]) -> Change | Refused:
    """Material came in, asked for or not: the window has the word. A case that lacks nothing is accepted at once."""
    faults = [] if materials else [Fault("materials", "missing")]
    faults += _materials(policy, materials, "materials")
    if refused := illegal(case, Move.SUPPLEMENT) or _invalid(faults):
        return refused
    change = Change(case=case, at=at).transition(Move.SUPPLEMENT, materials=_once((*case.materials, *materials)))
    told = emit_trigger(
        change,
        CaseSupplemented,
        policy,
        materials=_once(materials),
        missing=change.case.missing,
        supplemented_at=at,
    )
    told = told.with_clocks(told.clocks.resume(policy, since=at))
    return accepted(told, policy) if ready(told.case, policy) else told


def withdraw(case: Case, at: datetime, policy: Policy, *, reason: str) -> Change | Refused:
    """The applicant takes it back, or counts as having done so: no material came in the time for it."""
    faults = _reason(policy, reason, "withdraw")
    if refused := illegal(case, Move.WITHDRAW) or _invalid(faults) or _too_early(case, at, policy, reason):
        return refused
    change = Change(case=case, at=at).transition(Move.WITHDRAW, handling=None)
    return emit_trigger(change, CaseWithdrawn, policy, reason=reason, withdrawn_at=at)


def call_back(
    case: Case, at: datetime, policy: Policy, *, reached: bool = True, satisfied: bool | None, reason: str = ""
) -> Change | Refused:
    """The applicant was asked. Dissatisfaction opens a new round, also of a closed case, while there is a right to it.

    With the result of a review it is on record, and no more: the office that judged does not judge it again.

    A call that reached nobody is on record, and neither closes nor starts anything.
    """
    if reached and satisfied is False and rule_of_round(policy, case.category) is None:
        return reopen(case, at, policy, reason=reason, move="callback")
    if case.state is not CaseState.RESOLVED:
        return _not_possible(case, "callback")
    if not reached:
        said = {"satisfied": satisfied is not None, "reason": bool(reason)}
        faults = [Fault(field, "not_reached") for field, given in said.items() if given]
        return _invalid(faults) or Change(case=case, at=at).emit(CaseApplicantNotReached, called_at=at)
    if satisfied is None:
        return Refused.of(Fault("satisfied", "missing"))
    change = Change(case=case, at=at).transition(Move.CLOSE, called_back_at=at)
    return emit_trigger(change, CaseClosed, policy, closed_at=at, satisfied=satisfied)


def applicant_told(case: Case, at: datetime, *, about: str) -> Change | Refused:
    """What was owed to the applicant was said."""
    if about not in case.pending_notices:
        return Refused(code="nothing_to_tell", facts={"owed": case.pending_notices})
    rest = tuple(owed for owed in case.pending_notices if owed != about)
    return Change(case=case, at=at).with_case(pending_notices=rest).emit(CaseApplicantTold, about=about, told_at=at)


def reopen(case: Case, at: datetime, policy: Policy, *, reason: str, move: str = Move.REOPEN.value) -> Change | Refused:
    """Into a new round with a clock of its own, while the applicant has a right to it.

    Whoever hears of the dissatisfaction in a call-back has reached the applicant, for the first time or once more.
    """
    if after(case.state, Move.REOPEN) is None:
        return _not_possible(case, move)
    if refused := _invalid(_reason(policy, reason, "reopen")):
        return refused
    if case.erased:
        return Refused(code="erased")
    if rule_of_round(policy, case.category) is not None:
        return Refused(code="review_stands", facts={"until": policy.calendar.local_or_none(review_until(case, policy))})
    reached = case.called_back_at or (at if move != Move.REOPEN else None)
    until = right_until(case, policy, called_back_at=reached)
    if until is None or at > until:
        return Refused(code="reopen_window_over", facts={"until": policy.calendar.local_or_none(until)})
    return _reopened(Change(case=case, at=at), reason, policy)


def _reopened(change: Change, reason: str, policy: Policy) -> Change:
    """The lead that solved it takes it up again."""
    case, office, at = change.case, change.case.lead_office, change.at
    again = Trigger.REFERRAL_REWORK_REQUESTED
    change = change.transition(
        Move.REOPEN,
        **next_round(case),
        handling=expected(again, office, at, case.category, policy) if office else None,
    )
    return emit_trigger(change, CaseReopened, policy, reason=reason, round=change.case.round, reopened_at=at)


def _too_early(case: Case, at: datetime, policy: Policy, reason: str) -> Refused | None:
    if reason != NOT_SUPPLEMENTED:
        return None
    clock = next((clock for clock in case.clocks if clock.kind is ClockKind.SUPPLEMENT), None)
    end = clock.due(policy.calendar_of(clock.office)).due_at if clock is not None else None
    if end is None:
        return Refused(code="nothing_to_hand_in")
    return Refused(code="supplement_time_runs", facts={"until": policy.calendar.local(end)}) if at <= end else None


def illegal(case: Case, move: Move) -> Refused | None:
    """What is possible instead, if the move is not."""
    if after(case.state, move) is not None:
        return None
    return _not_possible(case, move.value)


def _not_possible(case: Case, move: str) -> Refused:
    possible = [each.value for each in Move if after(case.state, each) is not None]
    return Refused(code="illegal_move", facts={"state": case.state, "move": move, "possible": possible})


def _invalid(faults: Sequence[Fault]) -> Refused | None:
    return Refused.of(*faults) if faults else None


def _reason(policy: Policy, code: str, use: str) -> list[Fault]:
    fault = reason_fault(policy, code, use)
    return [fault] if fault is not None else []


def _materials(policy: Policy, codes: Collection[str], field: str) -> list[Fault]:
    fault = material_fault(policy, codes, field)
    return [fault] if fault is not None else []


def _once(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
