"""The window's clocks of a case explained over HTTP, open and ended ones."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from libraries.clocks.documents import Sheet, sheet_html, sheet_text
from libraries.clocks.explaining import calendar_view, explained
from libraries.clocks.views import CalendarView, ClockExplained
from libraries.clocks.wording import Words, office_of
from libraries.policies import Policy
from libraries.runtime.failures import Rejected
from libraries.runtime.web.pages import Page
from libraries.runtime.web.representations import Representation
from services.intake.domain.case import Case
from services.intake.domain.ended import ended_clocks
from services.intake.lookup import Found
from services.intake.store import TimelineEntry
from services.intake.views import CaseView, to_view


class CaseExplained(TypedDict):
    case: CaseView
    clocks: list[ClockExplained]
    calendar: CalendarView


def told(
    found: Found, entries: Iterable[TimelineEntry], policy: Policy, *, now: datetime, clock_id: UUID | None
) -> Representation:
    """Of one clock, or of all."""
    case = found.case
    timeline = [event for entry in entries if (event := entry.event) is not None]
    clocks = [
        clock for clock in (*ended_clocks(timeline, policy), *case.clocks) if clock_id is None or clock.id == clock_id
    ]
    if clock_id is not None and not clocks:
        raise Rejected("not_found")
    sheet = Sheet(number=case.number, facts=tuple(_facts(case, policy)), clocks=clocks, now=now)
    return Representation(
        values={
            "case": to_view(case, policy, found.relations),
            "clocks": [explained(clock, policy) for clock in clocks],
            "calendar": calendar_view(policy.calendar_of(case.first_contact_office)),
        },
        text=lambda lang: sheet_text(sheet, policy, lang),
        page=lambda lang: Page(title=sheet.title(lang), main=sheet_html(sheet, policy, lang)),
    )


def _facts(case: Case, policy: Policy) -> Iterator[Words]:
    category = policy.categories.get(case.category)
    zh, en = (category.zh, category.en) if category is not None else (case.category, case.category)
    yield f"事项：{zh}（{case.state.zh}）", f"Matter: {en} ({case.state.en.lower()})"
    zh, en = office_of(policy, case.first_contact_office)
    yield f"首问窗口：{zh}", f"First contact: {en}"
