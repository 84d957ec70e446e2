"""What happens to a referral ends and starts clocks of its office, as the policy says of each kind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import time
from uuid import UUID

from contracts.codes import RETURN_RIGHTS, ClockKind, ClockStatus
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.schedule import end_by, to_start
from libraries.policies import LimitRow, Policy
from libraries.policies.clock_rules import ClockRule, OnlyIf, Trigger
from services.routing.domain.lead_limit import cap_at_lead, work_of
from services.routing.domain.referral import Change, MakeId, Referral


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What dispatching goes by."""

    policy: Policy
    make_id: MakeId


def apply_triggers(
    change: Change,
    referral_id: UUID,
    context: Context,
    *triggers: Trigger,
    before: Referral | None = None,
    office: str | None = None,
    reason: str = "",
) -> Change:
    """Ends the clocks that waited for it; what still runs of a referral that is over waits for nothing; starts others.

    `before` is the referral in whose place this one stands: clocks of the work go on from there. The clocks are those
    of the referral's office, unless another `office` has to act. `reason` is what was named for it.
    """
    schedule = context.policy.schedule(change.routing.request.category)
    referral = change.routing.referral(referral_id)
    clocks = end_by(change.clocks_of(referral_id), triggers, schedule, over=not referral.live)
    if not referral.live:
        return change.with_clocks(referral_id, clocks)
    rules = [rule for rule in to_start(clocks, triggers, schedule, referral.role) if _holds(rule, referral)]
    limits = [(rule, context.policy.find_limit(rule.clock, change.routing.request.category, reason)) for rule in rules]
    started = _started(limits, referral, change, context, before, office or referral.office)
    return change.with_clocks(referral_id, clocks.start(started, context.policy))


def accepting(change: Change, context: Context) -> frozenset[ClockKind]:
    """Clocks whose silent end means that the referral is accepted."""
    return context.policy.schedule(change.routing.request.category).accepting


def _holds(rule: ClockRule, referral: Referral) -> bool:
    return not (referral.return_locked and (rule.only_if is OnlyIf.RETURNABLE or rule.clock in RETURN_RIGHTS))


def _started(
    limits: Iterable[tuple[ClockRule, LimitRow | None]],
    referral: Referral,
    change: Change,
    context: Context,
    before: Referral | None,
    office: str,
) -> Iterator[LegalClock]:
    for rule, row in limits:
        # A matter that the policy does not know any more has no limits of its own.
        if row is not None and (before is None or not rule.passes_on):
            yield _new(rule, row, referral, change, context, office)
    if before is not None:
        yield from _carried_over(before, referral, change, context)


def _new(
    rule: ClockRule, row: LimitRow, referral: Referral, change: Change, context: Context, office: str
) -> LegalClock:
    request = change.routing.request
    clock = LegalClock(
        id=context.make_id(),
        kind=rule.clock,
        office=office,
        area=request.area,
        terms=terms_of(row, context.policy, office),
        started_at=change.at,
        referral_id=referral.id,
        round=referral.round,
    )
    return replace(cap_at_lead(clock, work_of(change.routing.lead), context.policy), version=clock.version)


def _carried_over(before: Referral, referral: Referral, change: Change, context: Context) -> Iterator[LegalClock]:
    """Clocks of the work that had not ended when the case was sent on; what was met before is not run again."""
    category = change.routing.request.category
    rules = context.policy.schedule(category).rules
    latest = {clock.kind: clock for clock in before.clocks if (rule := rules.get(clock.kind)) and rule.passes_on}
    for clock in latest.values():
        if clock.status is not ClockStatus.MET:
            closes = _closing(clock, referral.office, category, context.policy)
            yield clock.carry_over(context.make_id(), office=referral.office, referral_id=referral.id, closes=closes)


def _closing(clock: LegalClock, office: str, category: str, policy: Policy) -> time | None:
    """The hour of who has it now, unless the limit's own row named one."""
    row = policy.find_limit(clock.kind, category)
    of_the_row = row is not None and row.rules.close_of_business is not None
    started_with = clock.terms.rules.close_of_business
    return started_with if of_the_row or started_with != policy.closing_of(clock.office) else policy.closing_of(office)
