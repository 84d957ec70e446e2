"""What must hold of every question, and of every answer beside the naive counter's."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libraries.deadlines import (
    CountingRules,
    Explanation,
    Limit,
    Pause,
    Unit,
    due,
    explain,
    moment_at_share,
    statutory_calendar,
)
from tests.civil_time import CIVIL_TIME
from tests.unit.deadlines.known import works
from tests.unit.deadlines.naive import SHANGHAI, days_counted, naive_due, seconds_run, walked

CALENDAR = statutory_calendar(CIVIL_TIME)
EXAMPLES = settings().max_examples
HUNDREDS = settings(max_examples=400 if EXAMPLES == 100 else EXAMPLES)
LARGEST = {"h": 60, "d": 90, "wd": 60, "mo": 14, "y": 3}


@dataclass(frozen=True)
class Asked:
    start: datetime
    parts: list[tuple[int, str]]
    spans: list[tuple[datetime, datetime]]
    roll: bool
    closes: time | None

    @property
    def limits(self) -> list[Limit]:
        return [Limit(number, Unit(unit)) for number, unit in self.parts]

    @property
    def pauses(self) -> list[Pause]:
        return [Pause(start=begin, end=end, reason="hearing") for begin, end in self.spans]

    @property
    def rules(self) -> CountingRules:
        return CountingRules(roll_last_day=self.roll, close_of_business=self.closes)

    def how(self) -> dict[str, object]:
        return {
            "calendar": CALENDAR,
            "rules": self.rules,
            "pauses": self.pauses,
            "extensions": self.limits[1:],
        }


@st.composite
def spans(draw: st.DrawFn, start: datetime, unit: int) -> list[tuple[datetime, datetime]]:
    """Pauses that stand apart, overlap, lie within each other, touch, or end at midnight exactly."""
    found: list[tuple[datetime, datetime]] = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["anywhere", "touches", "whole days"]))
        begin = start + timedelta(minutes=draw(st.integers(0, 40 * unit)))
        if kind == "touches" and found:
            begin = found[-1][1]
        length = timedelta(minutes=draw(st.integers(0, 20 * unit)))
        if kind == "whole days":
            midnight = datetime.combine((begin + timedelta(days=1)).date(), time(), SHANGHAI)
            begin, length = midnight, timedelta(days=draw(st.integers(0, 9)))
        found.append((begin, begin + length))
    return draw(st.permutations(found))


@st.composite
def questions(draw: st.DrawFn, units: str = "h d wd mo y") -> Asked:
    minutes = st.integers(0, 17 * 365 * 24 * 60)
    start = datetime(2007, 1, 1, tzinfo=SHANGHAI) + timedelta(minutes=draw(minutes))
    part = st.sampled_from(units.split()).flatmap(lambda unit: st.tuples(st.integers(1, LARGEST[unit]), st.just(unit)))
    parts = draw(st.lists(part, min_size=1, max_size=3))
    hours_only = all(unit == "h" for _, unit in parts)
    return Asked(
        start=start,
        parts=parts,
        spans=draw(spans(start, 60 if hours_only else 24 * 60)),
        roll=draw(st.booleans()),
        closes=draw(st.sampled_from([None, None, time(17, 30), time(12)])),
    )


@HUNDREDS
@given(asked=questions())
def test_the_naive_counter_agrees(asked: Asked) -> None:
    expected = naive_due(asked.start, asked.parts, works, asked.spans, roll=asked.roll, closes=asked.closes)
    assume(expected.year <= 2026)
    assert due(asked.start, asked.limits[0], **asked.how()).due_at == expected


@HUNDREDS
@given(asked=questions(units="h"))
def test_hours_agree_to_the_minute(asked: Asked) -> None:
    expected = naive_due(asked.start, asked.parts, works, asked.spans)
    assert due(asked.start, asked.limits[0], **asked.how()).due_at == expected


def explained(asked: Asked) -> Explanation:
    return explain(asked.start, asked.limits[0], **asked.how())


def begun_in_time(asked: Asked) -> list[tuple[datetime, datetime]]:
    """The pauses that begin before the limit ends; close of business aside, the others change nothing."""
    end = due(asked.start, asked.limits[0], **asked.how()).due_at
    assert end is not None
    return [span for span in asked.spans if span[0] <= end]


@HUNDREDS
@given(asked=questions())
def test_the_explanation_counts_what_the_question_asks(asked: Asked) -> None:
    told, spans = explained(asked), begun_in_time(asked)
    hours = sum(number for number, unit in asked.parts if unit == "h")
    ran = {day.date: int(day.ran.total_seconds()) for day in told.days if day.ran}
    assert ran == seconds_run(asked.start, hours, spans)
    assert sum(ran.values()) == hours * 3600
    days = [part for part in asked.parts if part[1] != "h"]
    first = walked(asked.start, hours * 60, spans).astimezone(SHANGHAI).date()
    expected = days_counted(first, days, works, spans)
    assume(told.days[-1].date.year <= 2026)
    counted = [day for day in told.days if day.counts and day.reason not in ("rolled", "hours")]
    assert [day.date for day in counted] == [day for part in expected for day in part]
    added = expected[0 if asked.parts[0][1] == "h" else 1 :]
    assert [day.date for day in counted if day.extension] == [day for part in added for day in part]
    dates = [day.date for day in told.days]
    assert dates == [dates[0] + timedelta(days=n) for n in range(len(dates))]
    assert dates[0] == asked.start.astimezone(SHANGHAI).date()


@HUNDREDS
@given(asked=questions(units="h"))
def test_hours_in_words_add_up_to_the_limit(asked: Asked) -> None:
    odd = replace(asked, start=asked.start + timedelta(seconds=7, microseconds=300_001))
    odd = replace(odd, spans=[(max(begin, odd.start), max(end, odd.start)) for begin, end in asked.spans])
    total = sum(seconds_in(day.en) for day in explained(odd).days)
    assert total == sum(number for number, _ in asked.parts) * 3600


def seconds_in(words: str) -> int:
    """Of `3 h 5 min run, paused for 6 h` what ran."""
    words = words.partition(" run")[0]
    if not words[0].isdigit():
        return 0
    said = words.split()
    return sum(
        int(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in zip(said[::2], said[1::2], strict=True)
    )


@HUNDREDS
@given(asked=questions(units="h"))
def test_what_pauses_of_hours_give_back_is_what_the_end_moved_by(asked: Asked) -> None:
    told = explained(asked)
    assert told.due_at is not None
    hours = timedelta(hours=sum(number for number, _ in asked.parts))
    assert told.due_at - asked.start == hours + sum((given.time for given in told.pauses), timedelta())
    assert not any(given.days for given in told.pauses)


@HUNDREDS
@given(asked=questions(units="d wd mo y"))
def test_what_pauses_of_days_give_back_is_what_did_not_count(asked: Asked) -> None:
    asked = replace(asked, parts=asked.parts[:1], roll=False)
    told, unit = explained(asked), asked.parts[0][1]
    assume(told.days[-1].date.year <= 2026)
    could = [day.date for day in told.days[1:] if unit != "wd" or works(day.date)]
    counted = sum(day.counts for day in told.days)
    assert len(could) == counted + sum(given.days for given in told.pauses)
    assert not any(given.time for given in told.pauses)
    assert [given.pause for given in told.pauses] == asked.pauses
    assert all((given.nothing is None) is bool(given.days) for given in told.pauses)


@HUNDREDS
@given(asked=questions())
def test_the_explanation_ends_where_the_answer_does(asked: Asked) -> None:
    told = explain(asked.start, asked.limits[0], **asked.how())
    answer = due(asked.start, asked.limits[0], **asked.how())
    assert (told.due_at, told.provisional) == (answer.due_at, answer.provisional)
    assert answer.due_at is not None
    assert told.days[-1].date == answer.due_at.astimezone(SHANGHAI).date()


@HUNDREDS
@given(asked=questions(units="d wd"), offset=st.integers(0, 30), length=st.integers(0, 30))
def test_standing_still_never_brings_the_end_nearer(asked: Asked, offset: int, length: int) -> None:
    begin = asked.start + timedelta(days=offset)
    more = [*asked.pauses, Pause(start=begin, end=begin + timedelta(days=length))]
    without, with_it = (
        due(asked.start, asked.limits[0], **{**asked.how(), "pauses": pauses}).due_at for pauses in (asked.pauses, more)
    )
    assert without is not None
    assert with_it is not None
    assert with_it >= without


@HUNDREDS
@given(asked=questions())
def test_rolling_ends_on_a_working_day_and_never_earlier(asked: Asked) -> None:
    assume(any(unit != "h" for _, unit in asked.parts))
    plain, rolled = (
        due(asked.start, asked.limits[0], **{**asked.how(), "rules": CountingRules(roll_last_day=roll)}).due_at
        for roll in (False, True)
    )
    assert plain is not None
    assert rolled is not None
    assert rolled >= plain
    assert CALENDAR.works(rolled.astimezone(SHANGHAI).toordinal())


@HUNDREDS
@given(asked=questions())
def test_an_open_pause_holds_back_a_date_that_has_not_come_and_tells_what_ran(asked: Asked) -> None:
    opened = Pause(start=asked.start + timedelta(days=3), end=None, reason="hearing", by="court")
    before = [pause for pause in asked.pauses if pause.start <= opened.start]
    ended = due(asked.start, asked.limits[0], **{**asked.how(), "pauses": before}).due_at
    told = explain(asked.start, asked.limits[0], **{**asked.how(), "pauses": [*asked.pauses, opened]})
    assert ended is not None
    if opened.start > ended:
        assert told.due_at == ended
        return
    assert told.due_at is None
    last = told.days[-1]
    assert last.date == opened.start.astimezone(SHANGHAI).date()
    assert last.reason == ("hours" if last.ran else "paused")
    assert last.counts is bool(last.ran)
    assert last.en.endswith("clock paused: hearing, by court")
    hours = sum(number for number, unit in asked.parts if unit == "h")
    ran = {day.date: int(day.ran.total_seconds()) for day in told.days if day.ran}
    assert ran == seconds_run(asked.start, hours, asked.spans, until=opened.start)


@HUNDREDS
@given(asked=questions(), share=st.floats(0.05, 0.95))
def test_a_warning_comes_after_the_start_and_before_the_end(asked: Asked, share: float) -> None:
    warning = moment_at_share(asked.start, asked.limits[0], share, **asked.how())
    end = due(asked.start, asked.limits[0], **asked.how()).due_at
    assert warning is not None
    assert end is not None
    assert asked.start < warning <= end
