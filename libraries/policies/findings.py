"""What is written in a pack and can have no effect, or leaves something without an effect that it needs.

A service could run with such a pack, so loading does not refuse it; whoever writes one wants to know.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.codes import WORK, ClockKind, ReferralRole
from contracts.documents import DocumentKind
from libraries.policies.clock_rules import ClockRule, Trigger
from libraries.policies.coverage import gaps
from libraries.policies.decision import FALLBACK_ROLES
from libraries.policies.model import Policy, Rule
from libraries.policies.rows import Fault, file_of

WINDOW = "township"
"""Windows take matters, whoever else sends them something."""
HOLD = "hold"


def findings(policy: Policy, at: datetime) -> list[Fault]:
    """Of the rows of the pack itself, and of what it makes of its parents' at that moment."""
    found = [
        *_rules_that_never_match(policy),
        *_limits_that_never_count(policy),
        *_work_without_limit(policy),
        *_circles(policy.clocks),
        *_reasons_for_nothing(policy),
        *_without_words(policy),
    ]
    if policy.offices:
        found += [*_without_owner(policy, at), *_offices_for_nothing(policy), *_without_paper(policy)]
    return sorted(found, key=lambda one: (one.file, one.line, one.reason))


def _rules_that_never_match(policy: Policy) -> Iterator[Fault]:
    for number, rule in enumerate(policy.rules):
        if reason := _contradicts_itself(rule, policy):
            yield Fault.at(
                rule.where, f"rule {rule.id} can never match: {reason}", "mend its conditions, or take it out"
            )
            continue
        above = next((one for one in policy.rules[:number] if _shadows(one, rule, policy)), None)
        if above is not None:
            reason = (
                f"rule {rule.id} can never match: {above.id} ({above.where}) stands above it and takes all it asks for"
            )
            yield Fault.at(rule.where, reason, f"put it above {above.id}, or take it out")


def _contradicts_itself(rule: Rule, policy: Policy) -> str:
    when = rule.when
    if when.since is not None and when.until is not None and when.until < when.since:
        return f"until {when.until} lies before since {when.since}"
    of_field = {code for code in when.categories if code in policy.categories}
    if when.field is not None and of_field and all(policy.categories[c].field is not when.field for c in of_field):
        return f"none of its categories is of the field {when.field}"
    if when.area is not None and when.levels and policy.knows_area(when.area):
        inside = [area for area in policy.areas.values() if policy.within(area.code, when.area)]
        if inside and not any(area.level in when.levels for area in inside):
            return f"no area of the level {', '.join(sorted(when.levels))} lies in {when.area}"
    return ""


def _shadows(above: Rule, rule: Rule, policy: Policy) -> bool:
    """Whether the first takes whatever the second asks for. A local pack may well stand over all of its parent's."""
    if file_of(above.where) != file_of(rule.where):
        return False
    one, other = above.when, rule.when
    matters = other.categories or frozenset(
        code for code, category in policy.categories.items() if other.field in (None, category.field)
    )
    fits = (
        (not one.categories or (bool(other.categories) and other.categories <= one.categories))
        and (
            one.field is None or all(policy.categories[c].field is one.field for c in matters if c in policy.categories)
        )
        and (one.area is None or (other.area is not None and policy.within(other.area, one.area)))
        and (not one.levels or (bool(other.levels) and other.levels <= one.levels))
        and one.attributes.items() <= other.attributes.items()
        and (one.since is None or (other.since is not None and other.since >= one.since))
        and (one.until is None or (other.until is not None and other.until <= one.until))
    )
    return fits and _stands_everywhere(above.lead, other.area, policy)


def _stands_everywhere(role: str, area: str | None, policy: Policy) -> bool:
    """A rule whose lead is nowhere up the tree is passed over, and the next one has its turn."""
    places = [one.code for one in policy.areas.values() if area is None or policy.within(one.code, area)]
    return all(policy.office_near(role, code) is not None for code in places if policy.areas[code].parent is not None)


def _limits_that_never_count(policy: Policy) -> Iterator[Fault]:
    for row in policy.limits:
        if row.where.partition("/")[0] != policy.pack or row.clock is ClockKind.HANDLING:
            continue
        fitting = [category for category in policy.categories.values() if row.fits(category, row.reason or "")]
        started = {
            rule.limit_of
            for category in fitting
            for rules in policy.schedule(category.code).started.values()
            for rule in rules
        }
        if row.clock not in started:
            reason = f"limit {row.id} never counts: nothing starts the clock {row.clock.value} for its matters"
            yield Fault.at(row.where, reason, "let clocks.yaml start it for them, or take the limit out")


