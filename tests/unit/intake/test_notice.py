"""What is missing is told once and completely (一次性告知), and acceptance looks at what is really there."""

import itertools

import pytest

from contracts.codes import CaseState, ClockKind
from contracts.events.cases import CaseAccepted, CaseSupplemented, CaseSupplementRequested
from libraries.clocks.wording import describe
from services.intake.domain import actions
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from tests.unit.intake.builders import DAY, NOW, code, done, policy, registered, said, window_view

CATEGORY = "civil_affairs.subsistence_allowance"
FIRST, SECOND, THIRD = (one.code for one in policy().categories[CATEGORY].materials)
ELSEWHERE = "medical_invoices"
"""Known to the policy, but nothing that this matter asks for."""


def noticed(case: Case, *missing: str, override: bool = False) -> Change:
    return done(actions.request_supplement(case, NOW + DAY, policy(), missing=missing, override=override))


def handed_in(case: Case, *materials: str) -> Change:
    return done(actions.supplement(case, NOW + 2 * DAY, policy(), materials=materials))


def words(change: Change) -> list[str]:
    return [told[0] for event in change.events if (told := describe(event, policy())) is not None]


def test_a_notice_that_names_a_part_tells_the_whole() -> None:
    change = noticed(registered(CATEGORY).case, SECOND)
    assert change.case.missing == (FIRST, SECOND, THIRD)
    (told,) = [event for event in change.events if isinstance(event, CaseSupplementRequested)]
    assert told.missing == (FIRST, SECOND, THIRD)
    assert words(change)[0].split("；")[0] == "一次性告知补正 3 件材料：户口簿、居民身份证、家庭经济状况核对授权书"


def test_what_was_named_alone_and_handed_in_makes_no_case_whole() -> None:
    change = handed_in(noticed(registered(CATEGORY).case, SECOND).case, SECOND)
    assert (change.case.state, change.case.missing) == (CaseState.REGISTERED, (FIRST, THIRD))
    assert said(change) == ["case.supplemented", "clock.met", "clock.resumed"]
    assert words(change)[0].split("；")[0] == "收到材料：居民身份证，尚缺：户口簿、家庭经济状况核对授权书"


@pytest.mark.parametrize("order", list(itertools.permutations((FIRST, SECOND, THIRD))))
def test_it_is_accepted_with_the_last_piece_whatever_came_first(order: tuple[str, ...]) -> None:
    case = noticed(registered(CATEGORY).case).case
    for piece in order[:-1]:
        case = handed_in(case, piece).case
        assert case.state is CaseState.REGISTERED
    change = handed_in(case, order[-1])
    assert (change.case.state, change.case.missing) == (CaseState.ACCEPTED, ())
    assert words(change)[:2] == [f"收到材料：{material(order[-1])}，补正齐全", "受理"]


def material(wanted: str) -> str:
    return next(one.zh for one in policy().categories[CATEGORY].materials if one.code == wanted)


def test_what_nobody_asked_for_completes_nothing_and_stands_on_record() -> None:
    change = handed_in(noticed(registered(CATEGORY).case).case, ELSEWHERE)
    assert (change.case.state, change.case.missing) == (CaseState.REGISTERED, (FIRST, SECOND, THIRD))
    assert change.case.materials == (ELSEWHERE,)
    (told,) = [event for event in change.events if isinstance(event, CaseSupplemented)]
    assert (told.materials, told.missing) == ((ELSEWHERE,), (FIRST, SECOND, THIRD))
    assert "齐全" not in words(change)[0]


def test_a_window_may_ask_for_more_than_the_list() -> None:
    case = noticed(registered(CATEGORY, FIRST).case, ELSEWHERE).case
    assert case.missing == (SECOND, THIRD, ELSEWHERE)
    partly = handed_in(case, SECOND, THIRD).case
    assert (partly.state, partly.missing) == (CaseState.REGISTERED, (ELSEWHERE,))
    assert handed_in(partly, ELSEWHERE).case.state is CaseState.ACCEPTED


