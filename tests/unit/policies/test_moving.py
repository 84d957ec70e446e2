"""Areas that move to another county with their code: who has the work of their offices from the day on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import AreaLevel
from libraries.policies import Area, Policy
from libraries.policies.areas_and_offices import OfficeRow, periods
from libraries.policies.moving import had, left, office_now, ownerless, ownerless_later, superiors_left
from libraries.policies.tree import A_DAY
from tests.unit.policies.changing import BEFORE, DAY, policy_on

MOVED, VILLAGE, MERGED, RENAMED = "130722200000", "130722200201", "130721100000", "130722201000"
OLD, NEW = "education-130722000000", "education-130705000000"
START = date(2026, 1, 1)
ROLES = ("education", "health", "jobs")
COUNTIES = ("130701000000", "130702000000", "130703000000", "140101000000")
TOWNSHIP = "130701100000"


@cache
def before() -> Policy:
    with TemporaryDirectory() as folder:
        return policy_on(Path(folder), BEFORE)


@cache
def after() -> Policy:
    return before().on(DAY)


@pytest.mark.parametrize("area", [MOVED, VILLAGE])
def test_the_office_of_the_same_role_in_the_new_county_has_the_work(area: str) -> None:
    assert office_now(after(), OLD, area) == NEW
    assert office_now(before(), OLD, area) == OLD, "not before the day"
    assert left(after(), area)[OLD].since == DAY


def test_what_lies_above_both_counties_and_what_lies_below_stays() -> None:
    for office in ("education-130700000000", "township-130722200000"):
        assert office_now(after(), office, MOVED) == office
    assert office_now(after(), OLD, RENAMED) == OLD, "only its name is another"


def test_an_office_that_was_chosen_by_hand_elsewhere_or_afterwards_keeps_the_work() -> None:
    assert office_now(after(), "education-130729000000", MOVED) == "education-130708000000", "its own successor"
    assert office_now(after(), OLD, MOVED, sent_on=DAY) == OLD
    assert office_now(after(), OLD, MOVED, sent_on=BEFORE) == NEW


def test_an_area_that_goes_along_with_its_county_moves_with_its_offices_alone() -> None:
    assert left(after(), MERGED) == {}
    assert office_now(after(), "education-130721000000", MERGED) == NEW


def test_the_coordinator_of_the_old_county_decides_no_more_and_the_city_s_arbiter_still_does() -> None:
    assert superiors_left(after(), MOVED) == {"civil_affairs-130722000000"}
    assert superiors_left(after(), RENAMED) == superiors_left(before(), MOVED) == frozenset()


def test_an_office_had_the_work_until_the_day() -> None:
    midnight = datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert had(after(), OLD, MOVED, heir=NEW, at=midnight - timedelta(microseconds=1))
    assert not had(after(), OLD, MOVED, heir=NEW, at=midnight)
    assert not had(after(), OLD, RENAMED, heir=NEW, at=midnight - timedelta(days=1))
    assert not had(after(), "health-130722000000", MOVED, heir=NEW, at=midnight - timedelta(days=1))


def _area(code: str, level: AreaLevel, parent: str | None, first: date | None = None, last: date | None = None) -> Area:
    return Area(code=code, name=code, level=level, parent=parent, valid_from=first, valid_until=last, where=code)


def _stand(role: str, level: AreaLevel, *only: str) -> OfficeRow:
    return OfficeRow(
        role=role,
        zh=role,
        en=role,
        levels=frozenset({level}),
        only=frozenset(only),
        channels=frozenset({"http"}),
        close_of_business=None,
        outside=False,
        valid_from=None,
        valid_until=None,
        successor=None,
        where=f"{role}-{level.value}",
    )


def _place(path: list[str], jobs_in: list[str]) -> Policy:
    """A township that lies in these counties, one after the other, each for a day, as seen on the first."""
    fixed = [
        _area("130000000000", AreaLevel.PROVINCE, None),
        _area("140000000000", AreaLevel.PROVINCE, None),
        _area("130700000000", AreaLevel.CITY, "130000000000"),
        _area("140100000000", AreaLevel.CITY, "140000000000"),
        *(_area(code, AreaLevel.COUNTY, code[:4].ljust(12, "0")) for code in COUNTIES),
    ]
    days = [START + A_DAY * number for number in range(len(path))]
    rows = [
        _area(TOWNSHIP, AreaLevel.TOWNSHIP, county, day if number else None, day if number < len(path) - 1 else None)
        for number, (county, day) in enumerate(zip(path, days, strict=True))
    ]
    office_rows = [
        _stand("education", AreaLevel.COUNTY),
        _stand("civil_affairs", AreaLevel.COUNTY),
        _stand("health", AreaLevel.CITY, "130700000000"),
        *([_stand("jobs", AreaLevel.COUNTY, *jobs_in)] if jobs_in else []),
    ]
    return replace(before(), periods=periods([*fixed, *rows], office_rows)).in_period(0)


def _ways() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(COUNTIES), min_size=1, max_size=5)


@given(_ways(), st.lists(st.sampled_from(COUNTIES), unique=True), st.sampled_from(ROLES))
def test_whatever_way_an_area_goes_its_work_ends_where_new_matters_go_and_looking_twice_changes_nothing(
    path: list[str], jobs_in: list[str], role: str
) -> None:
    first = _place(path, jobs_in)
    last = first.on(START + A_DAY * (len(path) - 1))
    was, near = first.office_near(role, TOWNSHIP), last.office_near(role, TOWNSHIP)
    if was is None:
        return
    now = office_now(last, was.code, TOWNSHIP)
    assert now == (near.code if near is not None else was.code)
    assert office_now(last, now, TOWNSHIP) == now
    if len({one.office_near(role, TOWNSHIP) is None for one in map(first.in_period, range(len(first.periods)))}) == 1:
        assert now == _day_by_day(first, was.code, len(path)), "a service that slept for days does what one did daily"


def _day_by_day(first: Policy, office: str, days: int) -> str:
    for number in range(days):
        office = office_now(first.on(START + A_DAY * number), office, TOWNSHIP)
    return office


@given(_ways(), st.lists(st.sampled_from(COUNTIES), unique=True))
def test_work_that_would_be_without_an_owner_is_known_before_the_day(path: list[str], jobs_in: list[str]) -> None:
    first = _place(path, jobs_in)
    lost, had_it = set(), set()
    for day in (START + A_DAY * number for number in range(len(path) - 1)):
        for role in ROLES:
            was = first.on(day).office_near(role, TOWNSHIP)
            if was is None:
                continue
            had_it.add((role, f"{was.code}/{TOWNSHIP}"))
            if first.on(day + A_DAY).office_near(role, TOWNSHIP) is None:
                lost.add(f"{was.code}/{TOWNSHIP}")
    assert ownerless_later(first) == lost
    assert ownerless(first) == set()
    last = first.on(START + A_DAY * (len(path) - 1))
    assert ownerless_later(last) == set()
    # Whatever it once had may still lie there, if nobody looked in between.
    assert ownerless(last) == {code for role, code in had_it if last.office_near(role, TOWNSHIP) is None}
