"""Who used how many days of a case: nobody is charged for what others burned, and the parts add up to the whole."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.clocks import ClockFacts, ClockPaused, ClockResumed, ClockStarted, LimitBasis
from contracts.codes import CaseState, CaseStep, ClockKind, Field, ReferralRole, SubmissionChannel, TimeKind
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import referrals as r
from contracts.events.clocks import ClockRecalculated, PauseCorrection
from libraries.deadlines import Override
from libraries.policies import Policy
from services.intake.domain.holders import APPLICANT, DISPATCHING
from services.intake.domain.time_account import NOBODY
from services.intake.store import TimelineEntry
from services.intake.time_report import HolderView, TimeView, to_time
from tests.events import AFTER, of_clocks
from tests.unit.intake.builders import DAY, NOW, policy, registered

CASE = UUID(int=1)
WINDOW = "township-130722100000"
FIRST, SECOND_OFFICE, HELPER = (f"{role}-130722000000" for role in ("education", "social_security", "housing"))
DECIDER = "civil_affairs-130722000000"
LEAD, NEXT, BESIDE = UUID(int=7), UUID(int=8), UUID(int=9)
HOUR = timedelta(hours=1)
"""NOW is Monday 2 March 2026, 10:00 at the window; the whole week works."""


def referral_event(
    kind: type[r.ReferralEvent], referral: UUID = LEAD, office: str = FIRST, **more: Any
) -> r.ReferralEvent:
    facts = {"case_id": CASE, "referral_id": referral, "office": office, "role": ReferralRole.LEAD, "at": NOW}
    return kind(**({"state": AFTER[kind]} | facts | more))


def dispatched(referral: UUID = LEAD, office: str = FIRST, **more: Any) -> r.ReferralEvent:
    matter = {"number": "n", "category": "c", "field": Field.EDUCATION, "area": "130722100000", "decision_id": uuid4()}
    return referral_event(r.ReferralDispatched, referral, office, **(matter | more))


def taken_in() -> c.CaseRegistered:
    return c.CaseRegistered(
        state=CaseState.REGISTERED,
        case_id=CASE,
        number="n",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        channel=SubmissionChannel.WINDOW,
        source="s",
        submission_id="1",
        received_at=NOW,
        registered_at=NOW,
        first_contact_office=WINDOW,
    )


def accepted() -> c.CaseAccepted:
    return c.CaseAccepted(
        state=CaseState.ACCEPTED,
        case_id=CASE,
        number="n",
        category="education.student_aid",
        field=Field.EDUCATION,
        area="130722100000",
        channel=SubmissionChannel.WINDOW,
        accepted_at=NOW,
        first_contact_office=WINDOW,
    )


def a_clock(
    referral: UUID,
    kind: ClockKind = ClockKind.HANDLING,
    office: str = FIRST,
    change: type[ClockFacts] = ClockFacts,
    **more: Any,
) -> Any:
    facts = {"version": 1, "area": "130722100000", "limit": "15wd", "started_at": NOW}
    basis = LimitBasis(policy_version="v", row="r", source="s")
    return change(clock_id=uuid4(), kind=kind, office=office, referral_id=referral, basis=basis, **(facts | more))


def asked_to_decide(referral: UUID, at: datetime) -> CaseBound:
    clock = a_clock(referral, ClockKind.RETURN_DECISION, DECIDER, ClockStarted, limit="2wd", started_at=at)
    return of_clocks(CASE, at, clock)


def stopped(after: timedelta, since: timedelta | None = None, clock: ClockFacts | None = None) -> CaseBound:
    facts = msgspec.to_builtins(clock or a_clock(LEAD))
    late = NOW + (since if since is not None else after)
    paused = msgspec.convert(facts | {"change": "paused", "reason": "hearing", "since": late}, ClockPaused)
    return of_clocks(CASE, NOW + after, paused)


def ran(after: timedelta, since: timedelta | None = None) -> CaseBound:
    late = NOW + (since if since is not None else after)
    return of_clocks(CASE, NOW + after, a_clock(LEAD, change=ClockResumed, since=late))


Span = tuple[timedelta, timedelta | None]


def corrected(was: Span, now: Span, clock: ClockFacts | None = None) -> ClockRecalculated:
    was_end, end = (NOW + until if until is not None else None for until in (was[1], now[1]))
    right = PauseCorrection(
        pause=0,
        was_start=NOW + was[0],
        was_end=was_end,
        start=NOW + now[0],
        end=end,
        reason="reported_wrongly",
        approver="unit_head",
    )
    return ClockRecalculated(
        case_id=CASE,
        clocks=(clock or a_clock(LEAD),),
        previous_due_at=(None,),
        reason="pause_corrected",
        recalculated_at=NOW,
        correction=right,
    )


def spent(
    *story: tuple[timedelta, CaseBound], now: timedelta = timedelta(days=30), rules: Policy | None = None
) -> TimeView:
    """The account of a story of which each part happened so long after NOW."""
    entries = [
        TimelineEntry(at=NOW + after, type=event.TYPE, by="x", data=msgspec.to_builtins(event))
        for after, event in story
    ]
    return to_time(registered().case, entries, rules or policy(), NOW + now)


def of(view: TimeView, holder: str) -> HolderView:
    return next(one for one in view.holders if one.holder == holder)


def days(view: TimeView, holder: str) -> tuple[float, float, float]:
    """Working days used, paused and waited."""
    one = of(view, holder)
    return one.used.working_days, one.paused.working_days, one.waiting.working_days


def adds_up(view: TimeView) -> None:
    for measure in ("calendar_seconds", "working_seconds"):
        whole = getattr(view.whole, measure)
        assert sum(getattr(piece.spent, measure) for piece in view.pieces) == whole
        by_holder = [(one.used, one.paused, one.waiting) for one in view.holders]
        assert sum(getattr(part, measure) for parts in by_holder for part in parts) == whole
        by_referral = [(one.used, one.paused, one.waiting) for one in view.referrals]
        assert [getattr(one.whole, measure) for one in view.referrals] == [
            sum(getattr(part, measure) for part in parts) for parts in by_referral
        ]
        assert sum(getattr(one.whole, measure) for one in view.referrals) == whole
        for beside in view.co_handlers:
            assert sum(getattr(piece.spent, measure) for piece in beside.pieces) == getattr(beside.whole, measure)
    assert view.whole.calendar_seconds == (view.end - view.start).total_seconds()


def test_the_receiver_is_not_blamed_for_time_that_others_burned() -> None:
    """The window took a day, the first office two, the decision on its return one; the last office half a day."""
    view = spent(
        (0 * DAY, taken_in()),
        (1 * DAY, accepted()),
        (1 * DAY, dispatched()),
        (3 * DAY, referral_event(r.ReferralReturnRequested, reason="not_competent")),
        (3 * DAY, asked_to_decide(LEAD, NOW + 3 * DAY)),
        (4 * DAY, referral_event(r.ReferralReturned, reason="not_competent")),
        (4 * DAY, dispatched(NEXT, SECOND_OFFICE, supersedes=LEAD)),
        (4 * DAY + 12 * HOUR, referral_event(r.ReferralCompleted, NEXT, SECOND_OFFICE)),
        (4 * DAY + 12 * HOUR, c.CaseResolved(state=CaseState.RESOLVED, case_id=CASE, resolved_at=NOW, round=1)),
        (4 * DAY + 12 * HOUR, c.CaseClosed(state=CaseState.CLOSED, case_id=CASE, closed_at=NOW, satisfied=True)),
    )
    used = {one.holder: one.used.working_days for one in view.holders}
    assert used == {WINDOW: 1, FIRST: 2, DECIDER: 1, SECOND_OFFICE: 0.5}
    assert view.whole.working_days == 4.5
    assert view.over
    adds_up(view)


def on_holiday(*offices: str) -> Policy:
    """Tuesday is a day of their own on which these offices do not work."""
    tuesday = {(NOW + DAY).date(): Override(works=False, zh="院庆", en="anniversary")}
    return replace(policy(), calendars=dict.fromkeys(offices, policy().calendar.with_overrides(tuesday)))


def test_the_time_of_an_office_is_counted_by_its_own_days() -> None:
    """As its clock counts them: nobody is charged for a day on which its own office did not work."""
    story = ((0 * DAY, taken_in()), (0 * DAY, accepted()), (0 * DAY, dispatched()))
    view = spent(*story, now=2 * DAY, rules=on_holiday(FIRST))
    assert days(view, FIRST) == (1, 0, 0)
    assert (view.whole.working_days, view.whole.calendar_days) == (1, 2)
    assert of(view, FIRST).calendar != view.calendar
    assert days(spent(*story, now=2 * DAY, rules=on_holiday(SECOND_OFFICE)), FIRST) == (2, 0, 0)
    adds_up(view)


def test_each_leg_has_its_own_sums_with_the_decision_on_its_return() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (1 * DAY, accepted()),
        (1 * DAY, dispatched()),
        (3 * DAY, referral_event(r.ReferralReturnRequested, reason="not_competent")),
        (3 * DAY, asked_to_decide(LEAD, NOW + 3 * DAY)),
        (4 * DAY, referral_event(r.ReferralReturned, reason="not_competent")),
        (4 * DAY, dispatched(NEXT, SECOND_OFFICE, supersedes=LEAD)),
        now=4 * DAY + 12 * HOUR,
    )
    assert [(one.referral_id, one.office, one.whole.working_days) for one in view.referrals] == [
        (None, "", 1),
        (LEAD, FIRST, 3),
        (NEXT, SECOND_OFFICE, 0.5),
    ]
    assert [one.office_zh for one in view.referrals][1:] == ["张北县教育局", "张北县人力资源和社会保障局"]
    adds_up(view)


def test_the_time_of_an_office_that_returned_is_its_own() -> None:
    """Neither the decider nor the next office gets it, and the decision is no time of the office that asked."""
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (1 * DAY, referral_event(r.ReferralSigned)),
        (2 * DAY, referral_event(r.ReferralReturnRequested, reason="not_competent")),
        (2 * DAY, asked_to_decide(LEAD, NOW + 2 * DAY)),
        (3 * DAY, referral_event(r.ReferralReturned, reason="not_competent")),
        (3 * DAY, dispatched(NEXT, SECOND_OFFICE, supersedes=LEAD)),
        now=3 * DAY,
    )
    assert [(piece.holder, piece.step, piece.spent.working_days) for piece in view.pieces] == [
        (FIRST, CaseStep.UNSIGNED, 1),
        (FIRST, CaseStep.HANDLING, 1),
        (DECIDER, CaseStep.RETURN_DECISION, 1),
    ]
    assert [piece.referral_id for piece in view.pieces] == [LEAD, LEAD, LEAD]
    assert view.pieces[-1].reason_zh == "不属于本部门职责"


def test_a_refused_return_gives_the_office_its_case_back_but_not_the_time_of_the_decision() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (1 * DAY, referral_event(r.ReferralReturnRequested, reason="not_competent")),
        (1 * DAY, asked_to_decide(LEAD, NOW + DAY)),
        (3 * DAY, referral_event(r.ReferralReturnRefused, reason="coordinator_decision")),
        now=4 * DAY,
    )
    assert (days(view, FIRST), days(view, DECIDER)) == ((2, 0, 0), (2, 0, 0))


def test_a_lawful_pause_is_no_used_time_and_any_other_hold_is() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (1 * DAY, referral_event(r.ReferralOnHold, reason="hearing", stops_clock=True)),
        (2 * DAY, referral_event(r.ReferralResumed)),
        (3 * DAY, referral_event(r.ReferralOnHold, reason="workload", stops_clock=False)),
        now=4 * DAY,
    )
    assert days(view, FIRST) == (3, 1, 0)
    assert [piece.reason for piece in view.pieces if piece.reason] == ["hearing", "workload"]


def test_the_window_is_not_charged_while_the_applicant_looks_for_material() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (
            1 * DAY,
            c.CaseSupplementRequested(
                state=CaseState.AWAITING_SUPPLEMENT, case_id=CASE, missing=("identity_card",), requested_at=NOW
            ),
        ),
        (
            3 * DAY,
            c.CaseSupplemented(
                state=CaseState.REGISTERED, case_id=CASE, materials=("identity_card",), supplemented_at=NOW
            ),
        ),
        (3 * DAY, accepted()),
        (4 * DAY, dispatched()),
        now=4 * DAY,
    )
    assert (days(view, WINDOW), days(view, APPLICANT), days(view, DISPATCHING)) == ((1, 0, 0), (0, 0, 2), (1, 0, 0))


def test_a_co_handler_has_an_account_of_its_own_beside_the_whole() -> None:
    co = {"role": ReferralRole.CO}
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (0 * DAY, dispatched(BESIDE, HELPER, **co)),
        (1 * DAY, referral_event(r.ReferralSigned, BESIDE, HELPER, **co)),
        (2 * DAY, referral_event(r.ReferralCompleted, BESIDE, HELPER, **co)),
        now=3 * DAY,
    )
    assert [one.holder for one in view.holders] == [FIRST]
    (beside,) = view.co_handlers
    assert [(piece.holder, piece.step) for piece in beside.pieces] == [
        (HELPER, CaseStep.UNSIGNED),
        (HELPER, CaseStep.HANDLING),
    ]
    assert beside.holders[0].used.working_days == 2
    adds_up(view)


def test_the_time_in_which_a_case_was_closed_is_nobodys_and_rework_is_a_round_of_its_own() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (1 * DAY, c.CaseResolved(state=CaseState.RESOLVED, case_id=CASE, resolved_at=NOW, round=1)),
        (2 * DAY, c.CaseClosed(state=CaseState.CLOSED, case_id=CASE, closed_at=NOW)),
        (
            3 * DAY,
            c.CaseReopened(state=CaseState.IN_PROGRESS, case_id=CASE, reopened_at=NOW, round=2, reason="not_satisfied"),
        ),
        (3 * DAY, referral_event(r.ReferralReworkRequested, reason="not_satisfied", round=2)),
        now=4 * DAY,
    )
    assert [(piece.holder, piece.round) for piece in view.pieces] == [
        (FIRST, 1),
        (WINDOW, 1),
        (NOBODY, 1),
        (FIRST, 2),
    ]
    assert of(view, NOBODY).waiting.working_days == 1


def test_what_is_heard_of_a_case_that_is_over_is_nobodys_time() -> None:
    view = spent(
        (0 * DAY, taken_in()),
        (0 * DAY, accepted()),
        (0 * DAY, dispatched()),
        (
            1 * DAY,
            c.CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=CASE, reason="applicant_request", withdrawn_at=NOW),
        ),
        (2 * DAY, referral_event(r.ReferralSigned)),
        (2 * DAY, referral_event(r.ReferralCancelled, reason="case_withdrawn")),
        now=9 * DAY,
    )
    assert (view.end, view.over, days(view, FIRST)) == (NOW + DAY, True, (1, 0, 0))


def test_a_span_into_a_year_without_published_holidays_is_provisional() -> None:
    assert not spent((0 * DAY, taken_in()), now=DAY).provisional
    assert spent((0 * DAY, taken_in()), now=400 * DAY).provisional


ANYTHING = st.sampled_from(
    [
        accepted(),
        dispatched(),
        dispatched(NEXT, SECOND_OFFICE),
        dispatched(BESIDE, HELPER, role=ReferralRole.CO),
        referral_event(r.ReferralSigned),
        referral_event(r.ReferralDeemedAccepted),
        referral_event(r.ReferralProgressReported),
        referral_event(r.ReferralOnHold, reason="hearing", stops_clock=True),
        referral_event(r.ReferralOnHold, reason="hearing", stops_clock=True, at=NOW + DAY),
        stopped(3 * DAY, since=2 * DAY),
        stopped(3 * DAY, since=HOUR),
        referral_event(r.ReferralResumed),
        referral_event(r.ReferralResumed, at=NOW + 4 * DAY),
        ran(4 * DAY, since=3 * DAY),
        ran(4 * DAY),
        corrected((HOUR, None), (DAY, None)),
        corrected((timedelta(), timedelta()), (DAY, 50 * DAY)),
        corrected((2 * DAY, 4 * DAY), (3 * DAY, 3 * DAY)),
        referral_event(r.ReferralReturnRequested, reason="not_competent"),
        referral_event(r.ReferralReturned, reason="not_competent"),
        referral_event(r.ReferralReworkRequested, reason="not_satisfied", round=2),
        referral_event(r.ReferralCompleted, NEXT, SECOND_OFFICE),
        referral_event(r.ReferralCancelled, BESIDE, HELPER, role=ReferralRole.CO, reason="recalled"),
        asked_to_decide(LEAD, NOW),
        c.CaseSupplementRequested(state=CaseState.AWAITING_SUPPLEMENT, case_id=CASE, missing=("m",), requested_at=NOW),
        c.CaseSupplemented(state=CaseState.REGISTERED, case_id=CASE, materials=("m",), supplemented_at=NOW),
        c.CaseResolved(state=CaseState.RESOLVED, case_id=CASE, resolved_at=NOW, round=1),
        c.CaseClosed(state=CaseState.CLOSED, case_id=CASE, closed_at=NOW),
        c.CaseReopened(state=CaseState.IN_PROGRESS, case_id=CASE, reopened_at=NOW, round=2, reason="not_satisfied"),
        c.CaseWithdrawn(state=CaseState.WITHDRAWN, case_id=CASE, reason="applicant_request", withdrawn_at=NOW),
    ]
)
"""Also pauses that were reported late, put right, or neither."""


@given(
    st.lists(st.tuples(st.timedeltas(timedelta(), 60 * DAY), ANYTHING), max_size=15),
    st.sets(st.sampled_from([WINDOW, FIRST, SECOND_OFFICE, HELPER, DECIDER])),
)
def test_whatever_is_heard_in_whatever_order_the_legs_add_up_to_the_whole(
    story: list[tuple[timedelta, CaseBound]], own_days: set[str]
) -> None:
    view = spent((timedelta(), taken_in()), *story, now=90 * DAY, rules=on_holiday(*own_days))
    adds_up(view)
    assert view.start == NOW or not view.pieces
    for parts in (view.pieces, *(beside.pieces for beside in view.co_handlers)):
        assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(piece.kind is not TimeKind.PAUSED or piece.reason for piece in view.pieces)
