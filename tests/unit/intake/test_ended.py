"""Clocks of the window that ended, from the story of a case: as they were, and as they were counted."""

from dataclasses import replace

from contracts.codes import ClockKind, ClockStatus
from libraries.clocks.explaining import explained
from services.intake.domain import actions
from services.intake.domain.change import Change
from services.intake.domain.ended import ended_clocks
from tests.unit.intake.builders import DAY, NOW, done, needs_material, policy, registered


def supplemented() -> tuple[Change, ...]:
    category, missing = needs_material()
    first = registered(category)
    asked = done(actions.request_supplement(first.case, NOW + DAY, policy(), missing=missing, override=False))
    return first, asked, done(actions.supplement(asked.case, NOW + 4 * DAY, policy(), materials=missing))


def test_a_clock_that_was_paused_and_met_is_the_one_that_ran() -> None:
    changes = supplemented()
    (running,) = [clock for clock in changes[1].case.clocks if clock.kind is ClockKind.ACCEPTANCE]
    assert running.status is ClockStatus.PAUSED
    story = [event for change in changes for event in change.events]
    found = next(clock for clock in ended_clocks(story, policy()) if clock.kind is ClockKind.ACCEPTANCE)
    at = NOW + 4 * DAY
    assert found.stopped_at == at
    was = running.resume(at).stop(at, ClockStatus.MET)
    unknown = {
        "version": was.version,
        "announced_dates": None,
        "terms": replace(found.terms, due_soon_share=0, warnings=()),
    }
    assert replace(found, **unknown) == replace(was, **unknown)
    assert {clock.id for clock in changes[-1].case.clocks}.isdisjoint(c.id for c in ended_clocks(story, policy()))
    told = explained(found, policy())
    assert told["told_due_at"] is None
    assert [day["reason"] for day in told["days"]].count("paused") == len(was.pauses) * 3


def test_without_its_row_the_law_that_was_told_stands() -> None:
    story = [event for change in supplemented() for event in change.events]
    bare = replace(policy(), limits=())
    for clock in ended_clocks(story, bare):
        assert explained(clock, bare)["basis"].source


def test_an_open_clock_is_no_ended_one() -> None:
    first = registered(needs_material()[0])
    assert first.case.clocks
    assert ended_clocks(first.events, policy()) == ()
