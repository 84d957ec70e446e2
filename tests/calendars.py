"""Policies whose calendar differs from the shipped one by some days."""

from dataclasses import replace
from datetime import date

from services.deadlines import Override
from services.policies import Policy


def with_days(policy: Policy, *, works: tuple[date, ...] = (), free: tuple[date, ...] = ()) -> Policy:
    """The policy after a notice that makes some days working days and others free."""
    days = {day: Override(works=True, zh="调休上班", en="make-up working day") for day in works}
    days |= {day: Override(works=False, zh="放假", en="holiday") for day in free}
    return replace(policy, calendar=policy.calendar.with_overrides(days))
