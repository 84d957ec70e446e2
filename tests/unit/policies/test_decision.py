"""Ordered rules, the nearest office, and nothing without an owner."""

import dataclasses
from datetime import UTC, date, datetime

import pytest

from contracts.codes import AreaLevel
from libraries.policies import Policy
from libraries.policies.decision import Matter, arbiter, coordinator, decide
from libraries.policies.model import Condition, Rule
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, a_matter, policy


def a_rule(name: str, lead: str, **when: object) -> Rule:
    return Rule(id=name, when=Condition(**when), lead=lead, where="rules.yaml:1")


def with_rules(*rules: Rule) -> Policy:
    return dataclasses.replace(policy(), rules=(*rules, *policy().rules))


def test_the_category_names_the_lead_and_its_co_handlers() -> None:
    decision = decide(a_matter(), policy())
    assert (decision.rule, decision.lead, decision.co_handlers) == (
        "category.education.student_aid",
        EDUCATION,
        (CIVIL_AFFAIRS,),
    )


def test_the_first_rule_that_holds_wins() -> None:
    rules = with_rules(
        a_rule("elsewhere", "housing", area="130723"),
        a_rule("here", "health", area="130722", categories=frozenset({"education.student_aid"})),
        a_rule("too late", "justice"),
    )
    decision = decide(a_matter(), rules)
    assert decision.lead == "health-130722000000"
    looked_at = [step.looked_at for step in decision.trace]
    assert looked_at[:2] == ["rule elsewhere (rules.yaml:1)", "rule here (rules.yaml:1)"]
    assert "is not in 130723" in decision.trace[0].outcome


def test_a_rule_may_ask_for_an_attribute() -> None:
    rules = with_rules(a_rule("urgent", "government_office", attributes={"urgent": True}))
    urgent = dataclasses.replace(a_matter(), attributes={"urgent": True})
    assert decide(a_matter(), rules).lead == EDUCATION
    assert decide(urgent, rules).lead == "government_office-130722000000"


def test_the_shipped_rule_for_urgent_aid_asks_the_submission() -> None:
    urgent = dataclasses.replace(a_matter("civil_affairs.temporary_aid"), attributes={"urgent": True})
    assert decide(urgent, policy()).rule == "urgent-temporary-aid"
    assert decide(urgent, policy()).lead.startswith("township-")
    assert decide(a_matter("civil_affairs.temporary_aid"), policy()).lead == CIVIL_AFFAIRS


def test_a_rule_may_ask_for_the_level_of_the_area() -> None:
    rules = with_rules(a_rule("county alone", "justice", levels=frozenset({AreaLevel.COUNTY})))
    assert decide(a_matter(), rules).lead == EDUCATION
    assert decide(dataclasses.replace(a_matter(), area="130722000000"), rules).lead == "justice-130722000000"


def test_a_rule_holds_on_the_civil_days_of_its_time() -> None:
    rules = with_rules(a_rule("winter", "justice", since=date(2026, 3, 2), until=date(2026, 3, 2)))
    # 16:30 UTC is half past midnight in China.
    moments = {
        datetime(2026, 3, 1, 15, 30, tzinfo=UTC): EDUCATION,
        datetime(2026, 3, 1, 16, 30, tzinfo=UTC): "justice-130722000000",
        datetime(2026, 3, 2, 15, 30, tzinfo=UTC): "justice-130722000000",
        datetime(2026, 3, 2, 16, 30, tzinfo=UTC): EDUCATION,
    }
    for moment, lead in moments.items():
        assert decide(dataclasses.replace(a_matter(), accepted_at=moment), rules).lead == lead


def test_a_rule_whose_office_does_not_exist_is_passed_over() -> None:
    decision = decide(a_matter(), with_rules(a_rule("moon", "space_agency")))
    assert decision.lead == EDUCATION
    assert decision.trace[0].outcome == "no such office up the tree"


def test_an_unknown_category_goes_to_the_county_s_civil_affairs() -> None:
    decision = decide(a_matter("nobody.knows"), policy())
    assert (decision.rule, decision.lead) == (None, CIVIL_AFFAIRS)


def test_an_unknown_area_goes_to_the_city() -> None:
    decision = decide(a_matter("nobody.knows", area="990000000000"), policy())
    assert decision.lead == "civil_affairs-130700000000"


def test_who_returned_the_case_does_not_get_it_again() -> None:
    decision = decide(a_matter(), policy(), without=frozenset({EDUCATION}))
    assert (decision.rule, decision.lead) == (None, CIVIL_AFFAIRS)
    alone = decide(a_matter(), policy(), without=frozenset({EDUCATION, CIVIL_AFFAIRS}))
    assert alone.lead == "civil_affairs-130700000000"


def test_returns_are_decided_by_the_county_and_quarrels_by_the_city() -> None:
    assert coordinator(policy(), a_matter().area) == CIVIL_AFFAIRS
    assert arbiter(policy(), a_matter().area) == "government_office-130700000000"


@pytest.mark.parametrize("category", sorted(policy().categories))
def test_every_matter_has_an_owner_in_every_township(category: str) -> None:
    townships = [area.code for area in policy().areas.values() if area.level is AreaLevel.TOWNSHIP]
    assert len(townships) == 246
    for area in townships:
        decision = decide(_matter(category, area), policy())
        assert decision.rule is not None
        assert decision.lead in policy().offices


def _matter(category: str, area: str) -> Matter:
    return dataclasses.replace(a_matter(category), area=area)
