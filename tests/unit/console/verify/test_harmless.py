"""What looks odd and is right: the oracle must not cry wolf."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from console.verify.registry import CHECKS, MOST_FAULTS, check, fresh_results, run
from console.verify.snapshot import Facts, Fault
from contracts.topics import CASES
from tests.unit.console.verify.clock_plants import a_watch, late_watch, with_receipt
from tests.unit.console.verify.histories import PENSIONS
from tests.unit.console.verify.look import ELSEWHERE, NOW, sent
from tests.unit.console.verify.planting import changed, doubled, stray, without
from tests.unit.console.verify.plants import CLOSED, LATE, NOBODY, PENSIONS_TOPIC
from tests.unit.console.verify.stories import all_well


def said_again(facts: Facts) -> Facts:
    """A replay sends everything a second time, behind the first."""
    again = [record._replace(offset=record.offset + 1000) for record in facts.heard]
    return replace(facts, heard=[*facts.heard, *again])


def said_since(facts: Facts) -> Facts:
    """The next record of a case, and the first of a case that came after the look."""
    later = stray(stray(facts), case_id=NOBODY, key=str(NOBODY), sequence=1)
    return replace(later, said_since={(record.event_id, record.topic) for record in later.unsaid()})


def on_the_move(facts: Facts) -> Facts:
    """A case of which notify and routing have not heard yet is not compared."""
    facts = without(without(facts, "noted", case_id=CLOSED), "legs", case_id=CLOSED)
    return replace(facts, settled=facts.settled - {CLOSED})


def long_ago(facts: Facts) -> Facts:
    """The days on which a story began were dropped from the journals, and from the topics."""
    facts = without(facts, "said", case_id=LATE, service="intake")
    facts = without(facts, "heard", case_id=LATE, writer="intake")
    return replace(facts, truncated=True, whole=facts.whole - {CASES.name})


def long_ago_on_a_new_broker(facts: Facts) -> Facts:
    """The journals filled the topics again, with what they still had."""
    old = {"case_id": LATE, "service": "intake", "sequence": 1}
    facts = replace(without(facts, "said", **old), truncated=True)
    return replace(facts, heard=[*sent(facts.said)])


def without_kafka(facts: Facts) -> Facts:
    """An office that does not speak Kafka has no topic."""
    facts = without(without(facts, "said", topic=PENSIONS_TOPIC), "heard", topic=PENSIONS_TOPIC)
    return replace(facts, kafka_offices=facts.kafka_offices - {PENSIONS})


def answered_in_time(facts: Facts) -> Facts:
    """A breach waits for an answer that was received before it, and that routing has yet to read."""
    return with_receipt(late_watch(facts))


def just_due(facts: Facts) -> Facts:
    """Notify has a moment to say what is due."""
    return a_watch(facts, next_fire_at=NOW - timedelta(minutes=1))


def sent_elsewhere(facts: Facts) -> Facts:
    """A coordinator may choose any office below its own."""
    return changed(facts, "referrals", {"office": f"education-{ELSEWHERE}", "by_hand": True}, case_id=LATE)


HARMLESS = {
    "said_again": (said_again, None),
    "said_since": (said_since, None),
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
def test_an_oddity_is_no_fault(oddity: Callable[[Facts], Facts], asked: str | None) -> None:
    results = fresh_results(with_kafka=True)
    run(oddity(all_well()), results)
    assert [fault for name, result in results.items() if asked in (None, name) for fault in result.faults] == []


def test_without_kafka_the_topics_are_not_judged() -> None:
    assert fresh_results(with_kafka=False).keys() == {name for name, one in CHECKS.items() if not one.needs_kafka}


def test_a_list_of_faults_ends_but_the_count_goes_on() -> None:
    @check("a check that finds everything wrong")
    def all_wrong(facts: Facts) -> object:
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
    facts = doubled(all_well(), "alerts", ended, case_id=LATE)
    assert [fault for fault in look(facts) if fault is not None] == []
    told = doubled(all_well(), "alerts", {**ended, "level": "last_day"}, case_id=LATE)
    assert len([fault for fault in look(told) if fault is not None]) == 1
