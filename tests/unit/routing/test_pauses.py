"""Pauses: reported late, overlapping or out of order, for reasons that stop no clock, and put right afterwards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.clocks import ClockPaused, ClockResumed
from contracts.codes import ClockKind, ClockStatus
from contracts.codes import FeedbackAction as A
from contracts.events.base import moment_of
from contracts.events.clocks import ClockRecalculated
from contracts.refusals import Refused
from libraries.clocks.clock import LegalClock
from libraries.deadlines import Limit, Pause
from services.routing.domain.pauses import RequestedCorrection, correct_pause
from services.routing.domain.referral import Change
from services.routing.domain.supervision import reassign
from services.routing.translate import to_view
from tests.events import changes
from tests.unit.routing.builders import CIVIL_AFFAIRS, EDUCATION, NOON, Scenario, policy

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
OTHER = "health-130722000000"


def handling(scenario: Scenario, office: str = EDUCATION) -> LegalClock:
    return [clock for clock in scenario.of(office).clocks if clock.kind is ClockKind.HANDLING][-1]


def due_day(scenario: Scenario, office: str = EDUCATION) -> str:
    due_at = handling(scenario, office).due(policy().calendar).due_at
    return due_at.date().isoformat() if due_at is not None else "stands still"


def at_work() -> Scenario:
    scenario = Scenario()
    assert scenario.answers(A.ACCEPT) is None
    assert due_day(scenario) == "2026-03-23"
    return scenario


def code(refused: Refused | None) -> str | None:
    return refused.code if refused is not None else None


@pytest.mark.parametrize(
    ("reason", "status"), [("appraisal", ClockStatus.PAUSED), ("hearing", ClockStatus.PAUSED), ("workload", "running")]
)
def test_only_a_reason_of_the_law_stops_the_clock(reason: str, status: str) -> None:
    scenario = at_work()
    assert scenario.answers(A.HOLD, reason=reason, after=DAY) is None
    assert handling(scenario).status == status
    assert bool(changes(scenario.last.events, ClockPaused)) is (status == ClockStatus.PAUSED)


def test_a_hold_that_is_reported_late_counts_from_when_it_happened() -> None:
    scenario = at_work()
    # Tuesday's appraisal is reported on Thursday.
    assert (
        scenario.answers(A.HOLD, reason="appraisal", after=3 * DAY, occurred=DAY, late_because="system_outage") is None
    )
    (paused,) = changes(scenario.last.events, ClockPaused)
    assert (moment_of(scenario.last.events[-1]), paused.since) == (NOON + 3 * DAY, NOON + DAY)
    assert scenario.answers(A.RESUME, after=3 * DAY + HOUR) is None
    # It stood still at the end of Tuesday and of Wednesday.
    assert due_day(scenario) == "2026-03-25"


def test_a_resumption_that_is_reported_late_gives_the_time_between_back_to_the_clock() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    assert scenario.answers(A.RESUME, after=3 * DAY, occurred=2 * DAY, late_because="paper_first") is None
    (resumed,) = changes(scenario.last.events, ClockResumed)
    assert (moment_of(scenario.last.events[-1]), resumed.since) == (NOON + 3 * DAY, NOON + 2 * DAY)
    assert due_day(scenario) == "2026-03-24"


def test_the_same_day_needs_no_excuse_and_now_is_the_rule() -> None:
    scenario = at_work()
    assert scenario.answers(A.HOLD, reason="appraisal", after=DAY + HOUR, occurred=DAY) is None
    assert scenario.answers(A.RESUME, after=2 * DAY) is None
    assert [pause.start for pause in handling(scenario).pauses] == [NOON + DAY]
    assert [clock.since for clock in changes(scenario.last.events, ClockResumed)] == [NOON + 2 * DAY]


@pytest.mark.parametrize(
    ("after", "occurred", "attributes", "expected"),
    [
        (DAY, DAY + HOUR, {}, "occurred_out_of_range"),
        (DAY, -HOUR, {"late_because": "system_outage"}, "occurred_out_of_range"),
        (2 * DAY, DAY, {}, "late_reason_missing"),
        (2 * DAY, DAY, {"late_because": "workload"}, "late_reason_missing"),
        (WEEK, DAY, {"late_because": "system_outage"}, "reported_too_late"),
        (22 * DAY, 21 * DAY, {"late_because": "system_outage"}, "reported_too_late"),
    ],
    ids=["ahead", "before the clock", "no excuse", "no such excuse", "too many days ago", "after the limit"],
)
def test_what_cannot_be_so_is_refused(
    after: timedelta, occurred: timedelta, attributes: dict[str, str], expected: str
) -> None:
    scenario = at_work()
    refused = scenario.answers(A.HOLD, reason="appraisal", after=after, occurred=occurred, **attributes)
    assert code(refused) == expected
    assert handling(scenario).pauses == ()


def test_how_many_days_late_is_said_by_the_policy() -> None:
    more = replace(policy(), late_reports=replace(policy().late_reports, within=Limit.parse("5wd")))
    for found, expected in ((policy(), "reported_too_late"), (more, None)):
        scenario = Scenario()
        scenario.context = replace(scenario.context, policy=found)
        scenario.answers(A.ACCEPT)
        late = scenario.answers(
            A.HOLD, reason="appraisal", after=WEEK, occurred=0 * DAY + HOUR, late_because="paper_first"
        )
        assert code(late) == expected


def test_what_happens_after_the_limit_is_taken_gives_nothing_back_and_hides_no_date() -> None:
    scenario = at_work()
    assert scenario.answers(A.HOLD, reason="appraisal", after=30 * DAY, occurred=30 * DAY - HOUR) is None
    assert handling(scenario).status is ClockStatus.PAUSED
    assert due_day(scenario) == "2026-03-23"
    shown = next(c for c in to_view(scenario.of(EDUCATION), scenario.routing, policy()).clocks if c.kind == "handling")
    assert (shown.status, shown.due_at) == ("paused", handling(scenario).due(policy().calendar).due_at)
    assert scenario.answers(A.RESUME, after=31 * DAY, occurred=31 * DAY - HOUR) is None
    assert (handling(scenario).status, due_day(scenario)) == (ClockStatus.RUNNING, "2026-03-23")


def test_an_office_whose_clock_is_a_little_ahead_is_taken_at_reception() -> None:
    scenario = at_work()
    assert scenario.answers(A.HOLD, reason="appraisal", after=DAY, occurred=DAY + timedelta(minutes=2)) is None
    assert handling(scenario).pauses[0].start == NOON + DAY


def test_a_resumption_does_not_come_before_the_hold_that_it_ends() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=2 * DAY)
    refused = scenario.answers(A.RESUME, after=2 * DAY + HOUR, occurred=2 * DAY - HOUR)
    assert code(refused) == "occurred_out_of_range"


def test_pauses_that_overlap_or_touch_give_each_day_back_once() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    scenario.answers(A.RESUME, after=3 * DAY)
    # The next one began before the first was over, and was reported afterwards.
    scenario.answers(A.HOLD, reason="hearing", after=3 * DAY + HOUR, occurred=2 * DAY, late_because="paper_first")
    scenario.answers(A.RESUME, after=4 * DAY)
    scenario.answers(A.HOLD, reason="hearing", after=4 * DAY)
    scenario.answers(A.RESUME, after=4 * DAY + HOUR)
    assert len(handling(scenario).pauses) == 3
    # Tuesday, Wednesday and Thursday ended in a pause.
    assert due_day(scenario) == "2026-03-26"


def test_a_resumption_that_overtakes_its_hold_is_refused_and_can_be_sent_again() -> None:
    scenario = at_work()
    assert code(scenario.answers(A.RESUME, after=2 * DAY, occurred=2 * DAY)) == "illegal_move"
    assert (
        scenario.answers(A.HOLD, reason="appraisal", after=2 * DAY + HOUR, occurred=DAY, late_because="paper_first")
        is None
    )
    assert scenario.answers(A.RESUME, after=2 * DAY + 2 * HOUR, occurred=2 * DAY) is None
    assert due_day(scenario) == "2026-03-24"


def wanted(scenario: Scenario, number: int = 0, **changes: object) -> RequestedCorrection:
    pause = handling(scenario).pauses[number]
    values = {"pause": number, "start": pause.start, "end": pause.end, "reason": "reported_wrongly"}
    return RequestedCorrection(**{**values, "approver": "unit_head", **changes})


def corrects(scenario: Scenario, after: timedelta = WEEK, **changes: object) -> Change | Refused:
    what = wanted(scenario, **changes)
    return correct_pause(scenario.change(after), scenario.of(EDUCATION).id, scenario.context, what)


def paused_for_two_days() -> Scenario:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=DAY)
    scenario.answers(A.RESUME, after=3 * DAY)
    assert due_day(scenario) == "2026-03-25"
    return scenario


def test_a_correction_is_told_and_what_stood_there_stays_on_record() -> None:
    scenario = paused_for_two_days()
    before = handling(scenario)
    change = corrects(scenario, end=NOON + 2 * DAY)
    assert isinstance(change, Change)
    scenario.act(change)
    assert due_day(scenario) == "2026-03-24"
    (said,) = change.events
    assert isinstance(said, ClockRecalculated)
    assert said.reason == "pause_corrected"
    assert said.clocks[0].version == before.version + 1
    assert said.previous_due_at == (before.due(policy().calendar).due_at,)
    assert said.correction is not None
    assert (said.correction.was_end, said.correction.end) == (NOON + 3 * DAY, NOON + 2 * DAY)
    (kept,) = change.corrections
    assert (kept.was, kept.now) == (
        Pause(start=NOON + DAY, end=NOON + 3 * DAY, reason="appraisal", by=EDUCATION),
        Pause(start=NOON + DAY, end=NOON + 2 * DAY, reason="appraisal", by=EDUCATION),
    )
    assert (kept.by, kept.approver) == (CIVIL_AFFAIRS, "unit_head")


def test_a_pause_that_never_was_gives_nothing_back() -> None:
    scenario = paused_for_two_days()
    scenario.act(corrects(scenario, end=NOON + DAY, reason="never_paused"))
    assert due_day(scenario) == "2026-03-23"


def test_the_start_of_a_pause_that_still_lasts_can_be_put_right() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=3 * DAY)
    scenario.act(corrects(scenario, after=4 * DAY, start=NOON + DAY))
    assert handling(scenario).status is ClockStatus.PAUSED
    assert scenario.answers(A.RESUME, after=4 * DAY) is None
    assert due_day(scenario) == "2026-03-26"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"end": None}, "end pause_is_over"),
        ({"start": NOON - HOUR}, "start pause_before_start"),
        ({"start": NOON + 8 * DAY, "end": NOON + 8 * DAY}, "start pause_ahead"),
        ({"end": NOON + 8 * DAY}, "end pause_ahead"),
        ({"end": NOON}, "end pause_order"),
        ({"start": datetime(2026, 3, 4)}, "start offset_missing"),  # noqa: DTZ001 -- as somebody may send it
        ({"end": datetime(2026, 3, 4)}, "end offset_missing"),  # noqa: DTZ001 -- the same
        ({"start": (NOON + DAY).astimezone(timezone(15 * HOUR))}, "start offset_range"),
        ({"end": datetime(2100, 1, 2, tzinfo=UTC)}, "end calendar_range"),
        ({"approver": ""}, "approver approver_missing"),
        ({"reason": "workload"}, "reason unknown_reason"),
    ],
)
def test_a_correction_that_cannot_be_changes_nothing(changes: dict[str, object], expected: str) -> None:
    outcome = corrects(paused_for_two_days(), **changes)
    assert isinstance(outcome, Refused)
    (fault,) = outcome.faults
    assert (f"{fault.field} {fault.code}", outcome.code) == (expected, fault.code)
    assert outcome.detail().startswith(f"{fault.field}: ")


def test_a_pause_that_lasts_is_not_ended_by_correcting_it() -> None:
    scenario = at_work()
    scenario.answers(A.HOLD, reason="appraisal", after=3 * DAY)
    outcome = corrects(scenario, after=4 * DAY, end=NOON + 4 * DAY)
    assert isinstance(outcome, Refused)
    assert [(fault.field, fault.code) for fault in outcome.faults] == [("end", "pause_lasts")]


def test_there_is_nothing_to_correct_where_no_pause_is_or_no_clock_runs() -> None:
    scenario = at_work()
    what = RequestedCorrection(pause=0, start=NOON, end=NOON, reason="never_paused", approver="unit_head")
    outcome = correct_pause(scenario.change(DAY), scenario.of(EDUCATION).id, scenario.context, what)
    assert isinstance(outcome, Refused)
    assert outcome.code == "unknown_pause"
    scenario = paused_for_two_days()
    gone = scenario.of(EDUCATION).id
    scenario.act(reassign(scenario.change(4 * DAY), gone, scenario.context, to=OTHER, reason="coordinator_decision"))
    outcome = correct_pause(scenario.change(WEEK), gone, scenario.context, wanted(scenario))
    assert isinstance(outcome, Refused)
    assert outcome.code == "illegal_move"
    # The office that has it now answers for the same time, and its pause can be put right.
    successor = scenario.of(OTHER).id
    scenario.act(correct_pause(scenario.change(WEEK), successor, scenario.context, what_of(scenario)))
    assert due_day(scenario, OTHER) == "2026-03-24"


def what_of(scenario: Scenario) -> RequestedCorrection:
    pause = handling(scenario, OTHER).pauses[0]
    return RequestedCorrection(
        pause=0, start=pause.start, end=NOON + 2 * DAY, reason="reported_wrongly", approver="unit_head"
    )
