"""An open case goes on where its ground lies, with its window's successor, and its clocks as they are."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.events.cases import CaseAreaChanged
from contracts.events.clocks import ClockRecalculated
from libraries.clocks.wording import describe
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.relocating import relocated
from tests.unit.intake.builders import NOW, registered
from tests.unit.policies.changing import BEFORE, DAY, policy_on

LATER = NOW + timedelta(days=30)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy_on(tmp_path_factory.mktemp("pack"), BEFORE)


@pytest.fixture(scope="module")
def after(before: Policy) -> Policy:
    return before.on(DAY)


def a_case(area: str = "130721101000") -> Case:
    case, office = registered().case, f"township-{area}"
    clocks = tuple(replace(clock, office=office, area=area) for clock in case.clocks)
    return replace(case, area=area, first_contact_office=office, clocks=clocks)


def test_the_case_its_window_and_its_clocks_go_together(after: Policy) -> None:
    case = a_case()
    change = relocated(case, LATER, after)
    assert change is not None
    assert change.case.area == "130705001000"
    assert change.case.first_contact_office == "township-130705001000"
    assert change.case.clocks
    for was, now in zip(case.clocks, change.case.clocks, strict=True):
        assert (now.id, now.started_at, now.pauses) == (was.id, was.started_at, was.pauses)
        assert (now.office, now.area, now.version) == (
            change.case.first_contact_office,
            "130705001000",
            was.version + 1,
        )
    changed, told = change.events
    assert isinstance(changed, CaseAreaChanged)
    assert (changed.area_before, changed.first_contact_office_before) == (case.area, case.first_contact_office)
    assert isinstance(told, ClockRecalculated)
    assert told.reason == "office_succeeded"
    assert told.previous_due_at == tuple(clock.due_at for clock in told.clocks)
    assert describe(changed, after) == (
        "行政区划变更，转入 甲一街道，由 甲一街道民政服务窗口 继续负责",
        "areas changed: it lies in 甲一街道 now, Civil affairs desk, 甲一街道 goes on with it",
    )


def test_it_happens_once_and_not_before_the_day(before: Policy, after: Policy) -> None:
    case = a_case()
    assert relocated(case, NOW, before) is None
    change = relocated(case, LATER, after)
    assert change is not None
    assert relocated(change.case, LATER, after) is None


def test_a_window_elsewhere_keeps_what_it_took(after: Policy) -> None:
    case = replace(a_case("130722100000"), first_contact_office="township-130705001000", clocks=())
    change = relocated(case, LATER, after)
    assert change is not None
    assert (change.case.area, change.case.first_contact_office) == ("130722102000", "township-130705001000")