def _work_without_limit(policy: Policy) -> Iterator[Fault]:
    """A lead or a co-handler for whom no clock runs is never late."""
    for code in policy.categories:
        mine = [rule for rule in policy.rules if not rule.when.categories or code in rule.when.categories]
        schedule = policy.schedule(code)
        for role, named in ((ReferralRole.LEAD, mine), (ReferralRole.CO, [r for r in mine if r.co_handlers])):
            runs = {rule.clock for rule in schedule.starting(Trigger.REFERRAL_DISPATCHED, role)}
            if named and not runs & WORK:
                who = "co-handlers" if role is ReferralRole.CO else "the lead"
                reason = f"{who} of {code} have no limit: no clock of their work starts with the referral"
                yield Fault.at(named[0].where, reason, "let clocks.yaml start handling or co_handling for it")


def _circles(rules: tuple[ClockRule, ...]) -> Iterator[Fault]:
    """Clocks that stand in each other's place: none of them would run."""
    instead = {rule.clock: rule for rule in reversed(rules) if rule.starts and rule.instead_of is not None}
    for kind, rule in instead.items():
        seen, one = [kind], rule.instead_of
        while one is not None and one not in seen and one in instead:
            seen.append(one)
            one = instead[one].instead_of
        if one is kind and kind is min(seen):
            names = ", ".join(clock.value for clock in seen)
            reason = f"{names} stand in each other's place: none of them runs"
            yield Fault.at(rule.where, reason, "take instead_of out of one of them")


def _reasons_for_nothing(policy: Policy) -> Iterator[Fault]:
    for reason in policy.reasons.values():
        if not reason.uses:
            text = f"reason {reason.code} is for nothing: nobody may use it"
            yield Fault.at(reason.where, text, "name what it is for, for example for: [return]")
        elif reason.stops and HOLD not in reason.uses:
            text = f"reason {reason.code} stops clocks, but nobody may put anything on hold for it"
            yield Fault.at(reason.where, text, "add hold to for, or take stops out")


def _without_words(policy: Policy) -> Iterator[Fault]:
    for row in policy.limits:
        if row.extension is not None and row.extension.approver not in policy.approvers:
            text = f"approver {row.extension.approver} has no name in Chinese and English"
            yield Fault.at(row.where, text, "give approvers.yaml a row for it")


def _without_owner(policy: Policy, at: datetime) -> Iterator[Fault]:
    of_category = {rule.id: rule for rule in policy.rules}
    for code, areas in gaps(policy, at).items():
        rule = of_category.get(f"category.{code}")
        if rule is None:
            continue
        text = f"{code} has no owner in {len(areas)} areas, for example {areas[0]}: it would go to a fallback"
        yield Fault.at(
            rule.where, text, f"give offices.yaml a row that has {rule.lead} up their tree, or rules.yaml a rule"
        )


def _without_paper(policy: Policy) -> Iterator[Fault]:
    """A kind of document without a template is not issued, and nobody would notice."""
    for kind in DocumentKind:
        if kind not in policy.documents:
            text = f"no template for the document {kind.value} ({kind.zh}): it is not issued"
            yield Fault.at(
                f"{policy.pack}/documents.yaml:1", text, f"give documents.yaml a row of the kind {kind.value}"
            )


def _offices_for_nothing(policy: Policy) -> Iterator[Fault]:
    asked = {role for rule in policy.rules for role in (rule.lead, *rule.co_handlers, *rule.copies)}
    asked |= {recipient.role for rule in policy.escalation_rules for recipient in rule.recipients if recipient.role}
    asked |= {WINDOW, *FALLBACK_ROLES}
    asked |= {office.successor for office in policy.offices.values() if office.successor is not None}
    # To an organisation outside the offices a lead refers out, whatever the rules name.
    for role in sorted({office.role for office in policy.offices.values() if not office.outside} - asked):
        first = next(office for office in policy.offices.values() if office.role == role)
        text = f"no rule, no matter and no escalation names the role {role}: its offices, as {first.code}, get nothing"
        yield Fault.at(f"{policy.pack}/offices.yaml:1", text, "name it in rules.yaml or categories.csv, or take it out")
