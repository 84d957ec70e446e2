"""Each place that is shipped: whatever is brought there has an owner, somebody above it, and an end to every clock."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import AreaLevel, ClockKind, ReferralRole
from contracts.offices import OFFICE
from libraries.clocks.clock import LegalClock, terms_of
from libraries.deadlines import Limit, due
from libraries.policies import Policy, load_policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.coverage import gaps
from libraries.policies.decision import Matter, arbiter, coordinator, decide
from tests.packs import PACKS, PLACES
from tests.unit.deadlines.naive import naive_due

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
WINDOWS = {AreaLevel.TOWNSHIP, AreaLevel.VILLAGE}
MADE_UP = {"carrigmoyle", "linlan", "yunling"}
UNDER_NATIONAL_LAW = tuple(place for place in PLACES if place != "carrigmoyle")
PROVINCES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82}
"""The first two digits of GB/T 2260."""


@cache
def policy(place: str) -> Policy:
    return load_policy(PACKS / place)


@pytest.mark.parametrize("place", PLACES)
def test_every_matter_has_an_owner_in_every_area(place: str) -> None:
    assert gaps(policy(place), NOON) == {}


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_does_not_exist_has_codes_that_no_other_has(place: str) -> None:
    assert {int(area[:2]) in PROVINCES for area in policy(place).areas} == {place not in MADE_UP}
    others = {code for other in PLACES if other != place for code in policy(other).areas}
    assert not others & policy(place).areas.keys()


@pytest.mark.parametrize("place", PLACES)
@given(data=st.data())
def test_whatever_is_brought_is_somebodys_until_a_day(place: str, data: st.DataObject) -> None:
    rules = policy(place)
    category = rules.categories[data.draw(st.sampled_from(sorted(rules.categories)))]
    area = data.draw(st.sampled_from([code for code, one in rules.areas.items() if one.level in WINDOWS]))
    answers = {name: st.sampled_from(sorted(values, key=str)) for name, values in category.attributes.items()}
    minutes = data.draw(st.integers(0, 300 * 24 * 60))
    matter = Matter(
        category=category.code,
        field=category.field,
        area=area,
        attributes=data.draw(st.fixed_dictionaries({}, optional=answers)),
        accepted_at=NOON + timedelta(minutes=minutes),
    )
    made = decide(matter, rules)
    named = [made.lead, *made.co_handlers, *made.copies]
    assert made.rule is not None
    assert len(set(named)) == len(named)
    assert set(named) <= rules.offices.keys()
    assert coordinator(rules, area) in rules.offices
    assert arbiter(rules, area) in rules.offices
    for office, role in ((made.lead, ReferralRole.LEAD), *((co, ReferralRole.CO) for co in made.co_handlers)):
        for clock in rules.schedule(category.code).starting(Trigger.REFERRAL_DISPATCHED, role):
            ends_as_a_naive_count_says(rules, clock.clock, category.code, office, matter.accepted_at)


def ends_as_a_naive_count_says(rules: Policy, kind: ClockKind, category: str, office: str, start: datetime) -> None:
    row = rules.limit(kind, category)
    clock = LegalClock(
        id=UUID(int=1),
        kind=kind,
        office=office,
        area=rules.offices[office].area,
        terms=terms_of(row, rules, office),
        started_at=start,
    )
    calendar = rules.calendar_of(office)

    def works(day: date) -> bool:
        return calendar.works(day.toordinal())

    parts = [(row.limit.number, row.limit.unit.value)]
    expected = naive_due(start, parts, works, [], roll=row.rules.roll_last_day, zone=calendar.zone)
    assert clock.due(calendar).due_at == expected


@pytest.mark.parametrize("place", UNDER_NATIONAL_LAW)
def test_what_petitioners_and_offices_may_by_law_they_may_everywhere(place: str) -> None:
    of = policy(place)
    assert of.limit(ClockKind.PETITION_OBJECTION, "petition.request").limit == Limit.parse("5wd")
    assert of.limit(ClockKind.REVIEW_REQUEST, "petition.request").limit == Limit.parse("30d")
    assert of.limit(ClockKind.RE_REVIEW_REQUEST, "petition.review").limit == Limit.parse("30d")


def test_a_place_of_another_country_has_nothing_of_this_one() -> None:
    of = policy("carrigmoyle")
    assert (str(of.calendar.zone), of.calendar.country, of.language) == ("Europe/Dublin", "IE", "en")
    assert not any("信访" in row.source or "法" in row.source for row in (*of.limits, *of.clocks))
    days = {date(2026, 3, 17): "Saint Patrick's Day", date(2026, 4, 6): "Easter Monday"}
    assert {day: of.calendar.day(day.toordinal()).en for day in days} == days
    assert of.calendar.works(date(2026, 10, 1).toordinal())


@given(minutes=st.integers(0, 365 * 24 * 60), hours=st.integers(1, 24))
def test_there_a_limit_in_hours_runs_through_the_night_in_which_clocks_change(minutes: int, hours: int) -> None:
    calendar = policy("carrigmoyle").calendar
    start = NOON + timedelta(minutes=minutes)
    assert due(start, Limit.parse(f"{hours}h"), calendar=calendar).due_at == start + timedelta(hours=hours)


@pytest.mark.parametrize("place", PLACES)
def test_codes_are_such_as_topics_and_rights_have(place: str) -> None:
    of = policy(place)
    assert all(re.fullmatch(OFFICE, code) for code in of.offices)
    assert {len(code) for code in of.areas} == {12}
    assert {area.level for area in of.areas.values()} == set(AreaLevel)
    assert all(office.zh and office.en for office in of.offices.values())
