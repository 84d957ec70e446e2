"""Whom the window is told to expect is who gets the case: one decision, asked once, wherever it is shown."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from uuid import UUID

import msgspec
import pytest

from console import explaining
from contracts.codes import LEAD_WORK, AreaLevel, CaseState, Door, Field, ReferralRole, Role
from contracts.events.base import Actor
from contracts.events.cases import CaseAccepted
from contracts.submissions import Submission
from libraries.ids import new_id
from libraries.policies import Category, Policy
from libraries.policies.model import Condition, Rule
from services.intake.contents import to_listed
from services.intake.domain.actions import accept
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.registering import register
from services.intake.domain.submission import canonical, parse
from services.intake.lookup import Found
from services.intake.views import AnswerBy
from services.routing.domain.dispatching import dispatch
from services.routing.domain.referral import Referral
from services.routing.domain.timing import Context
from services.routing.translate import to_request
from tests.unit.intake.builders import NOW, done, policy, window_view

CLERK = Actor(door=Door.HTTP, role=Role.CLERK, post="window-1")
Attributes = dict[str, str | int | bool]
URGENT: Attributes = {"urgent": True}
AID = "civil_affairs.temporary_aid"


def taken_on(category: str, area: str, attributes: Attributes, of: Policy) -> Change:
    """Registered with all its material, and accepted: at once, or by a clerk where the policy wants one."""
    body = {
        "submission_id": "2026-000017",
        "source": "zhangbei-one-window",
        "category": category,
        "area": area,
        "attributes": attributes,
        "applicant": {"name": "张示例"},
        "materials": [material.code for material in of.categories[category].materials],
    }
    submission = parse(json.dumps(body).encode(), of, NOW)
    assert isinstance(submission, Submission), submission
    number = "130722-20260302-00001-1"
    change = register(
        submission, case_id=UUID(int=1), number=number, content=canonical(submission), by=CLERK, policy=of, now=NOW
    )
    if change.case.state is CaseState.ACCEPTED:
        return change
    return done(accept(change.case, NOW + timedelta(hours=2), of))


def told(case: Case, of: Policy) -> AnswerBy:
    answer = window_view(case, of).answer_by
    assert answer is not None
    assert to_listed(Found(case=case, offices=(), relations=frozenset()), of).answer_by == answer
    return answer


def led(change: Change, of: Policy) -> Referral:
    """The lead's referral, as routing makes it of what intake said."""
    (accepted,) = [event for event in change.events if isinstance(event, CaseAccepted)]
    sent = dispatch(to_request(accepted), accepted.accepted_at, Context(policy=of, make_id=new_id))
    (lead,) = [one for one in sent.routing.referrals if one.role is ReferralRole.LEAD]
    return lead


def elsewhere(change: Change, place: str) -> Change:
    """The same in another place."""
    events = [
        msgspec.structs.replace(event, area=place) if isinstance(event, CaseAccepted) else event
        for event in change.events
    ]
    return dataclasses.replace(change, case=dataclasses.replace(change.case, area=place), events=tuple(events))


def answers(category: Category) -> Iterator[Attributes]:
    """Every way to answer what the matter asks, silence too."""
    choices = [[None, *sorted(values, key=repr)] for values in category.attributes.values()]
    for given in product(*choices):
        yield {name: value for name, value in zip(category.attributes, given, strict=True) if value is not None}


def places(of: Policy) -> list[str]:
    """All townships, and what is above them."""
    wide = {AreaLevel.CITY, AreaLevel.COUNTY, AreaLevel.TOWNSHIP}
    return [area.code for area in of.areas.values() if area.level in wide]


def agrees(change: Change, of: Policy) -> None:
    """Office, clock, limit and date of the answer are those that the lead gets."""
    answer, lead = told(change.case, of), led(change, of)
    assert answer.office == lead.office
    (clock,) = [clock for clock in lead.clocks if clock.kind is answer.clock]
    assert answer.clock in LEAD_WORK
    assert (answer.limit, answer.due_at) == (
        str(clock.terms.limit),
        clock.due(of.calendar_of(lead.office)).due_at,
    )


@pytest.mark.parametrize("field", Field)
def test_the_window_names_the_office_that_gets_the_case(field: Field) -> None:
    """Every matter, in every place, with every answer to what it asks."""
    of = policy()
    for category in (one for one in of.categories.values() if one.field is field):
        for given in answers(category):
            example = taken_on(category.code, "130722100000", given, of)
            agrees(example, of)
            for place in places(of):
                there = elsewhere(example, place)
                assert told(there.case, of).office == led(there, of).office, (category.code, place, given)


def test_urgent_aid_is_expected_of_the_township() -> None:
    change = taken_on(AID, "130722101", URGENT, policy())
    assert told(change.case, policy()).office == led(change, policy()).office == "township-130722101000"
    calm = taken_on(AID, "130722101", {"urgent": False}, policy())
    assert told(calm.case, policy()).office == led(calm, policy()).office == "civil_affairs-130722000000"


def rule(lead: str, **when: object) -> Rule:
    return Rule(id=f"own-{lead}", when=Condition(**when), lead=lead, where="rules.yaml:1")


@pytest.mark.parametrize(
    "own",
    [
        rule("justice", area="130722"),
        rule("justice", levels=frozenset({AreaLevel.TOWNSHIP})),
        rule("justice", since=date(2026, 3, 3)),
        rule("justice", until=date(2026, 3, 1)),
        rule("space_agency"),
    ],
    ids=["area", "level", "from tomorrow", "until yesterday", "no such office"],
)
def test_it_is_so_under_rules_of_any_kind(own: Rule) -> None:
    of = dataclasses.replace(policy(), rules=(own, *policy().rules))
    for place in ("130722100000", "130722000000", "130723100000"):
        agrees(taken_on("education.student_aid", place, {}, of), of)


def test_a_matter_that_no_rule_gives_to_anybody_is_expected_of_who_gets_it_all_the_same() -> None:
    of = dataclasses.replace(policy(), rules=())
    change = taken_on("education.student_aid", "130722100000", {}, of)
    agrees(change, of)


def test_the_lab_names_the_same_office() -> None:
    of = policy()
    area = of.area("130722101")
    assert area is not None
    for category in of.categories.values():
        for given in answers(category):
            change = taken_on(category.code, area.code, given, of)
            assert change.case.accepted_at is not None
            found = explaining.explain_matter(of, category, area, given, change.case.accepted_at)
            assert found.lead.code == told(change.case, of).office
