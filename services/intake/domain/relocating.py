"""An open case goes on where its ground lies after areas and offices have changed."""

from datetime import datetime

from contracts.events.cases import CaseAreaChanged
from libraries.clocks.recounting import handed_on, succeeded
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.change import Change


def relocated(case: Case, at: datetime, policy: Policy) -> Change | None:
    """The case with whoever has its area and its window's work today; `None` if that is who has it already."""
    area, office = policy.area_code_now(case.area), policy.office_code_now(case.first_contact_office)
    clocks = tuple(succeeded(clock, policy) for clock in case.clocks)
    change = Change(case=case, at=at)
    if (area, office) != (case.area, case.first_contact_office):
        change = change.with_case(area=area, first_contact_office=office).emit(
            CaseAreaChanged,
            area=area,
            area_before=case.area,
            first_contact_office=office,
            first_contact_office_before=case.first_contact_office,
            changed_at=at,
        )
    both = [(was, now) for was, now in zip(case.clocks, clocks, strict=True) if now is not was]
    if both:
        change = change.with_case(clocks=clocks).emit_event(handed_on(case.id, both, policy, at))
    return change if change.events else None
