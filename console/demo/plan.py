"""The whole demo before it starts: a pure function of the seed and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from console.demo.arrivals import Arrival, arrivals
from console.demo.behaviours import Behaviour, behaviour
from libraries.policies import Policy

FIRST_DAY, BEGINS = date(2026, 3, 2), time(8)
"""A Monday; the two months that follow hold a holiday and no unpublished year."""
ARRIVAL_DAYS = 40
DAYS = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    arrival: Arrival
    behaviour: Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who submits what when, and what everybody will do about it."""

    seed: int
    origin: datetime
    horizon: datetime
    """Nobody in the simulated city does anything after this."""
    cases: Mapping[tuple[str, str], Planned]
    """By source and submission id, in the order of coming."""


def origin_of(policy: Policy) -> datetime:
    """The morning on which it begins, by the clocks of the place."""
    return policy.calendar.opening(FIRST_DAY.toordinal(), BEGINS)


def make_plan(seed: int, number: int, policy: Policy) -> Plan:
    origin = origin_of(policy)
    planned = (
        Planned(
            arrival=arrival,
            behaviour=behaviour(
                seed,
                arrival.submission.submission_id,
                policy.categories[arrival.submission.category],
                policy,
            ),
        )
        for arrival in arrivals(seed, number, policy, first_day=origin, days=ARRIVAL_DAYS)
    )
    cases = {(one.arrival.submission.source, one.arrival.submission.submission_id): one for one in planned}
    return Plan(seed=seed, origin=origin, horizon=origin + timedelta(days=DAYS), cases=cases)
