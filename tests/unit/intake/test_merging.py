"""Duplicates go on in one case, which holds the earliest date; a wrong merge is taken back with the time it used."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from contracts.codes import CaseState, ClockKind
from contracts.refusals import Refused
from contracts.submissions import Applicant
from libraries.policies.clock_rules import Trigger
from services.intake.domain import actions, merging
from services.intake.domain.case import Case, expected
from services.intake.domain.change import Change
from services.intake.domain.referral_updates import dispatched
from services.intake.domain.states import MOVES, OVER, TERMINAL, Move
from tests.unit.intake.builders import DAY, LEAD, NOW, OFFICE, in_progress, policy, registered, resolved, said

PERSON = Applicant(name="张示例", phone="0313-0000000")


def at_work() -> Case:
    case = in_progress()
    return replace(case, handling=expected(Trigger.REFERRAL_DISPATCHED, OFFICE, NOW, case.category, policy()))


def another(case: Case, number: int = 2, **changes: object) -> Case:
    return replace(case, id=UUID(int=number), number=f"130722-20260302-0000{number}-1", **changes)  # type: ignore[arg-type]  # fields by name


def merged(survivor: Case, *cases: Case, person: Applicant | None = PERSON) -> list[Change] | Refused:
    named = {f"duplicates[{number}]": case for number, case in enumerate(cases)}
    return merging.merge(survivor, named, NOW, policy(), applicants=dict.fromkeys(named, person), own=PERSON)


def changes(outcome: list[Change] | Refused) -> list[Change]:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def faults(outcome: list[Change] | Refused) -> list[tuple[str, str]]:
    assert isinstance(outcome, Refused)
    return [(fault.field, fault.code) for fault in outcome.faults] or [("", outcome.code)]


def test_duplicates_end_and_the_survivor_says_so_and_owes_the_applicant_a_word() -> None:
    survivor = at_work()
    first, second = another(registered().case, 2), another(at_work(), 3, handling=survivor.handling)
    one, other, own = changes(merged(survivor, first, second))
    for change in (one, other):
        assert change.case.state is CaseState.MERGED
        assert change.case.merged_into == survivor.id
        assert change.case.handling is None
        assert {clock.kind for clock in change.case.clocks} == {ClockKind.RETENTION}
    assert said(one)[0] == "case.merged"
    assert own.case.state is survivor.state
    assert own.case.handling == survivor.handling
    assert own.case.pending_notices == ("merge",)
    assert said(own) == ["case.duplicate_added", "case.duplicate_added", "case.applicant_to_be_told"]


def test_the_case_that_goes_on_holds_the_earliest_date() -> None:
    survivor = at_work()
    assert survivor.handling is not None
    assert survivor.handling.due_at is not None
    sooner = replace(survivor.handling, due_at=survivor.handling.due_at - timedelta(minutes=1))
    assert faults(merged(survivor, another(survivor, handling=sooner))) == [("duplicates[0]", "earlier_date")]
    assert faults(merged(registered().case, another(survivor))) == [("duplicates[0]", "earlier_date")]
    stopped = replace(survivor.handling, due_at=None)
    assert faults(merged(replace(survivor, handling=stopped), another(survivor))) == [("duplicates[0]", "earlier_date")]
    assert changes(merged(survivor, another(survivor, handling=stopped)))


def test_every_fault_of_every_duplicate_is_named_at_once() -> None:
    survivor = at_work()
    cases = (survivor, another(survivor, 3, category="petition.request"), another(resolved(), 4))
    outcome = merged(survivor, *cases)
    assert faults(outcome) == [
        ("duplicates[0]", "itself"),
        ("duplicates[1]", "other_category"),
        ("duplicates[2]", "illegal_move"),
    ]
    assert faults(merged(resolved(), another(survivor))) == [("", "illegal_move")]


def test_another_persons_matter_is_handled_by_itself() -> None:
    survivor = at_work()
    assert faults(merged(survivor, another(survivor), person=None)) == [("duplicates[0]", "other_applicant")]


def test_a_wrong_merge_is_taken_back() -> None:
    survivor = at_work()
    (one, _) = changes(merged(survivor, another(survivor)))
    back, removed = changes(merging.unmerge(one.case, survivor, NOW + DAY, policy()))
    assert back.case.state is CaseState.ACCEPTED
    assert back.case.merged_into is None
    assert back.case.accepted_at == survivor.accepted_at, "it was accepted before, and that counts"
    assert {clock.kind for clock in back.case.clocks} == {ClockKind.DISPATCH}
    assert "case.accepted" not in said(back)
    assert said(removed) == ["case.duplicate_removed"]
    again = dispatched(back.case, NOW + DAY, LEAD, OFFICE, policy())
    assert again.case.state is CaseState.IN_PROGRESS
    assert not again.case.clocks


def test_what_was_never_accepted_is_accepted_by_whoever_parts_it() -> None:
    (one, _) = changes(merged(at_work(), another(registered("petition.request").case, category=at_work().category)))
    back, _ = changes(merging.unmerge(one.case, at_work(), NOW + DAY, policy()))
    assert said(back)[0] == "case.unmerged"
    assert said(back)[-1] == "case.accepted"
    assert back.case.accepted_at == NOW + DAY
    assert {clock.kind for clock in back.case.clocks} == {ClockKind.DISPATCH}


def test_only_a_merged_case_is_parted() -> None:
    outcome = merging.unmerge(at_work(), at_work(), NOW, policy())
    assert isinstance(outcome, Refused)
    assert outcome.code == "illegal_move"
    (one, _) = changes(merged(at_work(), another(at_work())))
    refused = actions.withdraw(one.case, NOW, policy(), reason="applicant_request")
    assert isinstance(refused, Refused)
    assert refused.facts["possible"] == ["unmerge"]


def test_nothing_is_owed_to_a_merged_case() -> None:
    assert CaseState.MERGED in OVER - TERMINAL
    assert {state for (state, move) in MOVES if move is Move.MERGE} == {
        CaseState.REGISTERED,
        CaseState.AWAITING_SUPPLEMENT,
        CaseState.ACCEPTED,
        CaseState.IN_PROGRESS,
        CaseState.SUSPENDED,
    }
