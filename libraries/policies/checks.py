"""What must hold of a policy as a whole before anybody may rely on it."""

from collections.abc import Iterator

from contracts.codes import AreaLevel, ClockKind, Role
from libraries.policies.clock_rules import kind_faults
from libraries.policies.escalation import escalation_faults
from libraries.policies.messages import message_faults
from libraries.policies.model import Policy, Rule
from libraries.policies.reviewing import review_faults
from libraries.policies.rows import Fault

HOLD = "hold"


def check(policy: Policy, file: str) -> Iterator[Fault]:
    """Everything that single rows cannot show."""
    for reason in _limits(policy):
        yield Fault(file=file, line=1, reason=reason)
    roles = {office.role for office in policy.offices.values()}
    yield from escalation_faults(policy.escalation_rules, roles)
    yield from kind_faults(policy.clocks, file)
    yield from message_faults(policy.messages, policy.message_templates)
    yield from review_faults(policy)
    if policy.offices and not policy.purposes:
        yield Fault(file=file, line=1, reason="purposes.yaml names no purpose: no applicant could be opened")
    yield from _matters_of_clocks(policy)
    yield from _of_reasons(policy)
    yield from _of_groups(policy)
    for rule in policy.rules:
        for role in (rule.lead, *rule.co_handlers, *rule.copies):
            # A pack without offices, as a nation's or a province's, is a parent to others and never routes.
            if roles and role not in roles:
                yield Fault.at(rule.where, f"no office has the role {role}")
        if rule.when.area is not None and not policy.knows_area(rule.when.area):
            yield Fault.at(rule.where, f"unknown area {rule.when.area}")
        for category in sorted(rule.when.categories - set(policy.categories)):
            yield Fault.at(rule.where, f"unknown category {category}")
        for reason in _unanswerable(rule, policy):
            yield Fault.at(rule.where, reason)


def _unanswerable(rule: Rule, policy: Policy) -> Iterator[str]:
    """What a rule asks for and no submission can answer."""
    asked = [policy.categories[code] for code in sorted(rule.when.categories & set(policy.categories))]
    for name, value in rule.when.attributes.items():
        if not asked:
            yield f"a rule that asks for the attribute {name} must name its categories"
        for category in asked:
            if value not in category.attributes.get(name, ()):
                yield f"category {category.code} has no attribute {name} with the value {value}"


def _limits(policy: Policy) -> Iterator[str]:
    for code in policy.categories:
        schedule = policy.schedule(code)
        started = dict.fromkeys(rule.clock for rules in schedule.started.values() for rule in rules)
        for clock in started:
            if policy.find_limit(clock, code) is None:
                yield f"no limit for the clock {clock.value} of category {code}"


def _of_reasons(policy: Policy) -> Iterator[Fault]:
    for row in policy.limits:
        reason = policy.reasons.get(row.reason) if row.reason is not None else None
        if row.reason is not None and (reason is None or HOLD not in reason.uses):
            yield Fault.at(row.where, f"limit {row.id}: {row.reason} is no reason for a hold")
        if row.reason is not None and row.clock is not ClockKind.HOLD_REVIEW:
            yield Fault.at(row.where, f"limit {row.id}: only {ClockKind.HOLD_REVIEW.value} starts for a reason")


def _of_groups(policy: Policy) -> Iterator[Fault]:
    """Codes that nobody knows: whoever is of that group could not sign in."""
    for row in policy.groups:
        if row.office is not None and not policy.knows_office(row.office):
            yield Fault.at(row.where, f"unknown office {row.office}: it is written <role>-<area of 12 digits>")
        if row.area is None:
            continue
        if not policy.knows_area(row.area):
            yield Fault.at(row.where, f"unknown area {row.area}")
        elif row.role is Role.ASSISTANT and (area := policy.area(row.area)) and area.level is not AreaLevel.VILLAGE:
            yield Fault.at(row.where, f"area {row.area} is no village: an assistant is of one")


def _matters_of_clocks(policy: Policy) -> Iterator[Fault]:
    for rule in policy.clocks:
        for category in sorted(rule.categories - set(policy.categories)):
            yield Fault.at(rule.where, f"unknown category {category}")
