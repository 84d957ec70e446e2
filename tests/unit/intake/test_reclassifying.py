"""A window puts right which matter it is while it has it; after that the case follows routing. And what is possible."""

from dataclasses import replace

import pytest

from contracts.codes import CaseState, ClockKind
from contracts.events.cases import CaseReclassified
from contracts.refusals import Refused
from services.intake.domain.actions import decline, request_supplement
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.possible import possible_now, with_possible
from services.intake.domain.reclassifying import reclassify
from tests.unit.intake.builders import (
    DAY,
    NOW,
    OFFICE,
    code,
    done,
    in_progress,
    needs_material,
    policy,
    registered,
    resolved,
    said,
)

WINDOW, COORDINATOR = "township-130722100000", "civil_affairs-130722000000"


def becomes(case: Case, category: str = "", *, area: str = "", reason: str = "wrong_category") -> Change | Refused:
    return reclassify(Change(case=case, at=NOW + DAY), policy(), category=category, area=area, reason=reason)


def waiting() -> Case:
    """For a clerk's word."""
    return registered("petition.request").case


def until(case: Case, kind: ClockKind = ClockKind.ACCEPTANCE) -> object:
    (clock,) = [clock for clock in case.clocks if clock.kind is kind]
    return clock.started_at, str(clock.terms.limit)


def test_the_windows_time_goes_on_from_where_it_began_by_the_law_of_the_matter() -> None:
    case = waiting()
    category, materials = needs_material()
    change = done(becomes(case, category))
    assert (until(case), until(change.case)) == ((NOW, "15d"), (NOW, "5wd"))
    assert (change.case.category, change.case.field.value) == (category, category.partition(".")[0])
    assert change.case.missing == materials
    told = change.events[0]
    assert isinstance(told, CaseReclassified)
    assert (told.category_before, told.category, told.missing) == ("petition.request", category, materials)
    (acceptance,) = [clock for clock in change.case.clocks if clock.kind is ClockKind.ACCEPTANCE]
    assert acceptance.continues in {clock.id for clock in case.clocks}
    assert until(change.case, ClockKind.SUPPLEMENT_NOTICE) == (NOW, "5wd")


def test_what_lacks_nothing_any_more_and_needs_no_clerk_is_accepted() -> None:
    change = done(becomes(waiting(), "civil_affairs.unclassified"))
    assert change.case.state is CaseState.ACCEPTED
    assert [one for one in said(change) if one.startswith("case.")] == ["case.reclassified", "case.accepted"]


def test_what_was_handed_in_stays_and_what_the_window_asked_for_beyond_too() -> None:
    category, (first, *_) = needs_material()
    case = replace(waiting(), required=("power_of_attorney",), materials=(first,))
    change = done(becomes(case, category))
    assert first not in change.case.missing
    assert "power_of_attorney" in change.case.missing


def test_a_clock_that_stands_still_stands_still() -> None:
    category, materials = needs_material()
    asked = done(request_supplement(registered(category).case, NOW, policy(), missing=materials, override=False)).case
    change = done(becomes(asked, "petition.request"))
    assert change.case.state is CaseState.AWAITING_SUPPLEMENT
    (acceptance,) = [clock for clock in change.case.clocks if clock.kind is ClockKind.ACCEPTANCE]
    assert (acceptance.pauses[-1].start, acceptance.pauses[-1].end) == (NOW, None)


@pytest.mark.parametrize(
    ("category", "area", "reason", "refusal"),
    [
        ("", "", "wrong_category", "same_matter"),
        ("no.such", "", "wrong_category", "unknown_category"),
        ("", "990000", "wrong_category", "unknown_area"),
        ("education.student_aid", "", "because", "unknown_reason"),
    ],
)
def test_what_is_refused_says_why(category: str, area: str, reason: str, refusal: str) -> None:
    assert code(becomes(waiting(), category, area=area, reason=reason)) == refusal


def test_all_that_is_wrong_is_said_at_once() -> None:
    refused = becomes(waiting(), "no.such", area="990000", reason="because")
    assert isinstance(refused, Refused)
    assert [fault.field for fault in refused.faults] == ["category", "area", "reason"]


def test_once_offices_have_it_the_coordinator_reclassifies() -> None:
    case = in_progress()
    refused = becomes(case, "education.school_placement")
    assert isinstance(refused, Refused)
    possible = {one.act: one for one in with_possible(refused, case, policy(), NOW).possible}
    assert refused.code == "illegal_move"
    assert possible["reclassify"].by == (COORDINATOR,)


def acts(case: Case) -> dict[str, tuple[str, ...]]:
    return {one.act: one.by for one in possible_now(case, policy(), NOW + DAY)}


def test_a_refusal_names_what_is_possible_by_whom_and_until_when() -> None:
    case = waiting()
    assert acts(case).keys() == {
        "request-supplement",
        "supplement",
        "accept",
        "decline",
        "withdraw",
        "reclassify",
        "merge",
    }
    accept = next(one for one in possible_now(case, policy(), NOW) if one.act == "accept")
    assert (accept.by, accept.until is not None) == ((WINDOW,), True)
    refused = decline(resolved(), NOW + DAY, policy(), reason="out_of_scope", go_to=OFFICE)
    assert isinstance(refused, Refused)
    said = with_possible(refused, resolved(), policy(), NOW + DAY)
    assert [one.act for one in said.possible] == ["callback", "reopen"]
    assert said.facts["possible"] == ["callback", "reopen"]


def test_a_second_notice_is_a_superiors() -> None:
    category, materials = needs_material()
    once = replace(registered(category).case, notices=1)
    refused = request_supplement(once, NOW, policy(), missing=materials, override=False)
    assert code(refused) == "notice_already_given"
    assert acts(once)["request-supplement"] == (COORDINATOR,)


def test_a_right_that_is_over_is_not_offered() -> None:
    over = replace(resolved(), state=CaseState.CLOSED)
    assert [one.act for one in possible_now(over, policy(), NOW + DAY)] == ["reopen"]
    assert possible_now(over, policy(), NOW + 90 * DAY) == ()


def test_what_is_wrong_with_the_words_says_only_that() -> None:
    refused = becomes(waiting(), "no.such")
    assert isinstance(refused, Refused)
    assert with_possible(refused, waiting(), policy(), NOW).possible == ()
