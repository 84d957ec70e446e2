"""Who holds a case, step by step, by its timeline: the window, dispatching, the lead, whoever decides on a return.

One holder at any moment. Co-handlers work beside the lead, each on an account of its own. The time until an office asks
to return a case is that office's own, the decision takes the decider's time, and the next office begins with nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from contracts.clocks import ClockFacts, ClockStarted
from contracts.codes import CaseStep, ClockKind, ReferralRole, TimeKind
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import referrals as r
from contracts.events.clocks import ClockRecalculated, clocks_in
from services.intake.domain.time_account import OVER, Holder, TimeAccount

APPLICANT: Final = "applicant"
DISPATCHING: Final = "dispatching"
STAYS: Final = (
    c.CaseProgressed,
    c.CaseSuspended,
    c.CaseResumed,
    c.CaseApplicantNotReached,
    c.CaseApplicantToBeTold,
    c.CaseApplicantTold,
    c.CaseAreaChanged,
    c.CaseReclassified,
    c.CaseAttachmentAdded,
    c.CaseMaterialsTakenOver,
    c.CaseTakeOverWithdrawn,
    c.CaseErased,
    c.CaseDuplicateAdded,
    c.CaseDuplicateRemoved,
    c.CaseConsentGiven,
    c.CaseConsentWithdrawn,
    c.CaseCheckRequested,
)
"""Whoever holds the case holds it still."""
BEGINS_AGAIN: Final = (c.CaseReopened, c.CaseReviewRequested)
"""What was over is not any more."""
SENDING: Final = Holder(holder=DISPATCHING, step=CaseStep.DISPATCH)


@dataclass(slots=True)
class Accounts:
    """Of the case itself, and of each co-handler by its referral."""

    case: TimeAccount = field(default_factory=TimeAccount)
    beside: dict[UUID, TimeAccount] = field(default_factory=dict)
    _window: str = ""
    _lead: UUID | None = None

    def apply(self, at: datetime, event: CaseBound) -> None:
        if isinstance(event, r.AnyReferralEvent) and event.role is ReferralRole.LEAD:
            self._apply_lead(at, event)
        elif isinstance(event, r.AnyReferralEvent) and event.role is ReferralRole.CO:
            account = self.beside.setdefault(event.referral_id, TimeAccount())
            held = _of_leg(event, account.now)
            if held is not None:
                account.passes(at, held)
            _stands(account, at, event)
        elif isinstance(event, c.AnyCaseEvent):
            self._apply_window(at, event)
        self._apply_clocks(event)

    def _apply_window(self, at: datetime, event: c.AnyCaseEvent) -> None:
        if isinstance(event, c.CaseRegistered):
            self._window = event.first_contact_office
        elif self.case.over and not isinstance(event, BEGINS_AGAIN):
            return
        held = _of_window(event, self._window)
        if held is not None:
            self.case.passes(at, held)

    def _apply_lead(self, at: datetime, event: r.AnyReferralEvent) -> None:
        """What is still said of a case that is over, or of a lead that was replaced, is nobody's turn."""
        if isinstance(event, r.ReferralDispatched):
            self._lead = event.referral_id
        if self.case.over or event.referral_id != self._lead:
            return
        held = _of_leg(event, self.case.now)
        if held is not None and not isinstance(event, r.ReferralCompleted | r.ReferralFailed):
            # The window has it again when it hears of it, and no sooner: that follows at the same moment.
            self.case.passes(at, SENDING if held == OVER else held)
        _stands(self.case, at, event)

    def _apply_clocks(self, event: CaseBound) -> None:
        correction = event.correction if isinstance(event, ClockRecalculated) else None
        for clock in clocks_in(event):
            if not isinstance(clock, ClockFacts) or clock.referral_id is None:
                continue
            if isinstance(clock, ClockStarted) and clock.kind is ClockKind.RETURN_DECISION:
                self._apply_decider(clock)
            own = self.case if clock.referral_id == self._lead and not self.case.over else None
            account = self.beside.get(clock.referral_id, own)
            if account is not None:
                account.apply(clock)
                if correction is not None:
                    account.corrects(correction)

    def _apply_decider(self, clock: ClockStarted) -> None:
        """Who decides on a return is named by the clock that starts with the asking."""
        for account in (self.case, *self.beside.values()):
            if account.now.step is CaseStep.RETURN_DECISION and account.now.referral_id == clock.referral_id:
                account.passes(clock.started_at, replace(account.now, holder=clock.office))


def accounts(timeline: Iterable[tuple[datetime, CaseBound]]) -> Accounts:
    """The whole timeline, in the order in which it was heard."""
    found = Accounts()
    for at, event in timeline:
        found.apply(at, event)
    return found


def _stands(account: TimeAccount, at: datetime, event: r.ReferralEvent) -> None:
    """Only a lawful reason stops the clock; what the clock itself says follows, and may say since when."""
    if isinstance(event, r.ReferralOnHold) and event.stops_clock:
        account.stands_still(at, event.reason)
    elif isinstance(event, r.ReferralResumed):
        account.goes_on(at)


def _of_window(event: c.AnyCaseEvent, window: str) -> Holder | None:
    if isinstance(event, STAYS):
        return None
    match event:
        case c.CaseRegistered() | c.CaseSupplemented():
            return Holder(holder=window, step=CaseStep.ACCEPTANCE)
        case c.CaseSupplementRequested():
            return Holder(holder=APPLICANT, kind=TimeKind.WAITING, step=CaseStep.SUPPLEMENT)
        case c.CaseAccepted() | c.CaseUnmerged():
            return SENDING
        case c.CaseReopened(round=number) | c.CaseReviewRequested(round=number):
            return replace(SENDING, round=number)
        case c.CaseResolved(round=number):
            return Holder(holder=window, step=CaseStep.CALLBACK, round=number)
        case c.CaseNotAccepted() | c.CaseClosed() | c.CaseWithdrawn() | c.CaseMerged() | c.CaseTerminated():
            return OVER
        case _:
            assert_never(event)


def _of_leg(event: r.AnyReferralEvent, now: Holder) -> Holder | None:
    """An office holds its referral from the dispatch, signed for or not, at work or not."""
    own = Holder(holder=event.office, step=CaseStep.HANDLING, referral_id=event.referral_id, round=event.round)
    match event:
        case r.ReferralDispatched():
            return replace(own, step=CaseStep.UNSIGNED)
        case r.ReferralReturnRequested(reason=reason):
            return replace(own, holder=DISPATCHING, step=CaseStep.RETURN_DECISION, reason=reason)
        case r.ReferralOnHold(reason=reason):
            return own if event.stops_clock else replace(own, step=CaseStep.ON_HOLD, reason=reason)
        case r.ReferralProgressReported():
            return None if now.step is CaseStep.ON_HOLD else own
        case r.ReferralOfficeSucceeded(predecessor=was):
            return replace(now, holder=event.office) if now.holder == was else None
        case r.ReferralReassigned() | r.ReferralLeadActed() | r.ReferralUrged() | r.ReferralReclassified():
            return None
        case r.ReferralReturned() | r.ReferralCompleted() | r.ReferralFailed():
            return OVER
        case r.ReferralCancelled() | r.ReferralClassified():
            return OVER
        case r.ReferralSigned() | r.ReferralAccepted() | r.ReferralDeemedAccepted() | r.ReferralReturnRefused():
            return own
        case r.ReferralExtensionRequested() | r.ReferralExtended() | r.ReferralExtensionRefused():
            return None
        case r.ReferralResumed() | r.ReferralReworkRequested():
            return own
        case _:
            assert_never(event)
