"""A month of invented arrivals against a draft: who has how much open at once, and what is expected to be late."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Final

import msgspec

from contracts.codes import ReferralRole
from libraries.deadlines import due
from libraries.policies import Category, Policy
from libraries.policies.clock_rules import Trigger
from libraries.policies.coverage import WINDOWS
from libraries.policies.decision import Matter, decide

SPREAD: Final = 0.6
"""Of how long the same work takes from case to case: sigma of a log-normal."""
OPENS: Final = time(9)
HOURS: Final = 8.0


@dataclass(slots=True)
class Workload:
    """What an office has in hand."""

    received: int = 0
    late: int = 0
    most_open: int = 0
    ends: list[datetime] = field(default_factory=list)

    def takes(self, at: datetime, until: datetime, *, late: bool) -> None:
        while self.ends and self.ends[0] <= at:
            heappop(self.ends)
        heappush(self.ends, until)
        self.received += 1
        self.late += late
        self.most_open = max(self.most_open, len(self.ends))


class OfficeLoad(msgspec.Struct, frozen=True, kw_only=True):
    office: str
    zh: str
    en: str
    received: int
    most_open: int
    expected_late: int


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """One seed gives the same figures again. Figures of offices count co-handlers too."""

    version: str
    since: date
    days: int
    cases: int
    expected_late: int
    without_rule: int
    offices: tuple[OfficeLoad, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What arrives, and how long work takes: in the middle of all cases `share` of the time that the baseline gives."""

    since: date
    days: int
    a_day: int
    share: float
    seed: int


def simulate(draft: Policy, baseline: Policy, month: Month) -> Simulated:
    """Areas and matters are chosen alike. Work does not become faster because a draft gives less time for it."""
    chance = random.Random(month.seed)  # noqa: S311 -- a play, and no secret
    places = [area.code for area in draft.areas.values() if area.level in WINDOWS]
    matters = [category for category in draft.categories.values() if not draft.unclassified(category.code)]
    workloads: defaultdict[str, Workload] = defaultdict(Workload)
    cases = lates = without_rule = 0
    for at in _arrivals(draft, month, chance):
        category, area = chance.choice(matters), chance.choice(places)
        asked = Matter(category=category.code, field=category.field, area=area, attributes={}, accepted_at=at)
        choice = decide(asked, draft)
        end = _due(draft, category, choice.lead, at)
        usual = _due(baseline if category.code in baseline.categories else draft, category, choice.lead, at)
        until = at + (usual - at) * month.share * chance.lognormvariate(0, SPREAD)
        for office in (choice.lead, *choice.co_handlers):
            workloads[office].takes(at, until, late=until > end)
        cases, lates, without_rule = cases + 1, lates + (until > end), without_rule + (choice.rule is None)
    return Simulated(
        version=draft.version,
        since=month.since,
        days=month.days,
        cases=cases,
        expected_late=lates,
        without_rule=without_rule,
        offices=tuple(_loads(draft, workloads)),
    )


def _arrivals(policy: Policy, month: Month, chance: random.Random) -> Iterator[datetime]:
    """In order, in office hours of the days that work."""
    for number in range(month.days):
        day = month.since + timedelta(days=number)
        if policy.calendar.works(day.toordinal()):
            opens = policy.calendar.opening(day.toordinal(), OPENS)
            yield from sorted(opens + timedelta(hours=chance.uniform(0, HOURS)) for _ in range(month.a_day))


def _due(policy: Policy, category: Category, office: str, at: datetime) -> datetime:
    """When the lead's work ends."""
    started = policy.schedule(category.code).starting(Trigger.REFERRAL_DISPATCHED, ReferralRole.LEAD)
    rows = [policy.find_limit(rule.clock, category.code) for rule in started if rule.passes_on]
    row = next(row for row in rows if row is not None)
    end = due(at, row.limit, calendar=policy.calendar_of(office), rules=policy.rules_of(row, office)).due_at
    if end is None:
        raise ValueError("a clock that runs has an end")
    return end


def _loads(policy: Policy, workloads: dict[str, Workload]) -> Iterator[OfficeLoad]:
    """What is expected to be late first, then whoever has most in hand at once."""
    for code, workload in sorted(workloads.items(), key=lambda one: (-one[1].late, -one[1].most_open, one[0])):
        office = policy.offices[code]
        yield OfficeLoad(
            office=code,
            zh=office.zh,
            en=office.en,
            received=workload.received,
            most_open=workload.most_open,
            expected_late=workload.late,
        )


def lines(found: Simulated, most: int) -> Iterator[str]:
    yield (
        f"{found.version}, {found.days} days from {found.since}: {found.cases} cases,"
        f" {found.expected_late} expected late, {found.without_rule} without a rule"
    )
    for one in found.offices[:most]:
        yield (
            f"  {one.zh} / {one.en} ({one.office}): {one.received} received,"
            f" {one.most_open} open at most, {one.expected_late} expected late"
        )
    if len(found.offices) > most:
        yield f"  and {len(found.offices) - most} offices more; --json has all"
