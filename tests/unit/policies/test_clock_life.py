"""Whatever happens to a legal clock, in any order: its end is what a naive count over plain lists says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.codes import AreaLevel, ClockKind, ClockStatus
from libraries.clocks.clock import LegalClock, terms_of
from libraries.clocks.packing import pack, unpack
from libraries.clocks.recounting import current_dates, recount, written
from libraries.deadlines import BadQuestion, Limit, Pause, Unit
from libraries.policies import Policy, load_policy
from tests.calendars import with_days
from tests.examples import at_least
from tests.packs import PACKS, PLACES
from tests.unit.deadlines.naive import naive_due

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CITY = "zhangjiakou"
ROLES = ("education", "health")
LIMITS = ("1wd", "5wd", "15wd", "10d", "1mo", "24h", "60h")
LONGER = ("1wd", "5wd", "3d", "8h")
DAYS = st.dates(date(2026, 3, 2), date(2026, 6, 30))
MINUTES = st.integers(0, 3 * 24 * 60)


@cache
def shipped(place: str) -> Policy:
    return load_policy(PACKS / place)


@cache
def offices(place: str) -> tuple[str, ...]:
    """Of the first county."""
    policy = shipped(place)
    county = next(area.code for area in policy.areas.values() if area.level is AreaLevel.COUNTY)
    return tuple(f"{role}-{county}" for role in ROLES)


class AnyLife(RuleBasedStateMachine):
    """A clock beside the lists of what was done to it."""

    @initialize(place=st.sampled_from(PLACES), limit=st.sampled_from(LIMITS), minutes=MINUTES)
    def starts(self, place: str, limit: str, minutes: int) -> None:
        self.now = MONDAY + timedelta(minutes=minutes)
        self.start = self.now
        self.place = place
        self.policy = shipped(place)
        office = offices(place)[0]
        self.changed: dict[date, bool] = {}
        terms = replace(
            terms_of(self.policy.limit(ClockKind.HANDLING, "education.school_placement"), self.policy, office),
            limit=Limit.parse(limit),
        )
        clock = LegalClock(
            id=UUID(int=1),
            kind=ClockKind.HANDLING,
            office=office,
            area=office.partition("-")[2],
            terms=terms,
            started_at=self.now,
        )
        self.clock = written(clock, self.policy)
        self.parts = [(terms.limit.number, terms.limit.unit.value)]
        self.pauses: list[list[datetime | None]] = []

    def turns(self, clock: LegalClock) -> None:
        assert clock.version == self.clock.version + 1
        self.clock = written(clock, self.policy)

    @property
    def stands(self) -> bool:
        return bool(self.pauses) and self.pauses[-1][1] is None

    @precondition(lambda self: self.clock.open)
    @rule(minutes=st.integers(1, 10 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.clock.open and not self.stands)
    @rule(late=st.just(0) | MINUTES)
    def a_pause_begins_and_is_perhaps_reported_late(self, late: int) -> None:
        since = max(self.start, self.now - timedelta(minutes=late))
        self.turns(self.clock.pause(since, "appraisal"))
        self.pauses.append([since, None])

    @precondition(lambda self: self.clock.open and self.stands)
    @rule(late=st.just(0) | MINUTES)
    def it_goes_on_and_that_is_perhaps_reported_late(self, late: int) -> None:
        begun = self.pauses[-1][0]
        assert begun is not None
        since = max(begun, self.now - timedelta(minutes=late))
        self.turns(self.clock.resume(since))
        self.pauses[-1][1] = since

    @precondition(lambda self: len(self.parts) < 3)
    @rule(by=st.sampled_from(LONGER))
    def it_is_extended(self, by: str) -> None:
        limit, calendar = Limit.parse(by), self.policy.calendar
        end = self.clock.due(calendar).due_at
        if not self.clock.open or (end is not None and self.now > end):
            with pytest.raises(BadQuestion) as refused:
                self.clock.extend(limit, self.now, calendar)
            assert (refused.value.field, refused.value.code) == ("extension", "extension_after_end")
            return
        self.turns(self.clock.extend(limit, self.now, calendar))
        self.parts.append((limit.number, limit.unit.value))

    @precondition(lambda self: self.clock.open and any(end is not None for _, end in self.pauses))
    @rule(data=st.data(), first=MINUTES, length=MINUTES)
    def a_pause_is_corrected(self, data: st.DataObject, first: int, length: int) -> None:
        closed = [number for number, (_, end) in enumerate(self.pauses) if end is not None]
        number = data.draw(st.sampled_from(closed))
        start = min(self.start + timedelta(minutes=first), self.now)
        end = min(start + timedelta(minutes=length), self.now)
        self.turns(self.clock.correct(number, Pause(start=start, end=end, reason="appraisal")))
        self.pauses[number] = [start, end]

    @rule(day=DAYS)
    def another_calendar_is_published(self, day: date) -> None:
        works = self.policy.calendar.works(day.toordinal())
        self.policy = with_days(self.policy, works=() if works else (day,), free=(day,) if works else ())
        self.changed[day] = not works
        before = self.clock
        told, now = before.announced_dates, current_dates(before, self.policy)
        self.clock = recount(before, self.policy)
        assert told is not None
        same = told.dates == now.dates
        assert self.clock.version == before.version + (0 if same or not before.open else 1)
        assert (self.clock.pauses, self.clock.extensions) == (before.pauses, before.extensions)

    @precondition(lambda self: self.clock.open)
    @rule(number=st.integers(0, len(ROLES) - 1))
    def it_is_sent_on_to_another_office(self, number: int) -> None:
        to = offices(self.place)[number]
        stopped = self.clock.stop(self.now, ClockStatus.CANCELLED)
        assert not stopped.open
        if self.stands:
            self.pauses[-1][1] = self.now
        self.clock = written(
            stopped.carry_over(
                UUID(int=2), office=to, referral_id=UUID(int=3), closes=stopped.terms.rules.close_of_business
            ),
            self.policy,
        )

    @precondition(lambda self: self.clock.open)
    @rule(status=st.sampled_from([ClockStatus.MET, ClockStatus.CANCELLED]))
    def it_ends(self, status: ClockStatus) -> None:
        self.turns(self.clock.stop(self.now, status))
        if self.stands:
            self.pauses[-1][1] = self.now

    @invariant()
    def it_ends_when_the_lists_say(self) -> None:
        due_at = self.clock.due(self.policy.calendar).due_at
        spans = [(start, end) for start, end in self.pauses if start is not None and end is not None]
        ended = naive_due(self.start, self.parts, self.works, spans, zone=self.policy.calendar.zone)
        if self.stands and self.pauses[-1][0] <= ended:
            assert due_at is None
        else:
            assert due_at == ended

    def works(self, day: date) -> bool:
        return self.changed.get(day, shipped(self.place).calendar.works(day.toordinal()))

    @invariant()
    def it_stands_still_exactly_in_an_open_pause(self) -> None:
        assert (self.clock.status is ClockStatus.PAUSED) is (self.stands and self.clock.open)

    @invariant()
    def a_warning_comes_before_the_end(self) -> None:
        facts = self.clock.facts(self.policy.calendar)
        assert (facts.due_at is None) is (self.clock.status is ClockStatus.PAUSED)
        if facts.due_at is None:
            assert facts.due_soon_at is None
        else:
            assert facts.due_soon_at is not None
            assert self.start <= facts.due_soon_at <= facts.due_at

    @invariant()
    def what_is_written_is_read_again(self) -> None:
        again = unpack(pack(self.clock))
        assert (again, again.announced_dates) == (self.clock, self.clock.announced_dates)

    @invariant()
    def what_is_written_is_true_of_the_version(self) -> None:
        assert self.clock.announced_dates is not None
        assert self.clock.announced_dates.version == self.clock.version
        if self.clock.open:
            assert self.clock.announced_dates.due_at == self.clock.announced(self.policy.calendar).due_at


def a_clock() -> LegalClock:
    policy, office = shipped(CITY), offices(CITY)[0]
    terms = terms_of(policy.limit(ClockKind.HANDLING, "education.school_placement"), policy, office)
    return LegalClock(
        id=UUID(int=1),
        kind=ClockKind.HANDLING,
        office=office,
        area=office.partition("-")[2],
        terms=terms,
        started_at=MONDAY,
    )


@pytest.mark.parametrize(
    ("clock", "at", "rule"),
    [
        (a_clock(), timedelta(days=60), "extension_after_end"),
        (a_clock().stop(MONDAY, ClockStatus.MET), timedelta(), "extension_after_end"),
        (a_clock().pause(MONDAY + timedelta(days=60), "appraisal"), timedelta(days=61), "extension_after_end"),
        (a_clock(), -timedelta(hours=1), "extension_before_start"),
    ],
    ids=["the limit has passed", "it was stopped", "it stands still since it passed", "it had not begun"],
)
def test_what_does_not_run_is_not_extended(clock: LegalClock, at: timedelta, rule: str) -> None:
    with pytest.raises(BadQuestion) as refused:
        clock.extend(Limit.parse("5wd"), MONDAY + at, shipped(CITY).calendar)
    assert (refused.value.field, refused.value.code) == ("extension", rule)


def test_a_clock_that_was_stopped_after_its_end_is_told_without_a_date_and_known_with_it() -> None:
    """Whoever watches it presses nobody meanwhile; whoever asks sees what was missed."""
    calendar = shipped(CITY).calendar
    late = a_clock().pause(MONDAY + timedelta(days=60), "appraisal")
    assert late.due(calendar) == a_clock().due(calendar)
    facts = late.facts(calendar)
    assert (facts.due_at, facts.due_soon_at, facts.warnings) == (None, None, ())
    assert facts.missed_at == a_clock().due(calendar).due_at
    in_time = a_clock().pause(MONDAY + timedelta(days=1), "appraisal")
    assert (in_time.facts(calendar).missed_at, a_clock().facts(calendar).missed_at) == (None, None)
    assert current_dates(late, shipped(CITY)).due_at is None


def test_all_units_take_part() -> None:
    units = {Limit.parse(limit).unit for limit in LIMITS}
    assert units == set(Unit) - {Unit.YEAR}


AnyLife.TestCase.settings = at_least(200, steps=16)
test_any_life_of_a_clock = AnyLife.TestCase
