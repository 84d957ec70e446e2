"""What happens to a referral ends and starts clocks of its office, as the policy says of each kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import time
from uuid import UUID

from contracts.codes import RETURN_RIGHTS, ClockKind, ClockStatus
from libraries.clocks.clock import LegalClock, terms_of
from libraries.policies import LimitRow, Policy
from libraries.policies.kinds import ClockRule, Happening, OnlyIf
from services.routing.domain.lead_limit import inside, work_of
from services.routing.domain.referral import Change, MakeId, Referral


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What dispatching goes by."""

    policy: Policy
    make_id: MakeId


def happens(
    change: Change,
    referral_id: UUID,
    desk: Desk,
    *whats: Happening,
    before: Referral | None = None,
    office: str | None = None,
    reason: str = "",
) -> Change:
    """Ends the clocks that waited for it; what still runs of a referral that is over waits for nothing; starts others.

    `before` is the referral in whose place this one stands: clocks of the work go on from there. The clocks are those
    of the referral's office, unless another `office` has to act. `reason` is what was named for it.
    """
    course = desk.policy.course(change.routing.matter.category)
    for what in whats:
        change = change.meets(referral_id, course.meeting(what)).cancels(referral_id, course.cancelling(what))
    now = change.routing.referral(referral_id)
    if not now.live:
        return change.cancels(referral_id)
    rules = [rule for what in whats for rule in course.starting(what, now.role) if _holds(rule, now)]
    limits = [(rule, desk.policy.find_limit(rule.clock, change.routing.matter.category, reason)) for rule in rules]
    started = list(_started(limits, now, change, desk, before, office or now.office))
    return change.starts(referral_id, started, desk.policy)


def accepting(change: Change, desk: Desk) -> frozenset[ClockKind]:
    """Clocks whose silent end means that the referral is accepted."""
    return desk.policy.course(change.routing.matter.category).accepting


def _holds(rule: ClockRule, referral: Referral) -> bool:
    if referral.return_locked and (rule.only_if is OnlyIf.RETURNABLE or rule.clock in RETURN_RIGHTS):
        return False
    return all(clock.kind is not rule.clock or not clock.open for clock in referral.clocks)


def _started(
    limits: Iterable[tuple[ClockRule, LimitRow | None]],
    referral: Referral,
    change: Change,
    desk: Desk,
    before: Referral | None,
    office: str,
) -> Iterator[LegalClock]:
    for rule, row in limits:
        # A matter that the policy does not know any more has no limits of its own.
        if row is not None and (before is None or not rule.passes_on):
            yield _new(rule, row, referral, change, desk, office)
    if before is not None:
        yield from _passed_on(before, referral, change, desk)


def _new(rule: ClockRule, row: LimitRow, referral: Referral, change: Change, desk: Desk, office: str) -> LegalClock:
    matter = change.routing.matter
    clock = LegalClock(
        id=desk.make_id(),
        kind=rule.clock,
        office=office,
        area=matter.area,
        terms=terms_of(row, desk.policy, office),
        started_at=change.at,
        referral_id=referral.id,
        round=referral.round,
    )
    return replace(inside(clock, work_of(change.routing.lead), desk.policy), version=clock.version)


def _passed_on(before: Referral, referral: Referral, change: Change, desk: Desk) -> Iterator[LegalClock]:
    """Clocks of the work that had not ended when the case was sent on; what was met before is not run again."""
    category = change.routing.matter.category
    rules = desk.policy.course(category).rules
    latest = {clock.kind: clock for clock in before.clocks if rules[clock.kind].passes_on}
    for clock in latest.values():
        if clock.status is not ClockStatus.MET:
            closes = _closing(clock, referral.office, category, desk.policy)
            yield clock.passed_on(desk.make_id(), office=referral.office, referral_id=referral.id, closes=closes)


def _closing(clock: LegalClock, office: str, category: str, policy: Policy) -> time | None:
    """The hour of who has it now, unless the limit's own row named one."""
    row = policy.find_limit(clock.kind, category)
    of_the_row = row is not None and row.rules.close_of_business is not None
    started_with = clock.terms.rules.close_of_business
    return started_with if of_the_row or started_with != policy.closing_of(clock.office) else policy.closing_of(office)
