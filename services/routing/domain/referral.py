"""A case as routing keeps it: its referrals, each with its clocks, and what became true of them in one act."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from contracts.clocks import ClockChange
from contracts.codes import DECISIONS, ClockKind, Consent, ReferralRole, ReferralState, Sending
from contracts.events.base import BY_RULES, Actor, CaseBound
from contracts.events.clocks import ClockLapsed
from contracts.events.referrals import ReferralEvent
from contracts.refusals import Refused
from libraries.clocks.clock import LegalClock
from libraries.clocks.schedule import ALL_KINDS, ClockSet
from libraries.deadlines import Limit, Pause
from libraries.policies.decision import RoutingDecision
from services.routing.domain.request import RoutingRequest
from services.routing.domain.states import (
    ENDED,
    LETS_GO,
    OF_CHECKS,
    UNACCEPTED,
    WHEN_ASKED_LONGER,
    WHEN_DEEMED,
    Move,
    after,
)

MakeId = Callable[[], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRequest:
    """That an office asks for more time, and nobody has decided on it yet."""

    by: Limit
    reason: str
    approver: str
    """By the code of the policy: who has to agree."""
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What an office is asked about the applicant (核对), by whom and under which consent."""

    purpose: str
    """A code of the policy."""
    consent_id: UUID
    asked_by: str
    asked_on: UUID | None
    """The asker's own referral; `None` where a window asked, and intake has the question."""
    feedback_id: str
    """Under which the asker sent the question: its sealed text is kept with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConsent:
    """That the applicant agrees to checks for one purpose, as intake says it."""

    id: UUID
    purpose: str
    consent: Consent
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One office's part of a case."""

    id: UUID
    decision_id: UUID
    office: str
    role: ReferralRole
    state: ReferralState
    dispatched_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    round: int = 1
    deemed: bool = False
    """Accepted by silence."""
    return_locked: bool = False
    """A return was refused or arbitrated: it cannot be asked for again."""
    arbitrated_by: str | None = None
    """The superior that settled whose it is: nobody else sends it elsewhere."""
    supersedes: UUID | None = None
    extension: ExtensionRequest | None = None
    sent_as: Sending = Sending.DISPATCH
    consent: Consent | None = None
    """How the applicant agreed that an organisation learns of the matter, or that an office is asked about them."""
    check: CheckRequest | None = None
    urged_at: datetime | None = None
    """When the lead urged it last."""
    clocks: tuple[LegalClock, ...] = ()

    @property
    def live(self) -> bool:
        return self.state not in ENDED

    @property
    def decider(self) -> str | None:
        """The office that has to decide on its return or on more time, if one is asked for."""
        return next((clock.office for clock in self.open_clocks(DECISIONS)), None)

    def may(self, move: Move) -> bool:
        if (move not in OF_CHECKS) if self.role is ReferralRole.CHECK else ((self.state, move) in UNACCEPTED):
            return False
        if self.state is ReferralState.ACCEPTED and move in WHEN_DEEMED and not self.deemed:
            return False
        if (move in WHEN_ASKED_LONGER and self.extension is None) or (move is Move.EXTEND and self.extension):
            return False
        return after(self.state, move) is not None

    def open_clocks(self, kinds: Collection[ClockKind] = ALL_KINDS) -> tuple[LegalClock, ...]:
        """The open clocks of these kinds."""
        return tuple(clock for clock in self.clocks if clock.open and clock.kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as it is stored."""

    id: UUID
    policy_version: str
    decision: RoutingDecision
    category: str
    area: str
    """Of the matter as it was then."""
    at: datetime
    by: str
    """`rules`, or the office that decided instead of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Everything routing knows of one case."""

    request: RoutingRequest
    referrals: tuple[Referral, ...] = ()
    consents: tuple[CheckConsent, ...] = ()
    """To checks, withdrawn ones too; loaded only where a check is asked for."""

    @property
    def lead(self) -> Referral | None:
        """The live lead; there is never more than one."""
        return next((r for r in self.referrals if r.role is ReferralRole.LEAD and r.live), None)

    @property
    def last_lead(self) -> Referral | None:
        leads = [r for r in self.referrals if r.role is ReferralRole.LEAD]
        return max(leads, key=lambda r: (r.dispatched_at, r.id)) if leads else None

    def referral(self, referral_id: UUID) -> Referral:
        return next(r for r in self.referrals if r.id == referral_id)

    @property
    def open_co_handlers(self) -> tuple[Referral, ...]:
        return tuple(r for r in self.referrals if r.role is ReferralRole.CO and r.live)

    def leg_of(self, office: str) -> Referral | None:
        """The office's live part of the work, or its copy; it never has more than one. A check is none."""
        return next((r for r in self.live_of(office) if r.role is not ReferralRole.CHECK), None)

    def check_of(self, office: str) -> Referral | None:
        """What the office is being asked; it never has more than one question at a time."""
        return next((r for r in self.live_of(office) if r.role is ReferralRole.CHECK), None)

    def live_of(self, office: str) -> tuple[Referral, ...]:
        return tuple(r for r in self.referrals if r.office == office and r.live)

    def returned_by(self, role: ReferralRole) -> frozenset[str]:
        """Offices that returned this part of the case."""
        return frozenset(r.office for r in self.referrals if r.state is ReferralState.RETURNED and r.role is role)

    def contested(self, referral: Referral) -> bool:
        """Whether offices disagree: another that had this part of the case has returned it."""
        return bool(self.returned_by(referral.role))

    @property
    def refused_by(self) -> frozenset[str]:
        """Offices that returned the case."""
        return frozenset(r.office for r in self.referrals if r.state is ReferralState.RETURNED)


def not_possible(referral: Referral, move: str) -> Refused:
    """The move does not lead anywhere from where the referral stands."""
    possible = [each.value for each in Move if referral.may(each)]
    return Refused(code="illegal_move", facts={"state": referral.state, "move": move, "possible": possible})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCorrection:
    """A correction of a pause as it is stored: what stood there, what stands there now, and who said so."""

    referral_id: UUID
    clock_id: UUID
    version: int
    pause: int
    was: Pause
    now: Pause
    reason: str
    approver: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The routing after an act and the events it caused, in order. Grows, never changes in place."""

    routing: Routing
    at: datetime
    by: Actor = BY_RULES
    """Whose act it is; every event of the change says so."""
    events: tuple[CaseBound, ...] = ()
    pending: tuple[ClockChange, ...] = ()
    """What happened to clocks of a referral before the event that it belongs to was said."""
    decisions: tuple[Decided, ...] = ()
    corrections: tuple[AppliedCorrection, ...] = ()

    @property
    def case_id(self) -> UUID:
        return self.routing.request.case_id

    def emit(self, *events: CaseBound) -> "Change":
        said = [msgspec.structs.replace(event, by=self.by) for event in events]
        return replace(self, events=(*self.events, *said))

    def emit_for(self, referral_id: UUID, event: type[ReferralEvent], **more: Any) -> "Change":
        """An event about one referral as it is now; `more` is what only this event carries."""
        referral = self.routing.referral(referral_id)
        said = event(
            case_id=self.case_id,
            referral_id=referral.id,
            office=referral.office,
            role=referral.role,
            state=referral.state,
            round=referral.round,
            at=self.at,
            clocks=self.pending,
            **more,
        )
        return replace(self, pending=()).emit(said)

    def clocks_of(self, referral_id: UUID) -> ClockSet:
        return ClockSet(clocks=self.routing.referral(referral_id).clocks, at=self.at)

    def with_clocks(self, referral_id: UUID, clocks: ClockSet) -> "Change":
        """What happened to clocks travels in the event that caused it: the last of their referral, else the next."""
        if not clocks.changes:
            return self
        moved = self.with_referral(replace(self.routing.referral(referral_id), clocks=clocks.clocks))
        for place in reversed(range(len(moved.events))):
            cause = moved.events[place]
            if isinstance(cause, ReferralEvent) and cause.referral_id == referral_id:
                told = msgspec.structs.replace(cause, clocks=(*cause.clocks, *clocks.changes))
                return replace(moved, events=(*moved.events[:place], told, *moved.events[place + 1 :]))
        return replace(moved, pending=(*moved.pending, *clocks.changes))

    def decided(self, decision: Decided) -> "Change":
        return replace(self, decisions=(*self.decisions, decision))

    def with_referral(self, referral: Referral) -> "Change":
        """The referral as it is now, or a new one."""
        changed = replace(referral, changed_at=self.at)
        others = tuple(r for r in self.routing.referrals if r.id != referral.id)
        return replace(self, routing=replace(self.routing, referrals=(*others, changed)))

    def transition(self, referral_id: UUID, move: Move, **changes: Any) -> "Change":
        """A move that was checked to be allowed."""
        referral = self.routing.referral(referral_id)
        state = after(referral.state, move)
        if state is None:
            raise ValueError(f"{move} is not a move out of {referral.state}")
        changes = {"extension": None if state in LETS_GO else referral.extension, **changes}
        ended = self.at if state in ENDED else None
        return self.with_referral(replace(referral, state=state, ended_at=ended, **changes))

    def lapsed(self) -> "Change":
        """Nothing is to be said but that clocks ended with their time."""
        if not self.pending:
            return self
        said = ClockLapsed(case_id=self.case_id, clocks=self.pending, lapsed_at=self.at)
        return replace(self, pending=()).emit(said)

    def turns(
        self, referral_id: UUID, kinds: Collection[ClockKind], turn: Callable[[LegalClock], LegalClock]
    ) -> tuple["Change", tuple[LegalClock, ...]]:
        """The open clocks of these kinds, turned; says nothing. Returns those that changed."""
        referral = self.routing.referral(referral_id)
        turned = {clock.id: turn(clock) for clock in referral.open_clocks(kinds)}
        changed = tuple(turned[c.id] for c in referral.clocks if c.id in turned and turned[c.id] is not c)
        clocks = tuple(turned.get(clock.id, clock) for clock in referral.clocks)
        return (self.with_referral(replace(referral, clocks=clocks)), changed) if changed else (self, ())
