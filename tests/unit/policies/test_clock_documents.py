"""Clocks on one sheet: complete in both languages, in order, and no text of others is ever markup."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from uuid import UUID

import msgspec
import pytest

from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.clock import AnnouncedDates, LegalClock, terms_of
from libraries.clocks.documents import Sheet, sheet_html, sheet_text
from libraries.clocks.explaining import explained
from libraries.deadlines import Limit
from tests.unit.policies.test_explaining import HELD, OFFICE, POLICY

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
SIGNING = LegalClock(
    id=UUID(int=2),
    kind=ClockKind.SIGNING,
    office=OFFICE,
    area="130700000000",
    terms=terms_of(POLICY.limit(ClockKind.SIGNING, "petition.request"), POLICY, OFFICE),
    started_at=START - timedelta(hours=1),
)
SHEET = Sheet(number="130722-20260302-00017-7", facts=[("单位", "Office")], clocks=[HELD, SIGNING], now=START)
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp;"


class Reader(HTMLParser):
    """Every tag with its attributes, and whether all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def named(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag == name)


def test_each_clock_has_its_heading_and_can_be_gone_to() -> None:
    read = Reader(sheet_html(SHEET, POLICY))
    assert read.open == []
    ids = [str(article["id"]) for article in read.named("article")]
    assert ids == [f"clock-{clock.id}" for clock in (SIGNING, HELD)], "in the order in which they started"
    assert [link["href"] for link in read.named("a")] == [f"#{one}" for one in ids]
    headings = [str(heading["id"]) for heading in read.named("h2")]
    assert [article["aria-labelledby"] for article in read.named("article")] == headings
    assert {th["scope"] for th in read.named("th")} <= {"row", "col"}
    assert "期限说明 130722-20260302-00017-7" in read.words


def test_english_has_the_same_clocks() -> None:
    words = Reader(sheet_html(SHEET, POLICY, "en")).words
    assert "Handling: Petition Bureau, 张家口市" in words
    assert "Status: paused" in words
    text = sheet_text(SHEET, POLICY, "en")
    assert text.index("## Signing") < text.index("## Handling")


def test_who_agreed_to_more_time_is_said() -> None:
    calendar = POLICY.calendar_of(OFFICE)
    longer = HELD.resume(START).extend(Limit.parse("30d"), START, calendar, approver="unit_head", reason="complex")
    sheet = replace(SHEET, clocks=[longer])
    assert "延长 30日：本单位负责人批准，情况复杂" in sheet_text(sheet, POLICY)
    assert "Extended by 30 calendar days: agreed by the head of the office, " in sheet_html(sheet, POLICY, "en")


def test_a_co_handler_that_ends_with_its_lead_says_so() -> None:
    inside = replace(SIGNING, latest=START + timedelta(hours=2))
    text = sheet_text(replace(SHEET, clocks=[inside]), POLICY)
    assert "至 2026-03-02 11:00：协办时限不得晚于主办时限" in text


def test_a_clock_that_nobody_answered_is_late_from_its_end_on() -> None:
    end = SIGNING.due(POLICY.calendar_of(OFFICE)).due_at
    assert end is not None
    for now, status in ((end, "计时中"), (end + timedelta(microseconds=1), "超期")):
        assert f"状态：{status}\n" in sheet_text(replace(SHEET, clocks=[SIGNING], now=now), POLICY)


def test_a_clock_that_ended_says_when_and_whether_late() -> None:
    late = SIGNING.stop(START + timedelta(days=9), ClockStatus.MET)
    text = sheet_text(replace(SHEET, clocks=[late]), POLICY)
    assert "状态：超期完成，2026-03-11 09:00" in text
    assert explained(late, POLICY)["stopped_at"] == START + timedelta(days=9)
    gone = SIGNING.stop(START, ClockStatus.CANCELLED)
    assert "Status: cancelled, 2026-03-02 09:00" in sheet_text(replace(SHEET, clocks=[gone]), POLICY, "en")


def test_what_was_told_then_is_told_where_the_calendar_counts_otherwise_now() -> None:
    ended = SIGNING.stop(START + timedelta(hours=1), ClockStatus.MET)
    then = START + timedelta(days=3)
    ended = replace(
        ended, announced_dates=AnnouncedDates(version=ended.version, calendar="old", due_at=then, due_soon_at=None)
    )
    assert "当时告知的到期时间：2026-03-05 09:00" in sheet_text(replace(SHEET, clocks=[ended]), POLICY)
    assert explained(ended, POLICY)["told_due_at"] == then
    same = replace(
        ended, announced_dates=replace(ended.announced_dates, due_at=ended.due(POLICY.calendar_of(OFFICE)).due_at)
    )
    assert explained(same, POLICY)["told_due_at"] is None


def test_no_clock_is_said_too() -> None:
    empty = replace(SHEET, clocks=[])
    assert "没有时限" in sheet_text(empty, POLICY)
    assert "No clocks" in sheet_html(empty, POLICY, "en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_text_is_text(lang: str) -> None:
    basis = msgspec.structs.replace(HELD.terms.basis, source=HOSTILE, article=HOSTILE, policy_version=HOSTILE)
    clock = replace(
        HELD,
        office=HOSTILE,
        terms=replace(HELD.terms, basis=basis),
        pauses=tuple(replace(pause, reason=HOSTILE, by=HOSTILE) for pause in HELD.pauses),
    )
    sheet = Sheet(
        number=HOSTILE,
        facts=[(HOSTILE, HOSTILE)],
        clocks=[clock, SIGNING],
        now=START,
        remarks=[(HOSTILE, HOSTILE)],
    )
    read = Reader(sheet_html(sheet, POLICY, lang))
    assert read.open == []
    assert not {"script", "img"} & {tag for tag, _ in read.tags}
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    assert read.words.count(HOSTILE) >= 5
