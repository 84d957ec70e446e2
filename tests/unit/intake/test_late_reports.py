"""A pause that was reported late or put right: an office has used what its clock counted, not what was said first."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.clocks import ClockResumed, ClockStarted
from contracts.codes import WORK, CaseStep, ClockKind, FeedbackAction, ReferralRole, TimeKind
from contracts.events import CaseBound
from contracts.events import referrals as r
from contracts.events.base import moment_of
from libraries.clocks.clock import LegalClock
from libraries.deadlines.counting import closed_spans
from services.intake.domain.holders import accounts
from services.intake.domain.time_account import TimeAccount
from services.routing.domain.pauses import RequestedCorrection, correct_pause
from services.routing.domain.referral import Change
from services.routing.domain.supervision import reassign
from tests.events import of_clocks
from tests.unit.intake.builders import DAY, NOW
from tests.unit.intake.test_holders import (
    BESIDE,
    FIRST,
    HELPER,
    HOUR,
    LEAD,
    NEXT,
    SECOND_OFFICE,
    a_clock,
    accepted,
    adds_up,
    corrected,
    days,
    dispatched,
    ran,
    referral_event,
    spent,
    stopped,
    taken_in,
)
from tests.unit.routing.builders import EDUCATION, NOON, Scenario, policy

FRIDAY_NIGHT = 4 * DAY + 12 * HOUR
BEGUN = ((0 * DAY, taken_in()), (0 * DAY, accepted()), (0 * DAY, dispatched()))
OTHER = "health-130722000000"


def held(after: timedelta, since: timedelta | None = None) -> list[tuple[timedelta, CaseBound]]:
    return [
        (after, referral_event(r.ReferralOnHold, at=NOW + after, reason="hearing", stops_clock=True)),
        (after, stopped(after, since)),
    ]


def resumed(after: timedelta, since: timedelta | None = None) -> list[tuple[timedelta, CaseBound]]:
    return [(after, referral_event(r.ReferralResumed, at=NOW + after)), (after, ran(after, since))]


def test_a_pause_that_was_reported_late_is_nobodys_time_from_when_it_began() -> None:
    view = spent(*BEGUN, *held(3 * DAY, since=DAY), *resumed(4 * DAY), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (1.5, 3, 0)
    assert [(piece.step, piece.spent.working_days) for piece in view.pieces] == [
        (CaseStep.UNSIGNED, 1),
        (CaseStep.ON_HOLD, 3),
        (CaseStep.HANDLING, 0.5),
    ]
    adds_up(view)


def test_a_resumption_that_was_reported_late_charges_the_office_from_when_it_went_on() -> None:
    view = spent(*BEGUN, *held(DAY), *resumed(4 * DAY, since=2 * DAY), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (3.5, 1, 0)
    assert [piece.step for piece in view.pieces][-2:] == [CaseStep.ON_HOLD, CaseStep.HANDLING]
    adds_up(view)


def test_both_may_be_late_and_a_pause_may_be_over_before_it_was_heard_of() -> None:
    view = spent(*BEGUN, *held(3 * DAY, since=DAY), *resumed(4 * DAY, since=2 * DAY), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (3.5, 1, 0)
    adds_up(view)


def test_a_correction_stands_in_the_place_of_what_was_reported_wrongly() -> None:
    scenario = (*BEGUN, *held(DAY), *resumed(3 * DAY))
    put_right = corrected((DAY, 3 * DAY), (DAY, 2 * DAY))
    view = spent(*scenario, (4 * DAY, put_right), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (3.5, 1, 0)
    again = corrected((DAY, 2 * DAY), (2 * DAY, 4 * DAY))
    view = spent(*scenario, (4 * DAY, put_right), (4 * DAY, again), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (2.5, 2, 0)
    adds_up(view)


def test_a_pause_that_never_was_is_the_offices_own_time() -> None:
    never = corrected((DAY, 3 * DAY), (DAY, DAY))
    view = spent(*BEGUN, *held(DAY), *resumed(3 * DAY), (4 * DAY, never), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (4.5, 0, 0)
    assert not any(piece.reason for piece in view.pieces)


def test_a_pause_that_lasts_can_be_put_right_and_is_still_ended_by_resuming() -> None:
    earlier = corrected((3 * DAY, None), (DAY, None))
    view = spent(*BEGUN, *held(3 * DAY), (4 * DAY, earlier), *resumed(4 * DAY), now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (1.5, 3, 0)


def test_the_pause_of_an_office_that_is_replaced_ends_with_it_and_can_be_put_right_at_the_next() -> None:
    recalled = referral_event(r.ReferralCancelled, at=NOW + 3 * DAY, reason="recalled")
    handed_on = [(3 * DAY, recalled), (3 * DAY, dispatched(NEXT, SECOND_OFFICE, at=NOW + 3 * DAY))]
    scenario = (*BEGUN, *held(DAY), *handed_on)
    view = spent(*scenario, now=FRIDAY_NIGHT)
    assert (days(view, FIRST), days(view, SECOND_OFFICE)) == ((1, 2, 0), (1.5, 0, 0))
    right = corrected((DAY, 3 * DAY), (2 * DAY, 4 * DAY), a_clock(NEXT, office=SECOND_OFFICE))
    view = spent(*scenario, (5 * DAY, right), now=FRIDAY_NIGHT)
    assert (days(view, FIRST), days(view, SECOND_OFFICE)) == ((2, 1, 0), (0.5, 1, 0))
    adds_up(view)


DUE = NOW + 2 * DAY
MISSED = a_clock(LEAD, missed_at=DUE)
STARTED = (0 * DAY, of_clocks(UUID(int=1), NOW, a_clock(LEAD, change=ClockStarted, due_at=DUE)))


def test_a_pause_that_began_after_the_limit_is_the_offices_own_time() -> None:
    """It gives nothing back, so nobody else had that time; that it waited, and for what, is still told."""
    late = [
        (3 * DAY, referral_event(r.ReferralOnHold, at=NOW + 3 * DAY, reason="hearing", stops_clock=True)),
        (3 * DAY, stopped(3 * DAY, clock=MISSED)),
    ]
    view = spent(*BEGUN, STARTED, *late, now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (4.5, 0, 0)
    assert [(piece.step, piece.kind, piece.reason) for piece in view.pieces] == [
        (CaseStep.UNSIGNED, TimeKind.USED, ""),
        (CaseStep.ON_HOLD, TimeKind.USED, "hearing"),
    ]
    adds_up(view)
    # After it went on the clock has its old end again.
    at = NOW + 4 * DAY
    ended = of_clocks(UUID(int=1), at, a_clock(LEAD, change=ClockResumed, due_at=DUE, since=at))
    went_on = [(4 * DAY, referral_event(r.ReferralResumed, at=NOW + 4 * DAY)), (4 * DAY, ended)]
    view = spent(*BEGUN, STARTED, *late, *went_on, now=FRIDAY_NIGHT)
    assert days(view, FIRST) == (4.5, 0, 0)


def test_a_later_round_has_a_limit_of_its_own_and_makes_no_late_pause_lawful() -> None:
    rework = a_clock(LEAD, ClockKind.REWORK, change=ClockStarted, started_at=NOW + 4 * DAY, due_at=NOW + 9 * DAY)
    view = spent(
        *BEGUN,
        STARTED,
        (3 * DAY, referral_event(r.ReferralOnHold, at=NOW + 3 * DAY, reason="hearing", stops_clock=True)),
        (3 * DAY, stopped(3 * DAY, clock=MISSED)),
        (4 * DAY, referral_event(r.ReferralResumed, at=NOW + 4 * DAY)),
        (4 * DAY, referral_event(r.ReferralReworkRequested, at=NOW + 4 * DAY, reason="not_satisfied", round=2)),
        (4 * DAY, of_clocks(UUID(int=1), NOW + 4 * DAY, rework)),
        now=FRIDAY_NIGHT,
    )
    assert days(view, FIRST) == (4.5, 0, 0)


def test_a_co_handlers_late_pause_is_its_own() -> None:
    co = {"role": ReferralRole.CO}
    clock = a_clock(BESIDE, ClockKind.CO_HANDLING, HELPER)
    view = spent(
        *BEGUN,
        (0 * DAY, dispatched(BESIDE, HELPER, **co)),
        (
            3 * DAY,
            referral_event(
                r.ReferralOnHold, BESIDE, HELPER, at=NOW + 3 * DAY, reason="hearing", stops_clock=True, **co
            ),
        ),
        (3 * DAY, stopped(3 * DAY, DAY, clock)),
        now=4 * DAY,
    )
    (beside,) = view.co_handlers
    assert (beside.holders[0].used.working_days, beside.holders[0].paused.working_days) == (1, 3)
    assert days(view, FIRST) == (4, 0, 0)


def paused_of(account: TimeAccount, now: datetime) -> timedelta:
    intervals = account.report()
    ends = [*(turn.at for turn in intervals), now][1:]
    return sum(
        (min(end, now) - turn.at for turn, end in zip(intervals, ends, strict=True) if turn.held.kind == "paused"),
        timedelta(),
    )


def stood(clock: LegalClock, now: datetime) -> timedelta:
    """How long the clock says it stood still; spans that overlap count once, one from after the limit not at all."""
    end = clock.due(policy().calendar_of(clock.office)).due_at
    given = [p for p in clock.pauses if end is None or p.start <= end]
    ended = [p if p.end is not None else LegalClock.stop(clock, now, clock.status).pauses[-1] for p in given]
    return sum((end - begin for begin, end in closed_spans(ended)), timedelta())


class Pauses:
    """One case at routing, with all that routing says of it."""

    def __init__(self) -> None:
        self.scenario = Scenario()
        self.heard: list[tuple[datetime, CaseBound]] = [(NOON, taken_in()), (NOON, accepted())]
        self.office = EDUCATION
        self.keep()
        assert self.answers(FeedbackAction.ACCEPT, timedelta()) is None

    def keep(self) -> None:
        for event in self.scenario.last.events:
            if isinstance(event, CaseBound):
                self.heard.append((moment_of(event), event))

    def answers(self, action: FeedbackAction, after: timedelta, **more: object) -> object:
        refused = self.scenario.answers(action, office=self.office, after=after, **more)
        self.keep()
        return refused

    @property
    def clock(self) -> LegalClock:
        return [clock for clock in self.scenario.of(self.office).clocks if clock.kind in WORK][-1]

    def act(self, change: object) -> None:
        if isinstance(change, Change):
            self.scenario.act(change)
            self.keep()

    def corrects(self, after: timedelta, *, number: int, back: timedelta, length: timedelta) -> None:
        if not self.clock.pauses:
            return
        number %= len(self.clock.pauses)
        start = NOON + after - back
        wanted = RequestedCorrection(
            pause=number,
            start=start,
            end=start + min(length, back) if self.clock.pauses[number].end is not None else None,
            reason="reported_wrongly",
            approver="unit_head",
        )
        referral = self.scenario.of(self.office).id
        self.act(correct_pause(self.scenario.change(after), referral, self.scenario.context, wanted))

    def hands_on(self, after: timedelta) -> None:
        to = OTHER if self.office == EDUCATION else EDUCATION
        referral = self.scenario.of(self.office).id
        change = reassign(self.scenario.change(after), referral, self.scenario.context, to=to, reason="recalled")
        if isinstance(change, Change):
            self.act(change)
            self.office = to
            assert self.answers(FeedbackAction.ACCEPT, after) is None


DEED = st.tuples(
    st.integers(1, 60) | st.integers(200, 400),
    st.sampled_from(["hold", "resume", "correct", "hand on"]),
    st.integers(0, 50),
    st.integers(0, 30),
)


@given(st.lists(DEED, max_size=12))
def test_an_office_has_used_what_its_clock_counted(deeds: list[tuple[int, str, int, int]]) -> None:
    """Whatever is reported, how late, and how often it is put right."""
    pauses, after = Pauses(), timedelta()
    for gap, deed, back, length in deeds:
        after += gap * HOUR
        match deed:
            case "hold" | "resume":
                pauses.answers(
                    FeedbackAction(deed),
                    after,
                    reason="hearing" if deed == "hold" else "",
                    occurred=after - back * HOUR,
                    late_because="paper_first",
                )
            case "correct":
                pauses.corrects(after, number=length, back=back * HOUR, length=length * HOUR)
            case _:
                pauses.hands_on(after)
    now = NOON + after + 7 * HOUR
    found = accounts(pauses.heard)
    assert paused_of(found.case, now) == stood(pauses.clock, now)
