"""What looks odd and is right: the oracle must not cry wolf."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from console.verify.registry import CHECKS, MOST_FAULTS, check, fresh_results, run
from console.verify.snapshot import Fault, Snapshot
from contracts.topics import CASES
from tests.unit.console.verify.injected_clock_faults import a_watch, late_watch, with_receipt
from tests.unit.console.verify.injected_faults import CLOSED, LATE, NOBODY, PENSIONS_TOPIC
from tests.unit.console.verify.injecting import changed, doubled, stray, without
from tests.unit.console.verify.scenario import PENSIONS
from tests.unit.console.verify.scenarios import all_well
from tests.unit.console.verify.snapshots import ELSEWHERE, NOW, sent


def published_again(snapshot: Snapshot) -> Snapshot:
    """A replay sends everything a second time, behind the first."""
    again = [record._replace(offset=record.offset + 1000) for record in snapshot.records]
    return replace(snapshot, records=[*snapshot.records, *again])


def journaled_since(snapshot: Snapshot) -> Snapshot:
    """The next record of a case, and the first of a case that came after the look."""
    later = stray(stray(snapshot), case_id=NOBODY, key=str(NOBODY), sequence=1)
    return replace(later, journaled_since={(record.event_id, record.topic) for record in later.unjournaled()})


def on_the_move(snapshot: Snapshot) -> Snapshot:
    """A case of which notify and routing have not heard yet is not compared."""
    snapshot = without(without(snapshot, "notify_cases", case_id=CLOSED), "referral_status", case_id=CLOSED)
    return replace(snapshot, settled=snapshot.settled - {CLOSED})


def long_ago(snapshot: Snapshot) -> Snapshot:
    """The days on which a story began were dropped from the journals, and from the topics."""
    snapshot = without(snapshot, "journal", case_id=LATE, service="intake")
    snapshot = without(snapshot, "records", case_id=LATE, writer="intake")
    return replace(snapshot, truncated=True, whole=snapshot.whole - {CASES.name})


def long_ago_on_a_new_broker(snapshot: Snapshot) -> Snapshot:
    """The journals filled the topics again, with what they still had."""
    old = {"case_id": LATE, "service": "intake", "sequence": 1}
    snapshot = replace(without(snapshot, "journal", **old), truncated=True)
    return replace(snapshot, records=[*sent(snapshot.journal)])


def without_kafka(snapshot: Snapshot) -> Snapshot:
    """An office that does not speak Kafka has no topic."""
    snapshot = without(without(snapshot, "journal", topic=PENSIONS_TOPIC), "records", topic=PENSIONS_TOPIC)
    return replace(snapshot, kafka_offices=snapshot.kafka_offices - {PENSIONS})


def answered_in_time(snapshot: Snapshot) -> Snapshot:
    """A breach waits for an answer that was received before it, and that routing has yet to read."""
    return with_receipt(late_watch(snapshot))


def just_due(snapshot: Snapshot) -> Snapshot:
    """Notify has a moment to say what is due."""
    return a_watch(snapshot, next_fire_at=NOW - timedelta(minutes=1))


def sent_elsewhere(snapshot: Snapshot) -> Snapshot:
    """A coordinator may choose any office below its own."""
    return changed(snapshot, "referrals", {"office": f"education-{ELSEWHERE}", "by_hand": True}, case_id=LATE)


HARMLESS = {
    "said_again": (published_again, None),
    "said_since": (journaled_since, None),
    "on_the_move": (on_the_move, None),
    "long_ago": (long_ago, None),
    "long_ago_on_a_new_broker": (long_ago_on_a_new_broker, None),
    "without_kafka": (without_kafka, None),
    "answered_in_time": (answered_in_time, "none_overdue"),
    "just_due": (just_due, "none_overdue"),
    "sent_elsewhere": (sent_elsewhere, "follows_its_area"),
}
"""With the one check that is asked, where the rest of the story was left as it was."""


@pytest.mark.parametrize(("oddity", "asked"), HARMLESS.values(), ids=HARMLESS)
def test_an_oddity_is_no_fault(oddity: Callable[[Snapshot], Snapshot], asked: str | None) -> None:
    results = fresh_results(with_kafka=True)
    run(oddity(all_well()), results)
    assert [fault for name, result in results.items() if asked in (None, name) for fault in result.faults] == []


def test_without_kafka_the_topics_are_not_judged() -> None:
    assert fresh_results(with_kafka=False).keys() == {name for name, one in CHECKS.items() if not one.needs_kafka}


def test_a_list_of_faults_ends_but_the_count_goes_on() -> None:
    @check("a check that finds everything wrong")
    def all_wrong(snapshot: Snapshot) -> object:
        return (Fault(detail="wrong") for _ in range(MOST_FAULTS + 1))

    try:
        results = {name: result for name, result in fresh_results(with_kafka=False).items() if name == "all_wrong"}
        run(all_well(), results)
    finally:
        del CHECKS["all_wrong"]
    assert results["all_wrong"].wrong == MOST_FAULTS + 1
    assert len(results["all_wrong"].faults) == MOST_FAULTS


def test_the_end_of_time_that_was_only_offered_is_said_to_nobody_in_particular() -> None:
    ended = {"type": "clock.due", "recipients": ()}
    look = CHECKS["told_to_somebody"].look
    snapshot = doubled(all_well(), "alerts", ended, case_id=LATE)
    assert [fault for fault in look(snapshot) if fault is not None] == []
    scenario = doubled(all_well(), "alerts", {**ended, "level": "last_day"}, case_id=LATE)
    assert len([fault for fault in look(scenario) if fault is not None]) == 1
