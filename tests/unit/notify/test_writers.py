"""A breach is said when all who could say otherwise have come past its moment; nobody waits for who stands still."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import ClockKind, Doubt
from contracts.events.clocks import SilentWriter
from libraries.marks import Mark, Need
from services.notify.domain.alerts import Alert, BackOff, Candidate, Deferred, MetInTime, decide_alert
from services.notify.domain.timers import AlertKind
from services.notify.domain.window import awaited_steps, met_by, steps_for
from services.notify.domain.writers import BY_ALL, BY_ITSELF, Writers, needs
from tests.unit.notify.builders import COME, DAY, FRIDAY, a_timer, the_policy

POLICY = the_policy()
WAITS = BackOff(shortest=timedelta(minutes=1), longest=timedelta(hours=1), longest_for_reading=timedelta(minutes=5))
TOLERANCE = timedelta(seconds=120)
NOW = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
MINUTES = st.integers(min_value=-60, max_value=60).map(lambda number: timedelta(minutes=number))
SECONDS = st.integers(min_value=0, max_value=600).map(lambda number: timedelta(seconds=number))
MARKS = st.dictionaries(
    st.sampled_from(sorted(BY_ALL)),
    st.builds(
        Mark,
        until=st.one_of(st.none(), MINUTES.map(lambda later: FRIDAY + later)),
        moved_at=SECONDS.map(lambda ago: NOW - ago),
    ),
)


def writers(**changes: object) -> Writers:
    return Writers(**{"marks": COME.marks, "now": NOW, "tolerance": TOLERANCE, **changes})


def broken(kind: ClockKind = ClockKind.HANDLING, said: Writers = COME, **more: object) -> Alert | Deferred | MetInTime:
    timer = a_timer(kind, next_alert=AlertKind.BREACHED, next_fire_at=FRIDAY)
    return decide_alert(Candidate(timer=timer, unread=False, feedback=None, **more), FRIDAY + DAY, WAITS, POLICY, said)


@pytest.mark.parametrize("kind", [ClockKind.ACCEPTANCE, ClockKind.SUPPLEMENT_NOTICE, ClockKind.CALLBACK])
def test_what_only_the_window_does_needs_intakes_word_alone(kind: ClockKind) -> None:
    assert needs(kind, POLICY) == BY_ITSELF


@pytest.mark.parametrize("kind", [ClockKind.DISPATCH, ClockKind.SIGNING, ClockKind.HANDLING, ClockKind.RETURN_DECISION])
def test_what_offices_and_routing_do_needs_the_word_of_both(kind: ClockKind) -> None:
    assert needs(kind, POLICY) == BY_ALL


@given(MARKS, st.sampled_from(sorted(ClockKind)))
def test_a_breach_without_a_doubt_has_the_word_of_all(marks: dict[Need, Mark], kind: ClockKind) -> None:
    """And one with a doubt names who stood still, and nobody who is still coming."""
    said = writers(marks=marks)
    wanted = needs(kind, POLICY)
    behind = {
        need for need in wanted if need not in marks or (marks[need].until or datetime.min.replace(tzinfo=UTC)) < FRIDAY
    }
    coming = {need for need in behind if need in marks and NOW - marks[need].moved_at < TOLERANCE}
    outcome = broken(kind, said)
    if coming:
        assert isinstance(outcome, Deferred)
        return
    assert isinstance(outcome, Alert)
    if outcome.kind is AlertKind.BREACHED:
        assert bool(outcome.silent) == bool(behind) == (Doubt.WRITER in outcome.doubts)
        assert {one.service for one in outcome.silent} <= {need.writer for need in behind}


@given(MARKS)
def test_waiting_for_a_writer_ends(marks: dict[Need, Mark]) -> None:
    later = writers(marks=marks, now=NOW + TOLERANCE)
    assert isinstance(broken(said=later), Alert)


def test_who_was_asleep_itself_waits_anew() -> None:
    said = writers(marks={}, up_since=NOW - TOLERANCE / 2)
    assert isinstance(broken(said=said), Deferred)
    assert isinstance(broken(said=writers(marks={}, up_since=NOW - TOLERANCE)), Alert)


def test_only_who_stands_still_itself_is_named_and_not_who_follows_it() -> None:
    still = Mark(FRIDAY - DAY, NOW - DAY)
    marks = dict(COME.marks) | {Need("intake", 1): still, Need("intake", 2): still, Need("routing", 2): still}
    outcome = broken(said=writers(marks=marks))
    assert isinstance(outcome, Alert)
    assert outcome.silent == (SilentWriter(service="intake", since=FRIDAY - DAY),)
    assert writers(marks=marks).stalled() == outcome.silent


def test_a_clock_of_the_window_waits_for_the_dispatch_itself() -> None:
    assert steps_for(ClockKind.DISPATCH, POLICY) == {"referral.dispatched", "referral.rework_requested"}
    assert steps_for(ClockKind.DISPATCH, POLICY) == awaited_steps(POLICY)
    assert steps_for(ClockKind.HANDLING, POLICY) == frozenset()


@given(MINUTES)
def test_a_dispatch_in_time_is_no_breach_whoever_stands_still(later: timedelta) -> None:
    """What was heard before the clock was counts all the same."""
    at = FRIDAY + later
    for said in (COME, writers(marks={})):
        outcome = broken(ClockKind.DISPATCH, said, steps={"referral.dispatched": at})
        if at <= FRIDAY:
            assert isinstance(outcome, MetInTime)
            assert (outcome.after.ended_at, outcome.after.next_alert) == (at, None)
        elif said is COME:
            assert isinstance(outcome, Alert)
            assert outcome.after.ended_at == at


def test_what_happened_before_a_clock_began_does_not_end_it() -> None:
    timer = a_timer(ClockKind.DISPATCH)
    assert met_by(timer, {"referral.dispatched": timer.started_at - DAY}, POLICY) is None
    assert met_by(timer, {"referral.signed": timer.started_at + DAY}, POLICY) is None
