"""What goes wrong elsewhere with a case's own clocks, one test each: the name says the defect that is not here."""

from dataclasses import replace
from datetime import timedelta

from contracts.codes import ClockKind
from services.intake.domain import actions
from services.intake.domain.change import Change
from tests.unit.intake.builders import DAY, NOW, code, done, needs_material, policy, registered, resolved


def test_the_time_to_open_a_case_again_is_counted_from_when_it_was_solved_and_not_from_the_last_edit() -> None:
    case = replace(resolved(), pending_notices=("extension",))
    edited = done(actions.applicant_told(case, NOW + 14 * DAY, about="extension")).case
    assert isinstance(actions.reopen(edited, NOW + 22 * DAY, policy(), reason="not_satisfied"), Change)
    late = actions.reopen(edited, NOW + 23 * DAY, policy(), reason="not_satisfied")
    assert code(late) == "reopen_window_over"


def test_the_window_s_clock_does_not_run_while_the_applicant_has_the_word() -> None:
    category, missing = needs_material()
    case = registered(category).case
    case = done(actions.request_supplement(case, NOW + DAY, policy(), missing=missing, override=False)).case
    clock = next(clock for clock in case.clocks if clock.kind is ClockKind.ACCEPTANCE)
    assert clock.due(policy().calendar).due_at is None
    case = done(actions.supplement(case, NOW + timedelta(days=29), policy(), materials=missing[:1])).case
    resumed = next(clock for clock in case.clocks if clock.kind is ClockKind.ACCEPTANCE)
    end = resumed.due(policy().calendar).due_at
    assert end is not None
    assert end > NOW + timedelta(days=29)
