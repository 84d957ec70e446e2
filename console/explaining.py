"""What a policy makes of a matter, before anybody registers it: who, by which rule, and each date day by day."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from contracts.clocks import LimitBasis
from contracts.codes import ClockKind, ReferralRole
from libraries.clocks.clock import Terms, basis_of, terms_of
from libraries.deadlines import Explanation, explain
from libraries.ids import new_id
from libraries.policies import Area, Category, Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.decision import Step
from services.intake.domain.case import first_contact
from services.routing.domain.dispatching import dispatch
from services.routing.domain.request import RoutingRequest
from services.routing.domain.timing import Context

NOBODY: Final = UUID(int=0)
Attributes = Mapping[str, str | int | bool]


class OfficeNames(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    zh: str
    en: str


class CountedDay(msgspec.Struct, frozen=True, kw_only=True):
    date: Any
    counts: bool
    reason: str


class ExplainedClock(msgspec.Struct, frozen=True, kw_only=True):
    """One limit with its law, and where it leads from the start."""

    kind: ClockKind
    zh: str
    en: str
    office: str | None
    limit: str
    extension: str | None
    approver: str | None
    basis: LimitBasis
    started_at: datetime | None = None
    due_at: datetime | None = None
    provisional: bool = False
    days: tuple[CountedDay, ...] = ()


class ExplainedMatter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the pack says of a matter."""

    version: str
    category: dict[str, str]
    area: dict[str, str]
    rule: str | None
    where: str | None
    """File and line of the rule; none if the case falls to its fallback."""
    window: str | None
    lead: OfficeNames
    co_handlers: tuple[OfficeNames, ...]
    copies: tuple[OfficeNames, ...]
    trace: tuple[Step, ...]
    clocks: tuple[ExplainedClock, ...]


def explain_matter(
    policy: Policy, category: Category, area: Area, attributes: Attributes, start: datetime
) -> ExplainedMatter:
    """By routing's own functions, as if the case were accepted at the start."""
    matter = RoutingRequest(
        case_id=NOBODY,
        number="",
        category=category.code,
        field=category.field,
        area=area.code,
        attributes=attributes,
        first_contact_office=first_contact(policy, area.code) or "",
        accepted_at=start,
    )
    change = dispatch(matter, start, Context(policy=policy, make_id=new_id))
    decision = change.decisions[-1].decision
    rule = next((rule for rule in policy.rules if rule.id == decision.rule), None)
    first = _at_first(policy, category)
    at_offices = {clock.kind for referral in change.routing.referrals for clock in referral.clocks}
    later = _later(policy, category, at_offices | set(first))
    return ExplainedMatter(
        version=policy.version,
        category={"code": category.code, "zh": category.zh, "en": category.en},
        area={"code": area.code, "name": area.name},
        rule=decision.rule,
        where=rule.where if rule is not None else None,
        window=matter.first_contact_office or None,
        lead=_office(policy, decision.lead),
        co_handlers=tuple(_office(policy, code) for code in decision.co_handlers),
        copies=tuple(_office(policy, code) for code in decision.copies),
        trace=decision.trace,
        clocks=(
            *(_running(policy, category, kind, matter.first_contact_office, start) for kind in first),
            *(
                _running(policy, category, clock.kind, referral.office, clock.started_at, clock.terms)
                for referral in change.routing.referrals
                if referral.role is not ReferralRole.INFO
                for clock in referral.clocks
            ),
            *(_clock_of(policy, category, kind, None) for kind in later),
        ),
    )


def _at_first(policy: Policy, category: Category) -> tuple[ClockKind, ...]:
    """What runs from the registration of a matter that lacks nothing."""
    started = policy.schedule(category.code).starting(Trigger.CASE_REGISTERED)
    return tuple(rule.clock for rule in started if rule.only_if is None)


def _later(policy: Policy, category: Category, running: Collection[ClockKind]) -> tuple[ClockKind, ...]:
    """Of the same matter, but their start is not known yet."""
    started = (rule.clock for rules in policy.schedule(category.code).started.values() for rule in rules)
    return tuple(kind for kind in dict.fromkeys(started) if kind not in running)


def _office(policy: Policy, code: str) -> OfficeNames:
    office = policy.offices[code]
    return OfficeNames(code=code, zh=office.zh, en=office.en)


def _clock_of(policy: Policy, category: Category, kind: ClockKind, office: str | None) -> ExplainedClock:
    row = policy.limit(kind, category.code)
    return ExplainedClock(
        kind=kind,
        zh=kind.zh,
        en=kind.en,
        office=office,
        limit=str(row.limit),
        extension=str(row.extension.limit) if row.extension else None,
        approver=row.extension.approver if row.extension else None,
        basis=basis_of(row, policy),
    )


def _running(
    policy: Policy, category: Category, kind: ClockKind, office: str, start: datetime, terms: Terms | None = None
) -> ExplainedClock:
    terms = terms or terms_of(policy.limit(kind, category.code), policy, office)
    found = explain(start, terms.limit, calendar=policy.calendar_of(office), rules=terms.rules)
    return msgspec.structs.replace(
        _clock_of(policy, category, kind, office or None),
        started_at=start,
        due_at=policy.calendar.local_or_none(found.due_at),
        provisional=found.provisional,
        days=tuple(_days(found)),
    )


def _days(found: Explanation) -> Iterator[CountedDay]:
    for day in found.days:
        yield CountedDay(date=day.date, counts=day.counts, reason=f"{day.zh} / {day.en}")


def text(explained: ExplainedMatter, *, days: bool) -> str:
    """For a person; `days` tells each date day by day."""
    rule = f"{explained.rule} ({explained.where})" if explained.rule else "无 / none: the fallback has it"
    lines = [
        f"{explained.category['zh']} / {explained.category['en']}, {explained.area['name']}",
        f"  规则 rule: {rule}",
        *(f"    {step.looked_at}: {step.outcome}" for step in explained.trace),
        f"  主办 lead: {_named(explained.lead)}",
        *(f"  协办 co-handler: {_named(office)}" for office in explained.co_handlers),
        *(f"  抄送 copy: {_named(office)}" for office in explained.copies),
    ]
    for clock in explained.clocks:
        lines += ["", *_clock(clock, days=days)]
    return "\n".join(lines)


def _named(office: OfficeNames) -> str:
    return f"{office.zh} / {office.en} ({office.code})"


def _clock(clock: ExplainedClock, *, days: bool) -> Iterator[str]:
    yield f"{clock.zh} / {clock.en}: {clock.limit}" + (f", {clock.office}" if clock.office else "")
    basis = clock.basis
    law = " ".join(filter(None, (basis.source, basis.article)))
    yield (
        f"  依据 basis: {law}; {'法定 / statutory' if basis.statutory else '非法定 / not statutory'};"
        f" {basis.confidence} {basis.confidence.zh} / {basis.confidence.en}"
    )
    if clock.extension:
        yield f"  延长 extension: {clock.extension}, {clock.approver}"
    if days:
        yield from (f"  {day.date}  {'+' if day.counts else ' '}  {day.reason}" for day in clock.days)
    if clock.due_at is not None:
        provisional = ", 暂定 / provisional" if clock.provisional else ""
        yield f"  到期 due: {clock.due_at:%Y-%m-%d %H:%M %z}{provisional}"
