"""The offices: each reads its own topic, or looks into its inbox in the morning, and answers by the same road."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from console.demo.behaviours import Behaviour, Conduct, Step
from console.demo.client import Doors
from console.demo.hours import OPENS, at_desk
from console.demo.ledger import Key, Ledger
from console.demo.plan import Plan
from console.demo.scheduler import Wheel
from contracts.clocks import ClockStarted
from contracts.codes import WORK, ClockStatus, FeedbackAction, FeedbackOutcome, ReferralRole
from contracts.events import Event
from contracts.events.referrals import (
    FeedbackReceived,
    ReferralCancelled,
    ReferralDispatched,
    ReferralEvent,
    ReferralReturned,
    ReferralReturnRefused,
    ReferralReworkRequested,
)
from contracts.submissions import Feedback
from contracts.topics import OFFICE_FEEDBACK
from libraries.deadlines.limits import civil_day, midnight
from libraries.policies import Policy
from libraries.policies.decision import Matter, decide
from libraries.runtime.web.auth import Principal, Role

BLOCKED = "co_handlers_open"
"""The lead is done but a co-handler is not: it tries again on a later day."""
PATIENCE = timedelta(days=2)
Answered = ReferralReworkRequested | ReferralReturnRefused | ReferralReturned | ReferralCancelled | FeedbackReceived


@dataclass(slots=True, kw_only=True)
class Leg:
    """What an office knows of a referral of its own."""

    id: UUID
    case_id: UUID
    office: str
    role: ReferralRole
    second: bool
    """It came here after another office had returned it."""
    start: datetime
    round: int = 1
    due_at: datetime | None = None
    said: int = 0
    work: asyncio.Task[None] | None = None
    otherwise: Sequence[Step] = ()


@dataclass(slots=True, kw_only=True)
class Offices:
    """All offices of the city; each sees nothing but what came to it."""

    plan: Plan
    policy: Policy
    doors: Doors
    wheel: Wheel
    ledger: Ledger
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that routing did not take, by code."""
    _legs: dict[UUID, Leg] = field(default_factory=dict)

    def hear(self, office: str, event: Event) -> None:
        """One event of the office's own topic."""
        if isinstance(event, ReferralDispatched):
            leg = self._legs[event.referral_id] = Leg(
                id=event.referral_id,
                case_id=event.case_id,
                office=office,
                role=event.role,
                second=event.supersedes is not None,
                start=event.at,
            )
            if event.role is ReferralRole.INFO:
                self.wheel.spawn(self._say(leg, Step(action=FeedbackAction.SIGN)))
        elif isinstance(event, Answered) and (known := self._legs.get(event.referral_id)) is not None:
            self._answered(known, event)
        if isinstance(event, ReferralEvent) and event.referral_id in self._legs:
            for clock in event.clocks:
                if isinstance(clock, ClockStarted) and clock.kind in WORK and clock.due_at is not None:
                    self._begin(self._legs[event.referral_id], clock.due_at)

    def _answered(self, leg: Leg, event: Answered) -> None:
        """What others made of the office's part."""
        match event:
            case ReferralReworkRequested():
                leg.round = event.round
            case ReferralReturnRefused():
                self._play(leg, leg.otherwise, leg.start)
            case ReferralReturned() | ReferralCancelled():
                self._stop(leg)
            case FeedbackReceived():
                if event.outcome is FeedbackOutcome.REFUSED and event.action is not None:
                    self._was_refused(leg, event.action, event.code or "")
            case _:
                assert_never(event)

    async def look_into_inboxes(self) -> None:
        """Every working morning, the offices without a topic that can have got something since."""
        waiting: dict[str, set[tuple[UUID, int]]] = defaultdict(set)
        known: set[tuple[UUID, int]] = set()
        while True:
            morning = midnight(self.policy.calendar.working_day_after(civil_day(self.wheel.now()), 1)) + OPENS
            await self.wheel.until(morning)
            for wanted in {(id_, case.round) for id_, case in self.ledger.cases.items()} - known:
                known.add(wanted)
                for office in self._inboxes(wanted[0]):
                    waiting[office].add(wanted)
            async with asyncio.TaskGroup() as group:
                for office in sorted(waiting):
                    group.create_task(self._look(office, waiting))

    def _inboxes(self, case_id: UUID) -> list[str]:
        """The offices without Kafka that the matter may concern."""
        registered = self.ledger.cases[case_id].registered
        matter = Matter(
            category=registered.category,
            field=registered.field,
            area=registered.area,
            attributes=registered.attributes,
            accepted_at=registered.registered_at,
        )
        choice = decide(matter, self.policy)
        offices = self.policy.offices
        return [code for code in (choice.lead, *choice.co_handlers) if "kafka" not in offices[code].channels]

    async def _look(self, office: str, waiting: dict[str, set[tuple[UUID, int]]]) -> None:
        url = f"{self.doors.addresses.routing}/v1/referrals"
        found = await self.doors.get(_officer(office), url, office=office, limit=200)
        for view in found.body["items"]:
            seen = _from_view(view)
            waiting[office].discard((seen.case_id, seen.round))
            leg = self._legs.setdefault(seen.id, seen)
            due_at = _due(view)
            if due_at is not None and (leg.due_at is None or leg.round < seen.round):
                leg.round = seen.round
                self._begin(leg, due_at)
        if not waiting[office]:
            del waiting[office]

    def _begin(self, leg: Leg, due_at: datetime) -> None:
        leg.due_at = due_at
        self.wheel.spawn(self._choose(leg))

    async def _choose(self, leg: Leg) -> None:
        """What the plan says that this office does with it."""
        key: Key = await self.ledger.key_of(leg.case_id)
        does = self.plan.cases[key].behaviour
        conduct = _conduct(does, leg)
        leg.otherwise = conduct.otherwise
        self._play(leg, conduct.steps, leg.start if leg.round == 1 else self.wheel.now())

    def _play(self, leg: Leg, steps: Sequence[Step], start: datetime) -> None:
        self._stop(leg)
        leg.work = self.wheel.spawn(self._go_through(leg, steps, start))

    def _stop(self, leg: Leg) -> None:
        if leg.work is not None:
            leg.work.cancel()

    async def _go_through(self, leg: Leg, steps: Sequence[Step], start: datetime) -> None:
        due_at = leg.due_at
        assert due_at is not None, "an office that works has a limit"  # noqa: S101 - set before the work begins
        for step in steps:
            await self.wheel.until(step.at(start, due_at, self.policy.calendar))
            await self._say(leg, step)

    async def _say(self, leg: Leg, step: Step) -> None:
        leg.said += 1
        feedback = Feedback(
            feedback_id=f"{leg.id}-{leg.said}",
            referral_id=leg.id,
            action=step.action,
            occurred_at=self.wheel.now(),
            reason=step.reason,
            attributes=_attributes(step),
        )
        if "kafka" in self.policy.offices[leg.office].channels:
            await self.doors.send(OFFICE_FEEDBACK.named(leg.office), str(leg.id), feedback)
            return
        url = f"{self.doors.addresses.routing}/v1/referrals/{leg.id}/{step.action.value}"
        body = {
            "feedback_id": feedback.feedback_id,
            "occurred_at": feedback.occurred_at,
            "reason": feedback.reason,
            "attributes": feedback.attributes,
        }
        answer = await self.doors.post(_officer(leg.office), url, body)
        if answer.code:
            self._was_refused(leg, step.action, answer.code)

    def _was_refused(self, leg: Leg, action: FeedbackAction, code: str) -> None:
        self.refused[code] += 1
        if code == BLOCKED and action is FeedbackAction.COMPLETE:
            self.wheel.spawn(self._again(leg))

    async def _again(self, leg: Leg) -> None:
        await self.wheel.until(at_desk(self.wheel.now() + PATIENCE, self.policy.calendar))
        await self._say(leg, Step(action=FeedbackAction.COMPLETE))


