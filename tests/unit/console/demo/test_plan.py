"""The plan of the demo: a pure function of its seed, and like a real city in what comes when and where."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from functools import cache

import msgspec
import pytest

from console.demo.applicants import GIVEN_NAMES, NO_REGION
from console.demo.arrivals import CHANNELS, COMPLETE_SHARE, FIELDS, SENT_TWICE_SHARE, Arrival, Transport
from console.demo.hours import at_desk
from console.demo.plan import ARRIVAL_DAYS, DAYS, Plan, make_plan, origin_of
from console.topics import DEFAULT_POLICY
from contracts.codes import AreaLevel, Field
from contracts.personal import is_identity_number
from contracts.submissions import Submission
from libraries.policies import Policy, load_policy
from services.intake.domain.submission import parse
from tests.packs import PACKS, PLACES

MANY = 2_000


@cache
def policy() -> Policy:
    return load_policy(DEFAULT_POLICY)


@cache
def plan(seed: int = 7, number: int = MANY) -> Plan:
    return make_plan(seed, number, policy())


def arrivals() -> list[Arrival]:
    return [planned.arrival for planned in plan().cases.values()]


def above(area: str, level: AreaLevel) -> str:
    return next(each.code for each in policy().upwards(area) if each.level is level)


def digest(found: Plan) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()


def test_the_same_seed_plans_the_same_city() -> None:
    again = make_plan(7, MANY, policy())
    assert again == plan()
    assert [*again.cases] == [*plan().cases]


def test_another_process_plans_the_same_city() -> None:
    script = "from tests.unit.console.demo.test_plan import digest, plan; print(digest(plan(7, 300)))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(plan(7, 300))


def test_another_seed_plans_another_city() -> None:
    assert not plan().cases.keys() & plan(8).cases.keys()
    assert [one.arrival.at for one in plan().cases.values()] != [one.arrival.at for one in plan(8).cases.values()]


@pytest.mark.parametrize("number", [1, 132, 133, 134, MANY])
def test_as_many_come_as_were_asked_for(number: int) -> None:
    assert len(plan(7, number).cases) == number


def test_every_county_brings_matters_of_every_field() -> None:
    met = {
        (above(arrival.submission.area, AreaLevel.COUNTY), policy().categories[arrival.submission.category].field)
        for arrival in arrivals()
    }
    counties = {area.code for area in policy().areas.values() if area.level is AreaLevel.COUNTY}
    assert len(counties) == 19
    assert met == {(county, field) for county in counties for field in Field}


def test_people_come_while_the_windows_are_open() -> None:
    for arrival in arrivals():
        assert at_desk(arrival.at, policy().calendar) == arrival.at
        assert origin_of(policy()) <= arrival.at < origin_of(policy()) + timedelta(days=ARRIVAL_DAYS)
    assert [arrival.at for arrival in arrivals()] == sorted(arrival.at for arrival in arrivals())
    assert plan().horizon == origin_of(policy()) + timedelta(days=DAYS)


def test_a_make_up_day_is_a_day_like_others_and_a_holiday_is_none() -> None:
    days = {arrival.at.date().isoformat() for arrival in arrivals()}
    assert "2026-04-06" not in days  # Tomb-Sweeping Day, moved from Sunday
    assert {"2026-03-02", "2026-04-07"} <= days


def shares(found: Counter[str]) -> dict[str, float]:
    return {name: number / found.total() for name, number in found.items()}


def test_fields_and_channels_keep_their_weights() -> None:
    fields = Counter(policy().categories[arrival.submission.category].field for arrival in arrivals())
    channels = Counter(arrival.submission.channel for arrival in arrivals())
    for found, weights in ((fields, FIELDS), (channels, CHANNELS)):
        wanted = shares(Counter(weights))
        assert shares(found) == {name: pytest.approx(share, abs=0.04) for name, share in wanted.items()}


def test_both_roads_are_taken_and_some_come_twice() -> None:
    roads = shares(Counter(arrival.transport for arrival in arrivals()))
    assert roads.keys() == set(Transport)
    assert min(roads.values()) > 0.25
    twice = sum(arrival.twice for arrival in arrivals()) / MANY
    assert twice == pytest.approx(SENT_TWICE_SHARE, abs=0.015)
    by_window = Counter((arrival.window, arrival.transport) for arrival in arrivals())
    assert len(by_window) == len({window for window, _ in by_window})


def test_most_people_bring_all_their_papers() -> None:
    asked = {code: {m.code for m in category.materials} for code, category in policy().categories.items()}
    brought = [(asked[a.submission.category], set(a.submission.materials)) for a in arrivals()]
    assert all(papers <= wanted for wanted, papers in brought)
    complete = [wanted == papers for wanted, papers in brought if wanted]
    assert sum(complete) / len(complete) == pytest.approx(COMPLETE_SHARE, abs=0.08)


def test_intake_takes_every_submission() -> None:
    for arrival in arrivals():
        assert isinstance(
            parse(msgspec.json.encode(arrival.submission), policy(), arrival.at + timedelta(seconds=1)), Submission
        )


def test_nobody_in_the_city_exists() -> None:
    for arrival in arrivals():
        person = arrival.submission.applicant
        assert person.name.endswith(GIVEN_NAMES)
        assert person.phone.startswith("100")
        assert person.id_number.startswith(NO_REGION)
        assert is_identity_number(person.id_number)


@pytest.mark.parametrize("place", PLACES)
def test_every_place_that_is_shipped_can_be_played(place: str) -> None:
    rules = load_policy(PACKS / place)
    for planned in make_plan(7, 60, rules).cases.values():
        arrival = planned.arrival
        at = arrival.at + timedelta(seconds=1)
        assert isinstance(parse(msgspec.json.encode(arrival.submission), rules, at), Submission)
        assert f"township-{arrival.window}" in rules.offices
