"""Planted faults in clocks, watches and alerts."""

from dataclasses import replace
from datetime import timedelta

import msgspec

from console.verify.snapshot import Facts, ReceiptRow, WatchRow
from contracts.clocks import ClockCancelled
from contracts.codes import ClockKind, ClockStatus, Doubt, ReferralRole, ReferralState
from contracts.events import clocks
from contracts.topics import REFERRALS
from tests.unit.console.verify.histories import DAY, EDUCATION, MONDAY, PENSIONS, History, known_as
from tests.unit.console.verify.look import NOW, together
from tests.unit.console.verify.planting import Plant, changed, doubled, of_type, without
from tests.unit.console.verify.plants import CLOSED, LATE, NOBODY, PAUSED
from tests.unit.console.verify.stories import late

HANDLING = ClockKind.HANDLING
BREACHED = of_type("clock.breached")
PAUSED_LEAD = known_as(4, 3, 1)


def dispatched() -> History:
    told = History(1)
    told.is_registered()
    told.is_accepted()
    told.is_dispatched(co=None)
    return told


def broken_though_met(_: Facts) -> Facts:
    told = dispatched()
    told.ends("routing", HANDLING, MONDAY + 9 * DAY)
    told.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(told)


def broken_while_paused(_: Facts) -> Facts:
    told = dispatched()
    clock_id = told.clock(HANDLING)
    service, running = told.clocks[clock_id]
    told.pauses(HANDLING, MONDAY + 9 * DAY)
    told.clocks[clock_id] = service, running
    told.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(told)


def broken_too_early(_: Facts) -> Facts:
    told = dispatched()
    told.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 19 * DAY)
    return together(told)


def broken_in_another_version(_: Facts) -> Facts:
    told = late()
    clock_id = told.clock(HANDLING)
    service, clock = told.clocks[clock_id]
    told.clocks[clock_id] = service, msgspec.structs.replace(clock, version=7)
    told.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY)
    return together(told)


def never_said_to_be_broken(_: Facts) -> Facts:
    told = dispatched()
    told.ends("routing", HANDLING, MONDAY + 25 * DAY)
    return together(told)


def broken_at_neither_office(_: Facts) -> Facts:
    """It goes on elsewhere after its end, and nobody ever said that it broke."""
    told = dispatched()
    told.ends("routing", HANDLING, MONDAY + 22 * DAY, ClockCancelled)
    told.begins("routing", ClockKind.REVIEW, days=20, continues=told.clock(HANDLING))
    told.change(WatchRow, told.clock(ClockKind.REVIEW), status=ClockStatus.BREACHED, next_alert=None)
    return together(told)


def broken_before_and_after_a_pause(_: Facts) -> Facts:
    """The breach of the first version was said, that of the longer third was not."""
    told = late(1)
    told.pauses(HANDLING, MONDAY + 21 * DAY)
    told.resumes(HANDLING, MONDAY + 22 * DAY, MONDAY + 30 * DAY)
    return together(told)


def a_watch(facts: Facts, **changes: object) -> Facts:
    return changed(facts, "watches", changes, case_id=PAUSED, kind=HANDLING)


def with_receipt(facts: Facts, **changes: object) -> Facts:
    """An answer that came at the beginning to the referral of the paused case, and may still be on its way."""
    came = ReceiptRow(PAUSED_LEAD, EDUCATION, "f1", MONDAY, (HANDLING,), NOW + DAY)
    return replace(facts, receipts=[came._replace(**changes)])


def late_watch(facts: Facts) -> Facts:
    return a_watch(facts, next_alert="breached", due_at=NOW - DAY)


def broken_for_the_time_being(_: Facts) -> Facts:
    """It was met in time, and nobody took the breach back."""
    told = dispatched()
    told.alerts_of(HANDLING, clocks.ClockBreached, MONDAY + 21 * DAY, doubts=(Doubt.ANSWER,))
    told.ends("routing", HANDLING, MONDAY + 9 * DAY)
    return together(told)


def blamed_for_what_routing_did(_: Facts) -> Facts:
    """Intake stands still: it has not said yet that its clock was met, and may never say it."""
    told = History(1)
    told.is_registered()
    told.is_accepted()
    told.begins("intake", ClockKind.DISPATCH, days=2)
    told.is_dispatched(co=None)
    told.alerts_of(ClockKind.DISPATCH, clocks.ClockBreached, MONDAY + 3 * DAY)
    return together(told)


def answered_before_it_was_sent(_: Facts) -> Facts:
    told = dispatched()
    told.is_heard(ReferralRole.LEAD, MONDAY + DAY - timedelta(seconds=1))
    return together(told)