def _attributes(step: Step) -> dict[str, str | int | bool]:
    """In a fast city a report takes hours: one of the evening may arrive on another day, and says why."""
    late = {"late_because": "system_outage"} if step.action in (FeedbackAction.HOLD, FeedbackAction.RESUME) else {}
    return {**step.attributes, **late}


def _conduct(does: Behaviour, leg: Leg) -> Conduct:
    if leg.round > 1:
        return does.rework
    if leg.role is ReferralRole.CO:
        return does.co_handler
    return does.next_lead if leg.second else does.first_lead


def _officer(office: str) -> Principal:
    return Principal(subject=f"officer-{office}", role=Role.OFFICER, office=office)


def _from_view(view: Any) -> Leg:
    return Leg(
        id=UUID(view["referral_id"]),
        case_id=UUID(view["case_id"]),
        office=view["office"],
        role=ReferralRole(view["role"]),
        second=view["supersedes"] is not None,
        start=datetime.fromisoformat(view["dispatched_at"]),
        round=view["round"],
    )


def _due(view: Any) -> datetime | None:
    """Until when the open clock of the work runs."""
    running = [c for c in view["clocks"] if c["kind"] in WORK and c["status"] == ClockStatus.RUNNING and c["due_at"]]
    return datetime.fromisoformat(running[-1]["due_at"]) if running else None
