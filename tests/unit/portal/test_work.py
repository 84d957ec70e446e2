"""How pressing something is, and what the pages offer to do about it."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contracts.codes import CaseState, ReferralRole, ReferralState
from libraries.deadlines import statutory_calendar
from services.intake.domain import states as case_states
from services.portal.domain import work
from services.portal.domain.work import Group, Pressure
from services.routing.domain import states as referral_states
from tests.civil_time import CIVIL_TIME

CHINA = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=CHINA)
CALENDAR = statutory_calendar(CIVIL_TIME)
CASE_MOVES = {
    "accept": case_states.Move.ACCEPT,
    "decline": case_states.Move.DECLINE,
    "request-supplement": case_states.Move.REQUEST_SUPPLEMENT,
    "supplement": case_states.Move.SUPPLEMENT,
    "withdraw": case_states.Move.WITHDRAW,
    "callback": case_states.Move.CLOSE,
    "reopen": case_states.Move.REOPEN,
    "review": case_states.Move.REVIEW,
    "reclassify": case_states.Move.RECLASSIFY,
    "merge": case_states.Move.MERGE,
    "unmerge": case_states.Move.UNMERGE,
}


@pytest.mark.parametrize(
    ("days", "left", "pressure"),
    [
        (0, 0, Pressure.TODAY),
        (1, 1, Pressure.SOON),
        (4, 4, Pressure.CALM),
        (7, 5, Pressure.CALM),
        (-1, -1, Pressure.LATE),
        (-2, -1, Pressure.LATE),
        (-3, -2, Pressure.LATE),  # the Saturday between is a working day (调休)
    ],
)
def test_days_left_are_working_days(days: int, left: int, pressure: Pressure) -> None:
    due_at = (MONDAY + timedelta(days=days)).replace(hour=23, minute=59)
    found = work.due_date(due_at, "handling", "", MONDAY, CALENDAR)
    assert (found.left, found.pressure) == (left, pressure)


def test_over_spring_festival_nothing_is_left_to_work() -> None:
    before = datetime(2026, 2, 14, 9, tzinfo=CHINA)
    after = datetime(2026, 2, 24, 23, 59, tzinfo=CHINA)
    assert work.working_days_left(before, after, CALENDAR) == 1


def test_what_is_late_by_an_hour_is_late_by_a_day() -> None:
    found = work.due_date(MONDAY - timedelta(hours=1), "signing", "", MONDAY, CALENDAR)
    assert (found.left, found.pressure) == (-1, Pressure.LATE)


def a_clock(kind: str, due_at: str | None, stopped_at: str | None = None) -> dict[str, Any]:
    return {"clock_id": kind, "kind": kind, "due_at": due_at, "stopped_at": stopped_at}


def test_the_nearest_running_clock_counts_and_a_right_presses_nobody() -> None:
    clocks = [
        a_clock("handling", "2026-03-20T15:59:59+00:00"),
        a_clock("return_window", "2026-03-03T15:59:59+00:00"),
        a_clock("signing", "2026-03-02T15:59:59+00:00", stopped_at="2026-03-02T01:00:00+00:00"),
    ]
    assert work.most_pressing(clocks, MONDAY, CALENDAR).clock == "handling"
    assert work.most_pressing([a_clock("handling", None)], MONDAY, CALENDAR).pressure is Pressure.PAUSED
    assert work.most_pressing([], MONDAY, CALENDAR) is work.NOTHING_DUE


def test_a_referral_stands_in_every_list_that_it_belongs_to() -> None:
    late = work.due_date(MONDAY - timedelta(days=1), "signing", "", MONDAY, CALENDAR)
    assert work.groups_of(ReferralState.DISPATCHED, late) == {Group.ALL, Group.NEW, Group.LATE}
    assert work.groups_of(ReferralState.ON_HOLD, work.NOTHING_DUE) == {Group.ALL, Group.WAITING}


@pytest.mark.parametrize("state", ReferralState, ids=str)
def test_an_office_is_offered_what_routing_takes_and_nothing_less(state: ReferralState) -> None:
    offered = set(work.answers(state, ReferralRole.LEAD, deemed=True, locked=False))
    taken = {
        action.value
        for action, move in referral_states.BY_OFFICE.items()
        if referral_states.after(state, move) and (state, move) not in referral_states.UNACCEPTED
    }
    assert offered == taken
    asked = set(work.answers(state, ReferralRole.CHECK, deemed=False, locked=False))
    assert asked <= {
        action.value for action, move in referral_states.BY_OFFICE.items() if referral_states.after(state, move)
    }


def test_a_copy_is_only_signed_and_a_locked_referral_not_returned() -> None:
    dispatched = ReferralState.DISPATCHED
    assert work.answers(dispatched, ReferralRole.INFO, deemed=False, locked=False) == ("sign",)
    assert "return" not in work.answers(dispatched, ReferralRole.LEAD, deemed=False, locked=True)
    assert "return" not in work.answers(ReferralState.ACCEPTED, ReferralRole.LEAD, deemed=False, locked=False)


@pytest.mark.parametrize("state", CaseState, ids=str)
def test_a_window_is_offered_what_intake_takes_and_nothing_less(state: CaseState) -> None:
    taken = {act for act, move in CASE_MOVES.items() if case_states.after(state, move)}
    assert set(work.acts(state, ())) == taken


def test_who_has_to_be_told_is_told_first() -> None:
    assert work.acts(CaseState.IN_PROGRESS, ("extension",))[0] == "applicant-told"


@pytest.mark.parametrize("state", ReferralState, ids=str)
def test_a_coordinator_is_offered_what_routing_takes(state: ReferralState) -> None:
    """A lead is sent elsewhere, a co-handler taken back, a return decided, and nothing is done about what has ended."""
    offered = set(work.decisions(state, ReferralRole.LEAD))
    move = referral_states.Move
    assert ("approve-return" in offered) == bool(referral_states.after(state, move.APPROVE_RETURN))
    assert ("resume" in offered) == bool(referral_states.after(state, move.RESUME))
    wanted = referral_states.after(state, move.CANCEL) and state is not ReferralState.RETURN_REQUESTED
    assert ("reassign" in offered) == bool(wanted)
    assert ("recall" in work.decisions(state, ReferralRole.CO)) == bool(wanted)
