"""The matrix is whole, and says at least what the rules of the trade demand."""

from functools import cache
from uuid import UUID, uuid4

import pytest

from console.topics import DEFAULT_POLICY
from contracts.access import DOORS, LASTS, MATRIX, OF_ROLE, Access, Part, Relation, access, readable
from contracts.codes import ReferralRole
from libraries.policies import PolicyWatch
from libraries.runtime.failures import Rejected
from libraries.runtime.web.access import by_token
from libraries.runtime.web.auth import Principal, Role, issue_token, read_token

CONTENT = {Part.SUMMARY, Part.ATTRIBUTES, Part.MATERIALS}
ANSWERS = {Part.OWN_ANSWERS, Part.CO_ANSWERS, Part.LEAD_ANSWERS}


def given(relation: Relation) -> set[Part]:
    return set(readable([relation]))


def test_every_relation_says_of_every_part_whether_it_may_be_read() -> None:
    assert set(MATRIX) == set(LASTS) == set(Relation)
    assert all(set(row) == set(Part) for row in MATRIX.values())
    assert set(DOORS) == set(Part)
    assert set(OF_ROLE) == set(ReferralRole)


def test_the_person_is_opened_on_record_or_not_at_all_and_nothing_else_needs_a_purpose() -> None:
    for relation, row in MATRIX.items():
        assert row[Part.APPLICANT] in {Access.ON_RECORD, Access.DENIED}, relation
        assert {row[part] for part in Part if part is not Part.APPLICANT} <= {Access.ALLOWED, Access.DENIED}


def test_what_the_rules_demand_at_least() -> None:
    for relation in (Relation.LEAD, Relation.CO_HANDLER, Relation.COPY):
        assert given(relation) >= CONTENT | {Part.OWN_REFERRAL, Part.OWN_ANSWERS}
    assert given(Relation.LEAD) >= {Part.REFERRALS, Part.CO_ANSWERS}
    for relation in (Relation.WINDOW, Relation.DECIDER, Relation.ARBITER):
        assert given(relation) >= CONTENT | {Part.APPLICANT, Part.CO_ANSWERS, Part.LEAD_ANSWERS}
    assert given(Relation.FORMER) == {Part.STATE, Part.OWN_REFERRAL, Part.OWN_ANSWERS}
    assert not given(Relation.OPS) & (CONTENT | ANSWERS | {Part.APPLICANT})
    assert given(Relation.STRANGER) == set()
    assert not given(Relation.CO_HANDLER) & {Part.CO_ANSWERS, Part.LEAD_ANSWERS}
    assert Part.READS in given(Relation.COORDINATOR)


def test_of_several_relations_the_widest_counts() -> None:
    assert access([Relation.FORMER, Relation.LEAD], Part.SUMMARY) is Access.ALLOWED
    assert access([Relation.FORMER, Relation.LEAD], Part.APPLICANT) is Access.ON_RECORD
    assert access([], Part.STATE) is Access.DENIED


KEY = "t" * 32


@cache
def watch() -> PolicyWatch:
    return PolicyWatch(DEFAULT_POLICY)


ZHANGBEI, TOWN, OTHER = "130722000000", "130722100000", "130723000000"
WINDOW = f"township-{TOWN}"
CASE = uuid4()


@pytest.mark.parametrize(
    ("role", "office", "area", "relations"),
    [
        (Role.CLERK, WINDOW, None, {Relation.WINDOW}),
        (Role.OFFICER, WINDOW, None, {Relation.WINDOW}),
        (Role.TOWNSHIP, None, TOWN, {Relation.WINDOW}),
        (Role.CLERK, None, ZHANGBEI, {Relation.WINDOW}),
        (Role.CLERK, None, None, {Relation.WINDOW}),
        (Role.CLERK, None, OTHER, {Relation.AREA_WINDOW}),
        (Role.CLERK, f"township-{OTHER}", None, {Relation.AREA_WINDOW}),
        (Role.CLERK, f"petition-{ZHANGBEI}", None, {Relation.AREA_WINDOW}),
        (Role.CLERK, "township-130724100000", None, set()),
        (Role.CLERK, None, "130724000000", set()),
        (Role.OFFICER, f"education-{OTHER}", None, set()),
        (Role.COORDINATOR, None, ZHANGBEI, {Relation.COORDINATOR}),
        (Role.COORDINATOR, None, OTHER, {Relation.COORDINATOR}),
        (Role.COORDINATOR, f"civil_affairs-{ZHANGBEI}", None, {Relation.COORDINATOR}),
        (Role.COORDINATOR, None, "130724000000", set()),
        (Role.COORDINATOR, WINDOW, TOWN, {Relation.COORDINATOR, Relation.WINDOW}),
        (Role.OPS, None, None, {Relation.OPS}),
        (Role.OPS, WINDOW, None, {Relation.OPS}),
        (Role.OPS, None, "130724000000", set()),
        (Role.ASSISTANT, None, OTHER, {Relation.ASSISTANT}),
        (Role.ASSISTANT, None, TOWN, set()),  # the window's own area, where the matter does not lie
        (Role.AUDITOR, None, ZHANGBEI, {Relation.AUDITOR}),
        (Role.ADMINISTRATOR, None, OTHER, {Relation.AUDITOR}),
        (Role.ADMINISTRATOR, WINDOW, None, {Relation.AUDITOR}),  # and no window
        (Role.AUDITOR, None, "130724000000", set()),
    ],
)
def test_what_a_token_makes_of_its_bearer(
    role: Role, office: str | None, area: str | None, relations: set[Relation]
) -> None:
    """A matter of one county that a window of another took."""
    who = Principal(subject="x", role=role, office=office, area=area, installation=office is None and area is None)
    user = read_token(KEY, issue_token(KEY, who)).stands_in(watch())
    assert by_token(user, case_id=CASE, area=OTHER, window=WINDOW) == relations


@pytest.mark.parametrize(("case", "relations"), [(CASE, {Relation.APPLICANT}), (uuid4(), set()), (None, set())])
def test_a_receipt_opens_one_case(case: UUID | None, relations: set[Relation]) -> None:
    who = read_token(KEY, issue_token(KEY, Principal(subject="x", role=Role.APPLICANT, case=case)))
    assert by_token(who.stands_in(watch()), case_id=CASE, area=OTHER, window=WINDOW) == relations


@pytest.mark.parametrize(("office", "referral"), [(None, CASE), (WINDOW, None)])
def test_a_link_names_an_office_and_a_referral(office: str | None, referral: UUID | None) -> None:
    who = Principal(subject="x", role=Role.LINK, office=office, referral=referral)
    with pytest.raises(Rejected, match="unscoped_token"):
        read_token(KEY, issue_token(KEY, who))
