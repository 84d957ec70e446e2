"""Which documents an event of routing or notify causes, and what they say beside the facts of the case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.clocks import ClockExtended, ClockFacts
from contracts.codes import LEAD_WORK, WORK, ReferralRole
from contracts.documents import DocumentKind
from contracts.events import CaseBound
from contracts.events.alerts import Supervision, SupervisionListed, SupervisionSupervised
from contracts.events.cases import CaseApplicantToBeTold, CaseResolved, CaseTerminated
from contracts.events.referrals import ReferralDispatched, ReferralExtended
from libraries.clocks.wording import Words, approver_of, office_of, reason_of
from libraries.policies import Policy
from services.intake.domain.case import Case
from services.intake.domain.change import Change
from services.intake.domain.documents import NOBODY, law_of, limit_of, moment, until_of
from services.intake.domain.referral_updates import EXTENSION
from services.intake.domain.reopening import right_until

LETTERS: Final = frozenset({ReferralRole.LEAD, ReferralRole.CO})
"""Who handles a matter is written to; a copy and a question have their own ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One document, of the case as the event has left it."""

    case: Case
    kind: DocumentKind
    more: Mapping[str, Words]
    office: str | None = None


def documents_of(event: CaseBound, was: Case, change: Change, policy: Policy) -> Iterator[Wanted]:
    """None where the event has changed nothing: late news of a case that is over is no paper."""
    case = change.case
    if isinstance(event, ReferralDispatched) and event.role in LETTERS:
        yield Wanted(case=case, kind=DocumentKind.REFERRAL_LETTER, more=_letter(event, policy), office=event.office)
    if isinstance(event, SupervisionSupervised | SupervisionListed):
        more = _supervision(event, policy)
        yield Wanted(case=case, kind=DocumentKind.SUPERVISION_LETTER, more=more, office=event.office)
    if isinstance(event, ReferralExtended):
        owed = any(isinstance(one, CaseApplicantToBeTold) and one.about == EXTENSION for one in change.events)
        given = [one for one in event.clocks if isinstance(one, ClockExtended) and one.kind in LEAD_WORK]
        if owed and given:
            yield Wanted(case=case, kind=DocumentKind.EXTENSION, more=_extension(given[-1], was, policy))
    for told in change.events:
        if isinstance(told, CaseResolved | CaseTerminated):
            yield Wanted(case=case, kind=DocumentKind.RESULT, more=_result(told, was, change, policy))


def _letter(event: ReferralDispatched, policy: Policy) -> dict[str, Words]:
    own = [
        clock
        for clock in event.clocks
        if isinstance(clock, ClockFacts) and clock.kind in WORK and clock.referral_id == event.referral_id
    ]
    dates = dict.fromkeys(("until", "limit", "law"), NOBODY)
    if own:
        clock = own[-1]
        dates = {
            "until": until_of(clock.due_at, policy.calendar, provisional=clock.provisional),
            "limit": limit_of("+".join((clock.limit, *clock.extensions))),
            "law": law_of(clock.basis),
        }
    return {
        "to": office_of(policy, event.office),
        "part": (event.role.zh, event.role.en),
        "referral": (event.number, event.number),
        "sent": moment(event.at, policy.calendar),
        **dates,
    }


def _supervision(event: Supervision, policy: Policy) -> dict[str, Words]:
    told = [office_of(policy, office) for office in event.recipients if office != event.office]
    due = NOBODY
    if event.due_at is not None:
        due = until_of(event.due_at, policy.calendar, provisional=event.provisional)
    return {
        "to": office_of(policy, event.office),
        "level": (event.level.zh, event.level.en),
        "step": (event.kind.zh, event.kind.en) if event.kind is not None else NOBODY,
        "due": due,
        "sent": moment(event.at, policy.calendar),
        "copied": ("、".join(zh for zh, _ in told), ", ".join(en for _, en in told)) if told else NOBODY,
    }


def _extension(clock: ClockExtended, was: Case, policy: Policy) -> dict[str, Words]:
    before = NOBODY
    if was.handling is not None:
        before = until_of(was.handling.due_at, policy.calendar, provisional=was.handling.provisional)
    return {
        "before": before,
        "added": limit_of(clock.added),
        "approver": approver_of(policy, clock.approver),
        "reason": reason_of(policy, clock.reason),
    }


def _result(told: CaseResolved | CaseTerminated, was: Case, change: Change, policy: Policy) -> dict[str, Words]:
    case = change.case
    outcome: Words = "已办结", "completed"
    until = right_until(case, policy, called_back_at=None)
    if isinstance(told, CaseTerminated):
        zh, en = reason_of(policy, told.reason)
        outcome, until = (f"终止办理（{zh}）", f"ended without a result ({en})"), None
    lead = case.lead_office or was.lead_office
    return {
        "handler": office_of(policy, lead) if lead is not None else NOBODY,
        "outcome": outcome,
        "accepted": moment(case.accepted_at, policy.calendar) if case.accepted_at is not None else NOBODY,
        "finished": moment(change.at, policy.calendar),
        "reopen": moment(until, policy.calendar) if until is not None else NOBODY,
    }