URGED = of_type("supervision.urged")
CLOCK_PLANTS = (
    Plant("waits_watched", "for material", lambda f: without(f, "watches", kind=ClockKind.SUPPLEMENT)),
    Plant("waits_watched", "on hold", lambda f: without(f, "watches", kind=ClockKind.HOLD_REVIEW)),
    Plant(
        "waits_watched",
        "on hold, after the review had ended",
        lambda f: changed(f, "watches", {"ended_at": MONDAY}, kind=ClockKind.HOLD_REVIEW),
    ),
    Plant(
        "waits_watched",
        "for the decision on a return",
        lambda f: changed(f, "referrals", {"state": ReferralState.RETURN_REQUESTED}, case_id=LATE),
    ),
    Plant("watched", "nobody watches", lambda f: without(f, "watches", case_id=PAUSED)),
    Plant("watched", "an older version", lambda f: a_watch(f, version=2)),
    Plant("watched", "another date", lambda f: a_watch(f, due_at=NOW + 2 * DAY)),
    Plant("watched", "ended too soon", lambda f: a_watch(f, status=ClockStatus.MET, ended_at=NOW)),
    Plant("watched", "never ended", lambda f: changed(f, "watches", {"ended_at": None}, case_id=CLOSED)),
    Plant("watched", "over no clock", lambda f: doubled(f, "watches", {"clock_id": NOBODY})),
    Plant("clocks_as_said", "routing lost it", lambda f: without(f, "clocks", case_id=PAUSED)),
    Plant("clocks_as_said", "never spoken of", lambda f: doubled(f, "clocks", {"clock_id": NOBODY})),
    Plant("clocks_as_said", "still running", lambda f: changed(f, "clocks", {"status": "running"}, case_id=CLOSED)),
    Plant("clocks_as_said", "already over", lambda f: changed(f, "clocks", {"status": "met"}, case_id=PAUSED)),
    Plant("clocks_as_said", "another date", lambda f: changed(f, "clocks", {"due_at": NOW}, case_id=PAUSED)),
    Plant("clocks_as_said", "another version", lambda f: changed(f, "clocks", {"version": 9}, case_id=PAUSED)),
    Plant("fired_once", "said twice", lambda f: doubled(f, "said", {"event_id": NOBODY, "sequence": 3}, type=BREACHED)),
    Plant("fired_once", "a level that was not said", lambda f: changed(f, "alerts", {"level": "80%"}, case_id=LATE)),
    Plant("fired_once", "listed twice", lambda f: doubled(f, "alerts", {"event_id": NOBODY})),
    Plant("fired_once", "said, not listed", lambda f: without(f, "alerts", type="clock.breached")),
    Plant("fired_once", "listed, not said", lambda f: without(f, "said", type=BREACHED)),
    Plant("climbed_once", "twice", lambda f: doubled(f, "said", {"event_id": NOBODY, "sequence": 4}, type=URGED)),
    Plant("climbed_once", "without a breach", lambda f: without(f, "said", type=BREACHED)),
    Plant("none_overdue", "a reminder", lambda f: a_watch(f, next_fire_at=NOW - DAY)),
    Plant("none_overdue", "a breach", lambda f: a_watch(f, next_alert="breached", due_at=NOW - DAY)),
    Plant(
        "none_overdue",
        "a breach, and an answer that came later",
        lambda f: with_receipt(late_watch(f), received_at=NOW),
    ),
    Plant(
        "none_overdue",
        "a reminder, which no answer holds",
        lambda f: with_receipt(a_watch(f, next_fire_at=NOW - DAY)),
    ),
    Plant("none_overdue", "held for too long", lambda f: with_receipt(late_watch(f), holds_until=NOW - DAY)),
    Plant("none_overdue", "held by another office", lambda f: with_receipt(late_watch(f), office=PENSIONS)),
    Plant("none_overdue", "held by what stops nothing", lambda f: with_receipt(late_watch(f), stops=())),
    Plant("answers_settled", "left lying", lambda f: with_receipt(f, holds_until=NOW - DAY)),
    Plant("not_backdated", "before it was sent", answered_before_it_was_sent),
    Plant(
        "in_order_of_the_topic",
        "dated back",
        lambda f: changed(f, "answers", {"received_at": MONDAY}, offset=max(one.offset for one in f.answers)),
    ),
    Plant("no_false_breach", "met in time", broken_though_met),
    Plant("no_false_breach", "said for the time being, and never taken back", broken_for_the_time_being),
    Plant("sent_on_in_time", "intake stood still", blamed_for_what_routing_did),
    Plant("no_false_breach", "paused in time", broken_while_paused),
    Plant("no_false_breach", "too early", broken_too_early),
    Plant("no_false_breach", "of no version", broken_in_another_version),
    Plant("no_false_breach", "of no clock", lambda f: without(f, "said", case_id=LATE, topic=REFERRALS.name)),
    Plant("no_missed_breach", "still open", lambda f: without(f, "said", type=BREACHED)),
    Plant("no_missed_breach", "finished late", never_said_to_be_broken),
    Plant("no_missed_breach", "broken again after a pause", broken_before_and_after_a_pause),
    Plant("no_missed_breach", "passed on after its end", broken_at_neither_office),
)
