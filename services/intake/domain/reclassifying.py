"""A case is another matter, or lies elsewhere, than was registered (改类).

While its window has it, that is the window's act; once offices have it, routing decides anew and the case follows.
"""

from collections.abc import Iterator
from dataclasses import replace

from contracts.codes import CaseState, ClockKind, ClockStatus
from contracts.events.cases import CaseReclassified
from contracts.events.referrals import RoutingReclassified
from contracts.refusals import Fault, Refused
from libraries.clocks.clock import LegalClock, terms_of
from libraries.ids import derived_id
from libraries.policies import Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.reasons import reason_fault
from services.intake.domain.actions import illegal
from services.intake.domain.case import Case, Reclassified, holder_of, new_clock
from services.intake.domain.change import Change
from services.intake.domain.registering import accepted, ready
from services.intake.domain.states import Move
from services.intake.domain.timing import holds, idle

USE = "reclassify"


def reclassify(change: Change, policy: Policy, *, category: str, area: str, reason: str) -> Change | Refused:
    """The window puts right what it has registered, before any office has it.

    What was handed in stays; what is to be handed in is that of the matter that it is. The time of the window goes on
    from where it began, by the law of that matter. A case that lacks nothing any more is accepted at once.
    """
    case = change.case
    if refused := illegal(case, Move.RECLASSIFY):
        return refused
    now = _requested(case, policy, category=category, area=area, reason=reason)
    if isinstance(now, Refused):
        return now
    told = change.with_case(**_as(now)).emit(
        CaseReclassified,
        category=now.category,
        category_before=case.category,
        field=now.field,
        area=now.area,
        area_before=case.area,
        missing=now.missing,
        reason=reason,
        reclassified_at=change.at,
    )
    told = _timed(told, policy)
    return accepted(told, policy) if ready(told.case, policy) else told


def follow(case: Case, event: RoutingReclassified) -> Case:
    """Routing has decided anew; until when the lead has time follows in what is said of its referral."""
    before = Reclassified(
        at=event.reclassified_at,
        reason=event.reason,
        category=event.category_before,
        area=event.area_before,
        due_at=event.due_before,
        limit=event.limit_before,
        basis=event.basis_before,
    )
    return replace(case, category=event.category, field=event.field, area=event.area, reclassified=before)


def _requested(case: Case, policy: Policy, *, category: str, area: str, reason: str) -> Case | Refused:
    """The case as it is to be, or everything that is wrong with it."""
    matter, place = policy.categories.get(category or case.category), policy.area_for(area or case.area)
    faults = []
    if matter is None:
        faults.append(Fault("category", "unknown_category"))
    if place is None:
        faults.append(Fault("area", "area_split" if policy.tree.has_ended(area or case.area) else "unknown_area"))
    if (fault := reason_fault(policy, reason, USE)) is not None:
        faults.append(fault)
    if faults or matter is None or place is None:
        return Refused.of(*faults)
    if (matter.code, place.code) == (case.category, case.area):
        return Refused(code="same_matter")
    was = policy.categories.get(case.category)
    listed = {material.code for material in was.materials} if was is not None else set()
    required = (*(material.code for material in matter.materials), *(c for c in case.required if c not in listed))
    return replace(
        case, category=matter.code, field=matter.field, area=place.code, required=tuple(dict.fromkeys(required))
    )


def _as(case: Case) -> dict[str, object]:
    return {name: getattr(case, name) for name in ("category", "field", "area", "required")}


def _timed(change: Change, policy: Policy) -> Change:
    """The window's clocks by the law of the matter: those that it does not need end, others begin where they would."""
    case, schedule = change.case, policy.schedule(change.case.category)
    clocks = change.clocks.cancel(idle(change.clocks, case, schedule))
    for clock in clocks.open():
        if policy.find_limit(clock.kind, case.category) is not None and (now := _by_law(clock, case, policy)) != clock:
            clocks = clocks.go_on_as(clock, now, policy)
    running = {clock.kind for clock in clocks.open()}
    missed = [kind for kind in _from_the_start(case, policy) if kind not in running]
    if case.state is CaseState.REGISTERED:
        clocks = clocks.start((new_clock(case, kind, case.received_at, policy) for kind in missed), policy)
    return change.with_clocks(clocks)


def _from_the_start(case: Case, policy: Policy) -> Iterator[ClockKind]:
    schedule = policy.schedule(case.category)
    return (rule.clock for rule in schedule.starting(Trigger.CASE_REGISTERED) if holds(rule, case))


def _by_law(clock: LegalClock, case: Case, policy: Policy) -> LegalClock:
    """The very same clock where the law is the same, and the place."""
    terms = terms_of(policy.limit(clock.kind, case.category), policy, clock.office)
    if (terms, case.area) == (clock.terms, clock.area):
        return clock
    return replace(
        clock,
        id=derived_id("case", str(clock.id), case.category, case.area),
        area=case.area,
        office=holder_of(case, clock.kind, policy),
        terms=terms,
        continues=clock.id,
        version=1,
        status=ClockStatus.RUNNING,
        announced_dates=None,
    )
