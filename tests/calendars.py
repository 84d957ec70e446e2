"""Policies whose calendar differs from the shipped one by some days, and years to publish."""

from dataclasses import replace
from datetime import date

from libraries.deadlines import Override
from libraries.deadlines.china import holidays_by_law
from libraries.policies import Policy


def with_days(policy: Policy, *, works: tuple[date, ...] = (), free: tuple[date, ...] = ()) -> Policy:
    """The policy after a notice that makes some days working days and others free."""
    days = {day: Override(works=True, zh="调休上班", en="make-up working day") for day in works}
    days |= {day: Override(works=False, zh="放假", en="holiday") for day in free}
    return replace(policy, calendar=policy.calendar.with_overrides(days))


def published_year(year: int, *rows: str, source: str = "国务院办公厅通知") -> str:
    """A file to publish, with every holiday by law as a row of its own and the rows after them."""
    free = [f'{{date: {day}, works: false, zh: {zh}, en: "{en}"}}' for day, (zh, en) in holidays_by_law(year).items()]
    listed = "".join(f"  - {row}\n" for row in (*free, *rows))
    return f"year: {year}\nsource: {source}\npublished_on: {year - 1}-01-04\ndays:\n{listed}"
