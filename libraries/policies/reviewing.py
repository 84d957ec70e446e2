"""Who judges a result that was judged before, and what must hold of the rows that say so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from libraries.policies.model import Policy
from libraries.policies.reviews import SAME, ReviewRule
from libraries.policies.rows import Fault


def review_faults(policy: Policy) -> Iterator[Fault]:
    """What single rows cannot show."""
    roles = {office.role for office in policy.offices.values()}
    for rule in policy.reviews.values():
        for category in (rule.category, rule.becomes):
            if category not in policy.categories:
                yield Fault.at(rule.where, f"unknown category {category}")
        if rule.category in _becoming(policy.reviews, rule.becomes):
            yield Fault.at(rule.where, f"reviews of {rule.category} come back to it: they would never be over")
        for role in rule.reviewers:
            if roles and role not in {*roles, SAME}:
                yield Fault.at(rule.where, f"no office has the role {role}")
        if policy.find_limit(rule.right, rule.category) is None:
            yield Fault.at(rule.where, f"no limit for the clock {rule.right.value} of category {rule.category}")
        first = rule_of_round(policy, rule.becomes)
        if first is not None and first.reviewers != rule.reviewers:
            yield Fault.at(rule.where, f"reviewers are not those that {first.where} names for {rule.becomes}")


def _becoming(rules: Mapping[str, ReviewRule], category: str) -> list[str]:
    """The matter, and all that its reviews can become."""
    seen: list[str] = []
    while category not in seen:
        seen.append(category)
        if category in rules:
            category = rules[category].becomes
    return seen


def rule_of_round(policy: Policy, category: str) -> ReviewRule | None:
    """By which a round of this matter is judged; none of a matter that is no review."""
    return next((rule for rule in policy.reviews.values() if rule.becomes == category), None)


def reviewers(policy: Policy, rule: ReviewRule, judged: Sequence[str]) -> Iterator[str]:
    """Who may judge what these have judged, in order, the best first. The last of them gave the result.

    Never one of them, and never one below the last: the same role has to be higher up, as its own place has judged.
    """
    last = policy.office_now(judged[-1]) if judged else None
    if last is None:
        return
    before = {policy.office_code_now(code) for code in judged}
    places = [last.area, *(area.code for area in policy.upwards(last.area) if area.code != last.area)]
    codes = (f"{last.role if role == SAME else role}-{place}" for role in rule.reviewers for place in places)
    yield from (code for code in dict.fromkeys(codes) if code in policy.offices and code not in before)


def judged_by(policy: Policy, judged: Iterable[str], office: str) -> bool:
    """Whether it is one of those, under whichever name it goes today."""
    return any(policy.same_office(one, office) for one in judged)
