"""Who comes to which window with what, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import product
from random import Random

from console.demo import applicants
from contracts.codes import AreaLevel, Field, SubmissionChannel
from contracts.submissions import Submission
from libraries.deadlines import Calendar
from libraries.policies import Area, Category, Policy

FIELDS = {
    Field.CIVIL_AFFAIRS: 30,
    Field.SOCIAL_SECURITY: 16,
    Field.HEALTH: 14,
    Field.EMPLOYMENT: 12,
    Field.HOUSING: 10,
    Field.EDUCATION: 10,
    Field.PETITION: 8,
}
WEEKDAYS = (1.35, 1.1, 1.0, 0.95, 0.9, 0.7, 0.7)
"""Mondays are busy; the last two are for weekends that a make-up day turns into work."""
HALF_HOURS = {8.5: 6, 9.0: 12, 9.5: 14, 10.0: 13, 10.5: 11, 11.0: 8, 11.5: 4}
HALF_HOURS |= {14.0: 7, 14.5: 9, 15.0: 9, 15.5: 8, 16.0: 6, 16.5: 4, 17.0: 2}
CHANNELS = {
    SubmissionChannel.WINDOW: 58,
    SubmissionChannel.VILLAGE_AGENT: 20,
    SubmissionChannel.PHONE: 6,
    SubmissionChannel.ONLINE: 8,
    SubmissionChannel.HOTLINE: 8,
}
OWN_SYSTEM_SHARE = 0.4
"""Townships that have a system of their own, which speaks Kafka; the others use the counter over HTTP."""
COMPLETE_SHARE = 0.8
"""People who bring all the material at once."""
SENT_TWICE_SHARE = 0.03


class Transport(StrEnum):
    HTTP = "http"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One matter at one window."""

    at: datetime
    submission: Submission
    window: str
    """The township whose window takes it."""
    transport: Transport
    twice: bool
    """A system that got no answer in time sends it again, by the other road."""


def arrivals(seed: int, number: int, policy: Policy, *, first_day: datetime, days: int) -> Iterator[Arrival]:
    """In the order of coming. All counties and fields are there as soon as there are cases enough."""
    random = Random(f"{seed}/arrivals")  # noqa: S311 -- invented people, not secrets
    places = _below(policy, AreaLevel.TOWNSHIP)
    villages = _below(policy, AreaLevel.VILLAGE)
    own_system = {area.code for towns in places.values() for area in towns if random.random() < OWN_SYSTEM_SHARE}
    matters = _matters(random, number, policy, places)
    for index, (moment, (town, category)) in enumerate(
        zip(_moments(random, number, policy.calendar, first_day, days), matters, strict=True), start=1
    ):
        place = random.choice(villages[town.code]) if town.code in villages and random.random() < 0.9 else town
        channel = random.choices([*CHANNELS], [*CHANNELS.values()])[0]
        transport = Transport.KAFKA if town.code in own_system else Transport.HTTP
        yield Arrival(
            at=moment,
            submission=Submission(
                submission_id=f"demo-{seed}-{index:06}",
                source=f"window-{town.code}",
                category=category.code,
                area=place.code,
                channel=channel,
                received_at=moment,
                applicant=applicants.invent(random, place.code, index),
                summary=f"演示：{category.zh}",
                materials=_materials(random, category),
            ),
            window=town.code,
            transport=transport,
            twice=random.random() < SENT_TWICE_SHARE,
        )


def _below(policy: Policy, level: AreaLevel) -> dict[str, list[Area]]:
    """The areas of a level, by the area they belong to."""
    found: dict[str, list[Area]] = {}
    for area in policy.areas.values():
        if area.level is level and area.parent:
            found.setdefault(area.parent, []).append(area)
    return found


def _matters(
    random: Random, number: int, policy: Policy, places: dict[str, list[Area]]
) -> Sequence[tuple[Area, Category]]:
    """Each county with each field once, then by weight: counties by their townships, fields by what people ask for."""
    # Windows of the demo know what they register.
    told = [category for category in policy.categories.values() if not policy.unclassified(category.code)]
    matters = {field: [category for category in told if category.field is field] for field in FIELDS}
    of_field = {field: found for field, found in matters.items() if found}
    weights = {field: FIELDS[field] for field in of_field}
    pairs = list(product(places, of_field))[:number]
    missing = number - len(pairs)
    counties = random.choices([*places], [len(towns) for towns in places.values()], k=missing)
    pairs += zip(counties, random.choices([*weights], [*weights.values()], k=missing), strict=True)
    random.shuffle(pairs)
    return [(random.choice(places[county]), random.choice(of_field[field])) for county, field in pairs]


def _moments(random: Random, number: int, calendar: Calendar, first_day: datetime, days: int) -> list[datetime]:
    start = calendar.civil_day(first_day)
    open_days = [day for day in range(start, start + days) if calendar.works(day)]
    weights = [WEEKDAYS[(day - 1) % 7] for day in open_days]
    chosen = random.choices(open_days, weights, k=number)
    slots = random.choices([*HALF_HOURS], [*HALF_HOURS.values()], k=number)
    return sorted(
        calendar.opening(day, time()) + timedelta(hours=slot, seconds=random.randrange(1800))
        for day, slot in zip(chosen, slots, strict=True)
    )


def _materials(random: Random, category: Category) -> tuple[str, ...]:
    codes = [material.code for material in category.materials]
    if not codes or random.random() < COMPLETE_SHARE:
        return tuple(codes)
    return tuple(sorted(random.sample(codes, random.randrange(len(codes)))))
