"""What people may do with a case at the window: accept, decline, ask for material, withdraw, call back, reopen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.codes import CaseState, ClockKind
from contracts.refusals import Fault, Refused
from services.deadlines import Limit, due
from services.intake.domain.case import Case, expected
from services.intake.domain.change import (
    Change,
    Closed,
    Declined,
    NoticeGiven,
    Reopened,
    Supplemented,
    Withdrawn,
    WordGiven,
)
from services.intake.domain.materials import material_fault
from services.intake.domain.registering import accepted, ready
from services.intake.domain.states import Move, after
from services.intake.domain.timing import happens
from services.policies import Policy
from services.policies.kinds import Happening
from services.policies.reasons import reason_fault

AWAITING_MATERIAL = "supplement"
"""The reason for which the acceptance clock stands still; the policy says whether it may."""

NOT_SUPPLEMENTED = "not_supplemented"
"""The reason for which a case counts as withdrawn, once the time to hand in material is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the acts go by."""

    policy: Policy
    reopen_limit: Limit
    """How long after it was resolved a case can be opened again."""


def accept(case: Case, at: datetime, rules: Rules) -> Change | Refused:
    """A clerk takes the case on, with or without the material."""
    return _illegal(case, Move.ACCEPT) or accepted(Change(case=case, at=at), rules.policy)


def decline(case: Case, at: datetime, rules: Rules, *, reason: str, go_to: str) -> Change | Refused:
    """Not accepted. Nobody is sent away without a reason and without being told where to go."""
    faults = _reason(rules.policy, reason, "decline")
    if go_to not in rules.policy.offices:
        faults.append(Fault("go_to", "unknown_office"))
    if refused := _illegal(case, Move.DECLINE) or _invalid(faults):
        return refused
    change = Change(case=case, at=at)
    fact, state = Declined(reason=reason, go_to=go_to), change.moves(Move.DECLINE)
    return happens(change, fact, rules.policy, state=state)


def request_supplement(
    case: Case, at: datetime, rules: Rules, *, missing: Sequence[str], override: bool
) -> Change | Refused:
    """Tell the applicant what is missing: once and completely. A second time needs the coordinator's override.

    `missing` is what the window asks for beyond the open list, which is told in any case: nobody comes twice because
    a clerk named a part of it. What was handed in and is asked for again, is missing again.
    """
    whole = _once((*case.missing, *missing))
    faults = [] if whole else [Fault("missing", "missing")]
    faults += _materials(rules.policy, missing, "missing")
    if refused := _illegal(case, Move.REQUEST_SUPPLEMENT) or _invalid(faults):
        return refused
    if case.notices and not override:
        return Refused(code="notice_already_given")
    change = Change(case=case, at=at)
    told = happens(
        change,
        NoticeGiven(missing=whole, overridden=bool(case.notices)),
        rules.policy,
        state=change.moves(Move.REQUEST_SUPPLEMENT),
        required=_once((*case.required, *missing)),
        materials=tuple(code for code in case.materials if code not in missing),
        notices=case.notices + 1,
    )
    reason = rules.policy.reasons.get(AWAITING_MATERIAL)
    return told.pause(reason.stops, reason.code) if reason is not None else told


def supplement(case: Case, at: datetime, rules: Rules, *, materials: Sequence[str]) -> Change | Refused:
    """Material came in, asked for or not: the window has the word. A case that lacks nothing is accepted at once."""
    faults = [] if materials else [Fault("materials", "missing")]
    faults += _materials(rules.policy, materials, "materials")
    if refused := _illegal(case, Move.SUPPLEMENT) or _invalid(faults):
        return refused
    change, now = Change(case=case, at=at), replace(case, materials=_once((*case.materials, *materials)))
    told = happens(
        change,
        Supplemented(materials=_once(materials), missing=now.missing),
        rules.policy,
        state=change.moves(Move.SUPPLEMENT),
        materials=now.materials,
    ).resume()
    return accepted(told, rules.policy) if ready(told.case, rules.policy) else told


def withdraw(case: Case, at: datetime, rules: Rules, *, reason: str) -> Change | Refused:
    """The applicant takes it back, or counts as having done so: no material came in the time for it."""
    faults = _reason(rules.policy, reason, "withdraw")
    if refused := _illegal(case, Move.WITHDRAW) or _invalid(faults) or _too_early(case, at, rules, reason):
        return refused
    change = Change(case=case, at=at)
    fact, state = Withdrawn(reason=reason), change.moves(Move.WITHDRAW)
    return happens(change, fact, rules.policy, state=state, handling=None)


def call_back(case: Case, at: datetime, rules: Rules, *, satisfied: bool, reason: str) -> Change | Refused:
    """The applicant was asked. Dissatisfaction opens a new round, unless the time for that is over."""
    faults = [] if satisfied else _reason(rules.policy, reason, "reopen")
    if case.state is not CaseState.RESOLVED:
        return _not_possible(case, "callback")
    if refused := _invalid(faults):
        return refused
    change = Change(case=case, at=at)
    if not satisfied and _within_window(case, at, rules):
        return _reopened(change, reason, rules)
    return happens(change, Closed(satisfied=satisfied), rules.policy, state=change.moves(Move.CLOSE))


def applicant_told(case: Case, at: datetime, *, about: str) -> Change | Refused:
    """What was owed to the applicant was said."""
    if about not in case.untold:
        return Refused(code="nothing_to_tell", facts={"owed": case.untold})
    rest = tuple(owed for owed in case.untold if owed != about)
    return Change(case=case, at=at).says(WordGiven(about=about), untold=rest)


def reopen(case: Case, at: datetime, rules: Rules, *, reason: str) -> Change | Refused:
    """Into a new round with a clock of its own, within the window that counts from when it was resolved."""
    faults = _reason(rules.policy, reason, "reopen")
    if refused := _illegal(case, Move.REOPEN) or _invalid(faults):
        return refused
    if case.erased:
        return Refused(code="erased")
    if not _within_window(case, at, rules):
        return Refused(code="reopen_window_over", facts={"until": _window_end(case, rules)})
    return _reopened(Change(case=case, at=at), reason, rules)


def _reopened(change: Change, reason: str, rules: Rules) -> Change:
    """The lead that solved it takes it up again."""
    case, office = change.case, change.case.lead_office
    again = Happening.REFERRAL_REWORK_REQUESTED
    return happens(
        change,
        Reopened(reason=reason),
        rules.policy,
        state=change.moves(Move.REOPEN),
        round=case.round + 1,
        resolved_at=None,
        handling=expected(again, office, change.at, case.category, rules.policy) if office else None,
    )


def _too_early(case: Case, at: datetime, rules: Rules, reason: str) -> Refused | None:
    if reason != NOT_SUPPLEMENTED:
        return None
    clock = next((clock for clock in case.clocks if clock.kind is ClockKind.SUPPLEMENT), None)
    end = clock.due(rules.policy.calendar_of(clock.office)).due_at if clock is not None else None
    if end is None:
        return Refused(code="nothing_to_hand_in")
    return Refused(code="supplement_time_runs", facts={"until": end}) if at <= end else None


def _within_window(case: Case, at: datetime, rules: Rules) -> bool:
    end = _window_end(case, rules)
    return end is not None and at <= end


def _window_end(case: Case, rules: Rules) -> datetime | None:
    if case.resolved_at is None:
        return None
    calendar = rules.policy.calendar_of(case.first_contact_office)
    return due(case.resolved_at, rules.reopen_limit, calendar=calendar).due_at


def _illegal(case: Case, move: Move) -> Refused | None:
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
