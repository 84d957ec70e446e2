"""What became of the cases, field by field."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import assert_never

from rich.table import Table

from console.demo.ledger import Case
from contracts.codes import LEAD_WORK, Field, ReferralRole
from contracts.events.clocks import ClockBreached, ClockCleared
from contracts.events.referrals import ReferralCompleted, ReferralDispatched, ReferralReturned

DAY_SECONDS = 86_400
Counted = ReferralDispatched | ReferralReturned | ReferralCompleted | ClockBreached | ClockCleared


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of one field, or of all."""

    cases: int = 0
    dispatched: int = 0
    returned: int = 0
    on_time: int = 0
    late: int = 0
    days: list[float] = field(default_factory=list)
    """From dispatch to the end of the first round, in calendar days."""

    @property
    def median_days(self) -> float | None:
        return round(median(self.days), 1) if self.days else None

    def as_json(self) -> dict[str, int | float | None]:
        return {
            "cases": self.cases,
            "dispatched": self.dispatched,
            "returned": self.returned,
            "on_time": self.on_time,
            "late": self.late,
            "median_days": self.median_days,
        }


def by_field(cases: Iterable[Case]) -> dict[Field, Figures]:
    """On time is what the lead finished without a breach of its clock; what is still open in time is neither."""
    found = {each: Figures() for each in Field}
    for case in cases:
        figures = found[case.registered.field]
        figures.cases += 1
        dispatched: datetime | None = None
        finished: datetime | None = None
        late = False
        for envelope in case.events:
            event = envelope.data
            if not isinstance(event, Counted):
                continue
            match event:
                case ReferralDispatched():
                    if event.role is ReferralRole.LEAD:
                        dispatched = min(dispatched or event.at, event.at)
                case ReferralReturned():
                    figures.returned += 1
                case ReferralCompleted():
                    if event.role is ReferralRole.LEAD and event.round == 1:
                        finished = event.at
                case ClockBreached() | ClockCleared():
                    if event.kind in LEAD_WORK:
                        late = isinstance(event, ClockBreached)
                case _:
                    assert_never(event)
        figures.dispatched += dispatched is not None
        figures.late += late
        figures.on_time += finished is not None and not late
        if dispatched is not None and finished is not None:
            figures.days.append((finished - dispatched).total_seconds() / DAY_SECONDS)
    return found


def total(figures: Iterable[Figures]) -> Figures:
    sum_ = Figures()
    for each in figures:
        sum_.cases += each.cases
        sum_.dispatched += each.dispatched
        sum_.returned += each.returned
        sum_.on_time += each.on_time
        sum_.late += each.late
        sum_.days += each.days
    return sum_


def draw(figures: dict[Field, Figures]) -> Table:
    table = Table(title="各领域办理情况 · what happened in each field", title_justify="left")
    table.add_column("领域 field")
    heads = ("登记 cases", "转办 dispatched", "退件 returned", "按时 on time", "超期 late", "中位天数 median days")
    for head in heads:
        table.add_column(head, justify="right")
    rows = [(f"{each.zh} {each.en}", figures[each]) for each in Field] + [("合计 total", total(figures.values()))]
    for number, (name, row) in enumerate(rows):
        days = f"{row.median_days:.1f}" if row.median_days is not None else "–"
        counts = (row.cases, row.dispatched, row.returned, row.on_time, row.late)
        table.add_row(name, *map(str, counts), days, end_section=number == len(rows) - 2)
    return table