def test_what_was_handed_in_and_is_asked_for_again_is_missing_again() -> None:
    """A blurred copy of the identity card."""
    case = registered(CATEGORY, FIRST, SECOND).case
    assert case.missing == (THIRD,)
    again = noticed(case, FIRST).case
    assert (again.missing, again.materials) == ((FIRST, THIRD), (SECOND,))
    assert handed_in(again, THIRD).case.state is CaseState.REGISTERED
    assert handed_in(again, THIRD, FIRST).case.state is CaseState.ACCEPTED


def test_a_second_notice_is_as_whole_as_the_first() -> None:
    partly = handed_in(noticed(registered(CATEGORY).case).case, FIRST).case
    refused = actions.request_supplement(partly, NOW + 3 * DAY, policy(), missing=(), override=False)
    assert code(refused) == "notice_already_given"
    second = noticed(partly, ELSEWHERE, override=True)
    assert second.case.missing == (SECOND, THIRD, ELSEWHERE)
    assert second.case.notices == 2


def test_material_may_come_before_anybody_asked() -> None:
    case = registered(CATEGORY, FIRST).case
    partly = handed_in(case, SECOND)
    assert said(partly) == ["case.supplemented"]
    whole = handed_in(partly.case, THIRD)
    assert whole.case.state is CaseState.ACCEPTED
    assert ClockKind.SUPPLEMENT_NOTICE not in {clock.kind for clock in whole.case.clocks}


def test_a_matter_without_a_list_lacks_what_the_window_names() -> None:
    case = registered("petition.request").case
    nothing = actions.request_supplement(case, NOW, policy(), missing=(), override=False)
    assert code(nothing) == "missing"
    asked = noticed(case, "identity_card").case
    assert asked.missing == ("identity_card",)
    back = handed_in(asked, "identity_card").case
    assert (back.state, back.missing) == (CaseState.REGISTERED, ()), "a clerk decides on it"


@pytest.mark.parametrize("wanted", ["no_such_paper", "身份证"])
def test_a_code_that_the_policy_does_not_know_is_refused_at_both_acts(wanted: str) -> None:
    case = registered(CATEGORY).case
    assert (
        code(actions.request_supplement(case, NOW, policy(), missing=(wanted,), override=False)) == "unknown_material"
    )
    assert code(actions.supplement(case, NOW, policy(), materials=(FIRST, wanted))) == "unknown_material"


def test_named_twice_is_asked_and_handed_in_once() -> None:
    case = noticed(registered(CATEGORY).case, FIRST, FIRST, ELSEWHERE, ELSEWHERE).case
    assert case.missing == (FIRST, SECOND, THIRD, ELSEWHERE)
    assert handed_in(case, FIRST, FIRST).case.materials == (FIRST,)


def test_what_lay_with_the_registration_counts_asked_for_or_not() -> None:
    case = registered(CATEGORY, ELSEWHERE, FIRST).case
    assert (case.state, case.materials, case.missing) == (CaseState.REGISTERED, (ELSEWHERE, FIRST), (SECOND, THIRD))
    assert registered(CATEGORY, THIRD, ELSEWHERE, FIRST, SECOND).case.state is CaseState.ACCEPTED


def test_a_clerk_may_take_it_on_without_and_that_stands_on_record() -> None:
    case = handed_in(noticed(registered(CATEGORY).case).case, FIRST, SECOND).case
    change = done(actions.accept(case, NOW + 3 * DAY, policy()))
    (told,) = [event for event in change.events if isinstance(event, CaseAccepted)]
    assert told.missing == (THIRD,)
    assert words(change)[0] == "受理（容缺：家庭经济状况核对授权书）"
    assert window_view(change.case, policy()).missing == (THIRD,), "it is still owed"
