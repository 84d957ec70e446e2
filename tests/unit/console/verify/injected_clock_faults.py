"""Injected faults in clocks, watches and alerts."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from console.verify.snapshot import ReceivedFeedbackRow, Snapshot, TimerRow
from contracts.clocks import ClockCancelled
from contracts.codes import ClockKind, ClockStatus, Doubt, ReferralRole, ReferralState
from contracts.events import clocks
from contracts.topics import REFERRALS
from tests.unit.console.verify.injected_faults import CLOSED, LATE, NOBODY, PAUSED
from tests.unit.console.verify.injecting import InjectedFault, changed, doubled, of_type, without
from tests.unit.console.verify.scenario import DAY, EDUCATION, MONDAY, PENSIONS, Scenario, known_as
from tests.unit.console.verify.scenarios import late
from tests.unit.console.verify.snapshots import NOW, together

HANDLING = ClockKind.HANDLING
BREACHED = of_type("clock.breached")
PAUSED_LEAD = known_as(4, 3, 1)


def dispatched() -> Scenario:
    scenario = Scenario(1)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.is_dispatched(co=None)
    return scenario


def broken_though_met(_: Snapshot) -> Snapshot:
    scenario = dispatched()
    scenario.ends("routing", HANDLING, MONDAY + 9 * DAY)
    scenario.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(scenario)


def broken_while_paused(_: Snapshot) -> Snapshot:
    scenario = dispatched()
    clock_id = scenario.clock(HANDLING)
    service, running = scenario.clocks[clock_id]
    scenario.pauses(HANDLING, MONDAY + 9 * DAY)
    scenario.clocks[clock_id] = service, running
    scenario.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(scenario)


def broken_too_early(_: Snapshot) -> Snapshot:
    scenario = dispatched()
    scenario.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 19 * DAY)
    return together(scenario)


def broken_in_another_version(_: Snapshot) -> Snapshot:
    scenario = late()
    clock_id = scenario.clock(HANDLING)
    service, clock = scenario.clocks[clock_id]
    scenario.clocks[clock_id] = service, msgspec.structs.replace(clock, version=7)
    scenario.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(scenario)


def never_said_to_be_broken(_: Snapshot) -> Snapshot:
    scenario = dispatched()
    scenario.ends("routing", HANDLING, MONDAY + 25 * DAY)
    return together(scenario)


def broken_at_neither_office(_: Snapshot) -> Snapshot:
    """It goes on elsewhere after its end, and nobody ever said that it broke."""
    scenario = dispatched()
    scenario.ends("routing", HANDLING, MONDAY + 22 * DAY, ClockCancelled)
    scenario.begins("routing", ClockKind.REVIEW, days=20, continues=scenario.clock(HANDLING))
    scenario.change(TimerRow, scenario.clock(ClockKind.REVIEW), status=ClockStatus.BREACHED, next_alert=None)
    return together(scenario)


def broken_before_and_after_a_pause(_: Snapshot) -> Snapshot:
    """The breach of the first version was said, that of the longer third was not."""
    scenario = late(1)
    scenario.pauses(HANDLING, MONDAY + 21 * DAY)
    scenario.resumes(HANDLING, MONDAY + 22 * DAY, MONDAY + 30 * DAY)
    return together(scenario)


def a_watch(snapshot: Snapshot, **changes: object) -> Snapshot:
    return changed(snapshot, "timers", changes, case_id=PAUSED, kind=HANDLING)


def with_receipt(snapshot: Snapshot, **changes: object) -> Snapshot:
    """An answer that came at the beginning to the referral of the paused case, and may still be on its way."""
    came = ReceivedFeedbackRow(PAUSED_LEAD, EDUCATION, "f1", MONDAY, (HANDLING,), NOW + DAY)
    return replace(snapshot, received_feedback=[came._replace(**changes)])


def late_watch(snapshot: Snapshot) -> Snapshot:
    return a_watch(snapshot, next_alert="breached", due_at=NOW - DAY)


def broken_for_the_time_being(_: Snapshot) -> Snapshot:
    """It was met in time, and nobody took the breach back."""
    scenario = dispatched()
    scenario.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY, doubts=(Doubt.ANSWER,))
    scenario.ends("routing", HANDLING, MONDAY + 9 * DAY)
    return together(scenario)


def blamed_for_what_routing_did(_: Snapshot) -> Snapshot:
    """Intake stands still: it has not said yet that its clock was met, and may never say it."""
    scenario = Scenario(1)
    scenario.is_registered()
    scenario.is_accepted()
    scenario.begins("intake", ClockKind.DISPATCH, days=2)
    scenario.is_dispatched(co=None)
    scenario.alerts_of(ClockKind.DISPATCH, clocks.ClockBreached, MONDAY + 3 * DAY)
    return together(scenario)


def answered_before_it_was_sent(_: Snapshot) -> Snapshot:
    scenario = dispatched()
    scenario.is_recorded(ReferralRole.LEAD, MONDAY + DAY - timedelta(seconds=1))
    return together(scenario)


URGED = of_type("supervision.urged")
CLOCK_FAULTS = (
    InjectedFault("every_wait_has_a_timer", "for material", lambda f: without(f, "timers", kind=ClockKind.SUPPLEMENT)),
    InjectedFault("every_wait_has_a_timer", "on hold", lambda f: without(f, "timers", kind=ClockKind.HOLD_REVIEW)),
    InjectedFault(
        "every_wait_has_a_timer",
        "on hold, after the review had ended",
        lambda f: changed(f, "timers", {"ended_at": MONDAY}, kind=ClockKind.HOLD_REVIEW),
    ),
    InjectedFault(
        "every_wait_has_a_timer",
        "for the decision on a return",
        lambda f: changed(f, "referrals", {"state": ReferralState.RETURN_REQUESTED}, case_id=LATE),
    ),
    InjectedFault("every_clock_has_a_timer", "nobody watches", lambda f: without(f, "timers", case_id=PAUSED)),
    InjectedFault("every_clock_has_a_timer", "an older version", lambda f: a_watch(f, version=2)),
    InjectedFault("every_clock_has_a_timer", "another date", lambda f: a_watch(f, due_at=NOW + 2 * DAY)),
    InjectedFault(
        "every_clock_has_a_timer", "ended too soon", lambda f: a_watch(f, status=ClockStatus.MET, ended_at=NOW)
    ),
    InjectedFault(
        "every_clock_has_a_timer", "never ended", lambda f: changed(f, "timers", {"ended_at": None}, case_id=CLOSED)
    ),
    InjectedFault("every_clock_has_a_timer", "over no clock", lambda f: doubled(f, "timers", {"clock_id": NOBODY})),
    InjectedFault("clocks_as_said", "routing lost it", lambda f: without(f, "clocks", case_id=PAUSED)),
    InjectedFault("clocks_as_said", "never spoken of", lambda f: doubled(f, "clocks", {"clock_id": NOBODY})),
    InjectedFault(
        "clocks_as_said", "still running", lambda f: changed(f, "clocks", {"status": "running"}, case_id=CLOSED)
    ),
    InjectedFault("clocks_as_said", "already over", lambda f: changed(f, "clocks", {"status": "met"}, case_id=PAUSED)),
    InjectedFault("clocks_as_said", "another date", lambda f: changed(f, "clocks", {"due_at": NOW}, case_id=PAUSED)),
    InjectedFault("clocks_as_said", "another version", lambda f: changed(f, "clocks", {"version": 9}, case_id=PAUSED)),
    InjectedFault(
        "fired_once", "said twice", lambda f: doubled(f, "journal", {"event_id": NOBODY, "sequence": 3}, type=BREACHED)
    ),
    InjectedFault(
        "fired_once", "a level that was not said", lambda f: changed(f, "alerts", {"level": "80%"}, case_id=LATE)
    ),
    InjectedFault("fired_once", "listed twice", lambda f: doubled(f, "alerts", {"event_id": NOBODY})),
    InjectedFault("fired_once", "said, not listed", lambda f: without(f, "alerts", type="clock.breached")),
    InjectedFault("fired_once", "listed, not said", lambda f: without(f, "journal", type=BREACHED)),
    InjectedFault(
        "escalated_once", "twice", lambda f: doubled(f, "journal", {"event_id": NOBODY, "sequence": 4}, type=URGED)
    ),
    InjectedFault("escalated_once", "without a breach", lambda f: without(f, "journal", type=BREACHED)),
    InjectedFault("none_overdue", "a reminder", lambda f: a_watch(f, next_fire_at=NOW - DAY)),
    InjectedFault("none_overdue", "a breach", lambda f: a_watch(f, next_alert="breached", due_at=NOW - DAY)),
    InjectedFault(
        "none_overdue",
        "a breach, and an answer that came later",
        lambda f: with_receipt(late_watch(f), received_at=NOW),
    ),
    InjectedFault(
        "none_overdue",
        "a reminder, which no answer holds",
        lambda f: with_receipt(a_watch(f, next_fire_at=NOW - DAY)),
    ),
    InjectedFault("none_overdue", "held for too long", lambda f: with_receipt(late_watch(f), defers_until=NOW - DAY)),
    InjectedFault("none_overdue", "held by another office", lambda f: with_receipt(late_watch(f), office=PENSIONS)),
    InjectedFault("none_overdue", "held by what stops nothing", lambda f: with_receipt(late_watch(f), stops=())),
    InjectedFault("answers_settled", "left lying", lambda f: with_receipt(f, defers_until=NOW - DAY)),
    InjectedFault("not_backdated", "before it was sent", answered_before_it_was_sent),
    InjectedFault(
        "in_order_of_the_topic",
        "dated back",
        lambda f: changed(f, "answers", {"received_at": MONDAY}, offset=max(one.offset for one in f.answers)),
    ),
    InjectedFault("no_false_breach", "met in time", broken_though_met),
    InjectedFault("no_false_breach", "said for the time being, and never taken back", broken_for_the_time_being),
    InjectedFault("sent_on_in_time", "intake stood still", blamed_for_what_routing_did),
    InjectedFault("no_false_breach", "paused in time", broken_while_paused),
    InjectedFault("no_false_breach", "too early", broken_too_early),
    InjectedFault("no_false_breach", "of no version", broken_in_another_version),
    InjectedFault(
        "no_false_breach", "of no clock", lambda f: without(f, "journal", case_id=LATE, topic=REFERRALS.name)
    ),
    InjectedFault("no_missed_breach", "still open", lambda f: without(f, "journal", type=BREACHED)),
    InjectedFault("no_missed_breach", "finished late", never_said_to_be_broken),
    InjectedFault("no_missed_breach", "broken again after a pause", broken_before_and_after_a_pause),
    InjectedFault("no_missed_breach", "passed on after its end", broken_at_neither_office),
)
