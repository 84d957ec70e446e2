"""Random lives of cases as the services would tell them, for tests that count what became of them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from contracts.clocks import (
    ClockCancelled,
    ClockChange,
    ClockExtended,
    ClockFacts,
    ClockMet,
    ClockPaused,
    ClockStarted,
    LimitBasis,
)
from contracts.codes import CaseState, ClockKind, Confidence, Field, ReferralRole, Sending, SubmissionChannel
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import referrals as r
from contracts.events.clocks import ClockRecalculated
from tests.events import AFTER

DAY: Final = timedelta(days=1)
BASIS: Final = LimitBasis(policy_version="p", row="r", source="product default", confidence=Confidence.U)
OFFICES: Final = ("education-130722000000", "health-130722000000", "housing-130722000000", "education-130730000000")
AREAS: Final = ("130722100000", "130722101000", "130730100000")
MATTERS: Final = (
    ("education.student_aid", Field.EDUCATION),
    ("civil_affairs.consultation", Field.CIVIL_AFFAIRS),
    ("housing.repair", Field.HOUSING),
)


@dataclass(slots=True)
class Life:
    """One case; what intake says of it and what routing says keep their own order."""

    dice: random.Random
    at: datetime
    intake: list[CaseBound] = field(default_factory=list)
    routing: list[CaseBound] = field(default_factory=list)
    case_id: UUID = field(init=False)
    area: str = field(init=False)
    category: str = field(init=False)
    field_: Field = field(init=False)
    round: int = 1

    def __post_init__(self) -> None:
        self.case_id = self.new_id()
        self.area = self.dice.choice(AREAS)
        self.category, self.field_ = self.dice.choice(MATTERS)

    def new_id(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128))

    def passes(self, most: timedelta = 2 * DAY) -> datetime:
        self.at += most * self.dice.random()
        return self.at

    def window(self, kind: type[c.CaseEvent], state: CaseState, moment: str, **more: Any) -> None:
        self.intake.append(kind(case_id=self.case_id, state=state, **{moment: self.passes()}, **more))

    def says(
        self, part: "Part", kind: type[r.ReferralEvent], *clocks: ClockChange, own: bool = True, **more: Any
    ) -> None:
        self.routing.append(
            kind(
                case_id=self.case_id,
                referral_id=part.id,
                office=part.office,
                role=part.role,
                state=AFTER[kind],
                round=self.round,
                at=self.passes(),
                feedback_id=str(self.new_id()) if own else None,
                clocks=clocks,
                **more,
            )
        )


@dataclass(slots=True, kw_only=True)
class Part:
    id: UUID
    office: str
    role: ReferralRole
    work: Any = None
    signing: Any = None


def clock(life: Life, part: Part, kind: ClockKind, days: float, change: type[ClockFacts] = ClockStarted) -> Any:
    return change(
        clock_id=life.new_id(),
        kind=kind,
        version=1,
        office=part.office,
        area=life.area,
        limit="5wd",
        started_at=life.at,
        due_at=life.at + days * DAY,
        referral_id=part.id,
        basis=BASIS,
    )


def changed(before: ClockFacts, change: type[ClockFacts], **more: Any) -> Any:
    known = {name: getattr(before, name) for name in ClockFacts.__struct_fields__}
    return change(**known | {"version": before.version + 1} | more)


def sent(life: Life, role: ReferralRole = ReferralRole.LEAD, sent_as: Sending = Sending.DISPATCH) -> Part:
    part = Part(id=life.new_id(), office=life.dice.choice(OFFICES), role=role)
    clocks: list[ClockChange] = []
    if role not in {ReferralRole.INFO, ReferralRole.CHECK}:
        if life.dice.random() < 0.9:
            part.signing = clock(life, part, ClockKind.SIGNING, 1)
            clocks.append(part.signing)
        if life.dice.random() < 0.9:
            kind = ClockKind.HANDLING if role is ReferralRole.LEAD else ClockKind.CO_HANDLING
            part.work = clock(life, part, kind, life.dice.choice((-1, 3, 6, 40)))
            clocks.append(part.work)
    life.says(
        part,
        r.ReferralDispatched,
        *clocks,
        own=False,
        number="130722-20260304-00001-1",
        category=life.category,
        field=life.field_,
        area=life.area,
        decision_id=life.new_id(),
        sent_as=sent_as,
    )
    return part


def lives(seed: int, number: int, begin: datetime) -> list[Life]:
    dice = random.Random(seed)
    found = []
    for _ in range(number):
        life = Life(dice, begin + 40 * DAY * dice.random())
        live(life)
        found.append(life)
    return found


def live(life: Life) -> None:
    life.intake.append(
        c.CaseRegistered(
            state=CaseState.REGISTERED,
            case_id=life.case_id,
            number="130722-20260304-00001-1",
            category=life.category,
            field=life.field_,
            area=life.area,
            channel=SubmissionChannel.WINDOW,
            source="test",
            submission_id=str(life.new_id()),
            received_at=life.at,
            registered_at=life.at,
            first_contact_office="township-130722100000",
        )
    )
    if life.dice.random() < 0.05:
        life.window(c.CaseWithdrawn, CaseState.WITHDRAWN, "withdrawn_at", reason="applicant")
        return
    lead = sent(life)
    for role in (ReferralRole.CO, ReferralRole.INFO, ReferralRole.CHECK):
        if life.dice.random() < 0.3:
            other = sent(life, role, life.dice.choice((Sending.DISPATCH, Sending.ADD_CO)))
            if role is ReferralRole.CO and life.dice.random() < 0.7:
                done(life, other)
            elif life.dice.random() < 0.5:
                life.says(other, r.ReferralCancelled, own=False, reason="recalled")
    handled(life, lead)


def signed(life: Life, part: Part) -> None:
    if part.signing is None:
        return
    if life.dice.random() < 0.8:
        life.says(part, r.ReferralSigned)
        met = ClockMet(clock_id=part.signing.clock_id, kind=part.signing.kind, version=1, at=life.at)
        life.routing[-1] = _with(life.routing[-1], met)
    else:
        stop = ClockCancelled(clock_id=part.signing.clock_id, kind=part.signing.kind, version=1, at=life.at)
        life.says(part, r.ReferralDeemedAccepted, stop, own=False)


def _with(event: CaseBound, *clocks: ClockChange) -> CaseBound:
    known = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**known | {"clocks": clocks})


def done(life: Life, part: Part) -> None:
    signed(life, part)
    if life.dice.random() < 0.5:
        life.says(part, r.ReferralAccepted)
    if life.dice.random() < 0.3:
        life.says(part, r.ReferralProgressReported)
    if part.work is not None and life.dice.random() < 0.3:
        life.says(part, r.ReferralExtensionRequested, asked="5wd", approver="unit_head", reason="consultation")
        assert part.work.due_at is not None
        part.work = changed(
            part.work, ClockExtended, due_at=part.work.due_at + 5 * DAY, added="5wd", approver="x", reason="y"
        )
        life.says(part, r.ReferralExtended, part.work, own=False)
    if part.work is not None and life.dice.random() < 0.2:
        assert part.work.due_at is not None
        before = part.work.due_at
        part.work = changed(part.work, ClockFacts, due_at=before + DAY)
        life.routing.append(
            ClockRecalculated(
                case_id=life.case_id,
                clocks=(part.work,),
                previous_due_at=(before,),
                reason="calendar_changed",
                recalculated_at=life.passes(),
            )
        )
    if part.work is not None and life.dice.random() < 0.15:
        part.work = changed(part.work, ClockPaused, due_at=None, reason="material", since=life.at)
        life.says(part, r.ReferralOnHold, part.work, reason="material", stops_clock=True)
        return
    if life.dice.random() < 0.9:
        life.says(part, r.ReferralCompleted)


def handled(life: Life, lead: Part) -> None:
    """The lead's part, and what follows from it."""
    fate = life.dice.random()
    if fate < 0.1:
        return
    if fate < 0.25:
        life.says(lead, r.ReferralReturnRequested, reason="not_competent")
        if life.dice.random() < 0.3:
            return
        if life.dice.random() < 0.5:
            life.says(lead, r.ReferralReturned, own=False, reason="not_competent")
            handled(life, sent(life))
            return
        life.says(lead, r.ReferralReturnRefused, own=False, reason="competent")
    elif fate < 0.35:
        transferred = life.dice.random() < 0.5
        life.says(lead, r.ReferralReassigned, own=transferred, to="x", reason="r", transferred=transferred)
        life.says(lead, r.ReferralCancelled, own=False, reason="transferred" if transferred else "recalled")
        handled(life, sent(life, sent_as=Sending.TRANSFER if transferred else Sending.DISPATCH))
        return
    elif fate < 0.42:
        life.window(c.CaseMerged, CaseState.MERGED, "merged_at", into=life.new_id(), into_number="1")
        life.says(lead, r.ReferralCancelled, own=False, reason="case_merged")
        return
    elif fate < 0.5:
        life.window(c.CaseWithdrawn, CaseState.WITHDRAWN, "withdrawn_at", reason="applicant")
        life.says(lead, r.ReferralCancelled, own=False, reason="case_withdrawn")
        return
    elif fate < 0.57:
        life.says(lead, r.ReferralFailed, reason="impossible")
        life.window(c.CaseTerminated, CaseState.TERMINATED, "terminated_at", reason="impossible")
        return
    done(life, lead)
    if not isinstance(life.routing[-1], r.ReferralCompleted):
        return
    life.window(c.CaseResolved, CaseState.RESOLVED, "resolved_at", round=life.round)
    fate = life.dice.random()
    if fate < 0.2:
        return
    if fate < 0.8 or life.round > 2:
        satisfied = life.dice.choice((True, True, False, None))
        life.window(c.CaseClosed, CaseState.CLOSED, "closed_at", satisfied=satisfied)
        return
    life.round += 1
    life.window(c.CaseReopened, CaseState.IN_PROGRESS, "reopened_at", round=life.round, reason="not_satisfied")
    lead.signing, lead.work = None, clock(life, lead, ClockKind.REWORK, 3)
    assert lead.work is not None
    life.says(lead, r.ReferralReworkRequested, lead.work, own=False, reason="not_satisfied")
    handled(life, lead)
