"""The lead got more time: the window owes the applicant a word, until it is put on record that it was given."""

from datetime import timedelta
from uuid import UUID

from contracts.clocks import ClockExtended, LimitBasis
from contracts.codes import CaseState, ClockKind, ReferralRole, ReferralState
from contracts.events.referrals import ReferralExtended
from services.intake.domain import actions
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.referral_updates import step
from tests.unit.intake.builders import LEAD, NOW, OFFICE, code, done, in_progress, policy, resolved, said, window_view

BASIS = LimitBasis(policy_version="v", row="r", source="s")


def extended(case: Case, kind: ClockKind = ClockKind.HANDLING, referral: UUID = LEAD) -> Change:
    clock = ClockExtended(
        clock_id=UUID(int=3),
        kind=kind,
        version=2,
        office=OFFICE,
        area=case.area,
        limit="15wd",
        extensions=("10wd",),
        started_at=NOW,
        due_at=NOW + timedelta(days=30),
        referral_id=referral,
        basis=BASIS,
        added="10wd",
        approver="unit_head",
        reason="complex",
    )
    event = ReferralExtended(
        case_id=case.id,
        referral_id=referral,
        office=OFFICE,
        role=ReferralRole.LEAD,
        state=ReferralState.IN_PROGRESS,
        at=NOW,
        clocks=(clock,),
    )
    return step(Change(case=case, at=NOW), event, policy())


def test_an_extension_is_owed_to_the_applicant_until_it_was_told() -> None:
    change = extended(in_progress())
    assert said(change) == ["case.applicant_to_be_told"]
    assert window_view(change.case, policy()).applicant_untold == ("extension",)
    answer_by = window_view(change.case, policy()).answer_by
    assert answer_by is not None
    assert answer_by.limit == "15wd+10wd"
    told = done(actions.applicant_told(change.case, NOW, about="extension"))
    assert said(told) == ["case.applicant_told"]
    assert told.case.pending_notices == ()
    assert code(actions.applicant_told(told.case, NOW, about="extension")) == "nothing_to_tell"


def test_two_extensions_owe_one_word() -> None:
    assert extended(extended(in_progress()).case).case.pending_notices == ("extension",)


def test_more_time_of_a_co_handler_or_of_an_older_lead_is_not_the_applicants() -> None:
    assert extended(in_progress(), ClockKind.CO_HANDLING).case.pending_notices == ()
    assert extended(in_progress(), referral=UUID(int=99)).case.pending_notices == ()


def test_late_news_of_a_case_that_is_over_owes_nothing() -> None:
    case = resolved()
    assert case.state is CaseState.RESOLVED
    assert extended(case).case.pending_notices == ()
