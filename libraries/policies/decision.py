"""Which offices handle a matter: ordered rules, first match, and the office of each role that is nearest.

The one decision, for whoever shows it or acts on it: the window's answer, the lab, dispatching.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from contracts.codes import AreaLevel, Field
from libraries.policies.model import Office, Policy, Rule

FALLBACK_ROLES = ("civil_affairs", "government_office")
"""Who owns what no rule gives to anybody; the nearest office up the tree, so county before city."""
SUPERIORS = FALLBACK_ROLES
"""Who coordinates and arbitrates at each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What the rules may ask of a case: nothing about a person."""

    category: str
    field: Field
    area: str
    attributes: Mapping[str, str | int | bool]
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the decision looked at, and what came of it."""

    looked_at: str
    """A rule, by id and place, or a role."""
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDecision:
    """Who gets the case. Without a rule it goes to a fallback, and is unmatched."""

    rule: str | None
    lead: str
    co_handlers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """Offices that are asked about the applicant; no rule names any."""
    trace: tuple[Step, ...] = ()


def decide(matter: Matter, policy: Policy, *, without: frozenset[str] = frozenset()) -> RoutingDecision:
    """The first rule that holds and whose lead exists. Offices in `without` have returned the case."""
    trace: list[Step] = []
    for rule in _candidates(policy, matter.category, matter.field):
        name = f"rule {rule.id} ({rule.where})"
        if reason := _fails(rule, matter, policy):
            trace.append(Step(looked_at=name, outcome=reason))
            continue
        lead = policy.office_near(rule.lead, matter.area)
        if lead is None or lead.code in without:
            why = "no such office up the tree" if lead is None else f"{lead.code} returned the case"
            trace.append(Step(looked_at=f"{name}, lead {rule.lead}", outcome=why))
            continue
        trace.append(Step(looked_at=name, outcome=f"holds: {rule.lead} is {lead.code}"))
        taken = {lead.code} | without
        co = _others(rule.co_handlers, matter, policy, taken, trace)
        copies = _others(rule.copies, matter, policy, taken | set(co), trace)
        return RoutingDecision(rule=rule.id, lead=lead.code, co_handlers=co, copies=copies, trace=tuple(trace))
    return _fallback(matter, policy, without, trace)


def variants(matter: Matter, *policies: Policy) -> Iterator[Matter]:
    """The matter with each answer that a rule of these policies asks for, and with none."""
    asked: dict[str, list[str | int | bool | None]] = {}
    for policy in policies:
        for rule in _candidates(policy, matter.category, matter.field):
            for name, value in rule.when.attributes.items():
                values = asked.setdefault(name, [None])
                if value not in values:
                    values.append(value)
    for answers in itertools.product(*asked.values()):
        given = {name: value for name, value in zip(asked, answers, strict=True) if value is not None}
        yield dataclasses.replace(matter, attributes=given)


def coordinator(policy: Policy, area: str) -> str:
    """The county's civil-affairs office, which sends and therefore decides on returns; the city's above it."""
    places = [above.code for above in policy.upwards(area) if above.level in (AreaLevel.COUNTY, AreaLevel.CITY)]
    office = policy.office_near(FALLBACK_ROLES[0], places[0] if places else area)
    return office.code if office is not None else _last_resort(policy).code


def arbiter(policy: Policy, area: str) -> str:
    """The common superior of offices that disagree: the government office one level above (信访工作条例 24)."""
    counties = [above for above in policy.upwards(area) if above.level is AreaLevel.COUNTY]
    above = counties[0].parent if counties and counties[0].parent else area
    office = policy.office_near(FALLBACK_ROLES[1], above)
    return office.code if office is not None else coordinator(policy, area)


@lru_cache(maxsize=1024)
def _candidates(policy: Policy, category: str, of: Field) -> tuple[Rule, ...]:
    return tuple(
        rule
        for rule in policy.rules
        if (not rule.when.categories or category in rule.when.categories) and rule.when.field in (None, of)
    )


def _fails(rule: Rule, matter: Matter, policy: Policy) -> str:
    """Why the rule does not hold; empty if it does."""
    when = rule.when
    if when.area is not None and not policy.within(matter.area, when.area):
        return f"area {matter.area} is not in {when.area}"
    place = policy.area(matter.area)
    if when.levels and (place is None or place.level not in when.levels):
        return f"area {matter.area} is not of the level {', '.join(sorted(when.levels))}"
    day = policy.calendar.date_of(matter.accepted_at)
    if when.since is not None and day < when.since:
        return f"it holds from {when.since} on"
    if when.until is not None and day > when.until:
        return f"it held until {when.until}"
    for name, wanted in when.attributes.items():
        if matter.attributes.get(name) != wanted:
            return f"attribute {name} is not {wanted}"
    return ""


def _others(
    roles: tuple[str, ...], matter: Matter, policy: Policy, taken: frozenset[str] | set[str], trace: list[Step]
) -> tuple[str, ...]:
    found: list[str] = []
    for role in roles:
        office = policy.office_near(role, matter.area)
        if office is None:
            trace.append(Step(looked_at=f"role {role}", outcome="no such office up the tree"))
        elif office.code not in taken and office.code not in found:
            found.append(office.code)
            trace.append(Step(looked_at=f"role {role}", outcome=office.code))
    return tuple(found)


def _fallback(matter: Matter, policy: Policy, without: frozenset[str], trace: list[Step]) -> RoutingDecision:
    """Nothing is ever without an owner: category owner, county civil affairs, city."""
    for office in _chain(matter, policy):
        if office.code not in without:
            trace.append(Step(looked_at="fallback chain", outcome=office.code))
            return RoutingDecision(rule=None, lead=office.code, trace=tuple(trace))
    # All have returned it: the coordinator cannot.
    return RoutingDecision(rule=None, lead=coordinator(policy, matter.area), trace=tuple(trace))


def _chain(matter: Matter, policy: Policy) -> Iterator[Office]:
    category = policy.categories.get(matter.category)
    owner = policy.office_near(category.lead_role, matter.area) if category is not None else None
    if owner is not None:
        yield owner
    for role in FALLBACK_ROLES:
        for above in policy.upwards(matter.area):
            if (office := policy.offices.get(f"{role}-{above.code}")) is not None:
                yield office
    yield _last_resort(policy)


def _last_resort(policy: Policy) -> Office:
    """For an area that this policy does not know: the highest office there is."""
    known = [office for role in FALLBACK_ROLES for office in policy.offices.values() if office.role == role]
    return min(known, key=lambda office: (list(AreaLevel).index(policy.areas[office.area].level), office.code))
