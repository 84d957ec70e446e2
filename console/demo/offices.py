"""The offices: each reads its own topic, or looks into its inbox in the morning, and answers by the same road."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from console.demo.behaviours import Behaviour, Script, Step
from console.demo.client import Client
from console.demo.hours import OPENS, at_desk
from console.demo.ledger import Key, Ledger
from console.demo.plan import Plan
from console.demo.scheduler import Scheduler
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
from libraries.policies import Policy
from libraries.policies.decision import Matter, decide
from libraries.runtime.web.auth import Principal, Role

BLOCKED = "co_handlers_open"
"""The lead is done but a co-handler is not: it tries again on a later day."""
RETRY_AFTER = timedelta(days=2)
Answered = ReferralReworkRequested | ReferralReturnRefused | ReferralReturned | ReferralCancelled | FeedbackReceived


@dataclass(slots=True, kw_only=True)
class OfficeReferral:
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
    answers_sent: int = 0
    work: asyncio.Task[None] | None = None
    otherwise: Sequence[Step] = ()


@dataclass(slots=True, kw_only=True)
class Offices:
    """All offices of the city; each sees nothing but what came to it."""

    plan: Plan
    policy: Policy
    client: Client
    scheduler: Scheduler
    ledger: Ledger
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that routing did not take, by code."""
    _referrals: dict[UUID, OfficeReferral] = field(default_factory=dict)

    def on_event(self, office: str, event: Event) -> None:
        """One event of the office's own topic."""
        if isinstance(event, ReferralDispatched):
            referral = self._referrals[event.referral_id] = OfficeReferral(
                id=event.referral_id,
                case_id=event.case_id,
                office=office,
                role=event.role,
                second=event.supersedes is not None,
                start=event.at,
            )
            if event.role is ReferralRole.INFO:
                self.scheduler.spawn(self._say(referral, Step(action=FeedbackAction.SIGN)))
        elif isinstance(event, Answered) and (known := self._referrals.get(event.referral_id)) is not None:
            self._answered(known, event)
        if isinstance(event, ReferralEvent) and event.referral_id in self._referrals:
            for clock in event.clocks:
                if isinstance(clock, ClockStarted) and clock.kind in WORK and clock.due_at is not None:
                    self._begin(self._referrals[event.referral_id], clock.due_at)

    def _answered(self, referral: OfficeReferral, event: Answered) -> None:
        """What others made of the office's part."""
        match event:
            case ReferralReworkRequested():
                referral.round = event.round
            case ReferralReturnRefused():
                self._play(referral, referral.otherwise, referral.start)
            case ReferralReturned() | ReferralCancelled():
                self._stop(referral)
            case FeedbackReceived():
                if event.outcome is FeedbackOutcome.REFUSED and event.action is not None:
                    self._was_refused(referral, event.action, event.code or "")
            case _:
                assert_never(event)

    async def look_into_inboxes(self) -> None:
        """Every working morning, the offices without a topic that can have got something since."""
        waiting: dict[str, set[tuple[UUID, int]]] = defaultdict(set)
        known: set[tuple[UUID, int]] = set()
        calendar = self.policy.calendar
        while True:
            today = calendar.civil_day(self.scheduler.now())
            await self.scheduler.until(calendar.opening(calendar.working_day_after(today, 1), OPENS))
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
        url = f"{self.client.addresses.routing}/v1/referrals"
        found = await self.client.get(_officer(office), url, office=office, limit=200)
        for view in found.body["items"]:
            seen = _from_view(view)
            waiting[office].discard((seen.case_id, seen.round))
            referral = self._referrals.setdefault(seen.id, seen)
            due_at = _due(view)
            if due_at is not None and (referral.due_at is None or referral.round < seen.round):
                referral.round = seen.round
                self._begin(referral, due_at)
        if not waiting[office]:
            del waiting[office]

    def _begin(self, referral: OfficeReferral, due_at: datetime) -> None:
        referral.due_at = due_at
        self.scheduler.spawn(self._choose(referral))

    async def _choose(self, referral: OfficeReferral) -> None:
        """What the plan says that this office does with it."""
        key: Key = await self.ledger.key_of(referral.case_id)
        does = self.plan.cases[key].behaviour
        script = _script(does, referral)
        referral.otherwise = script.otherwise
        self._play(referral, script.steps, referral.start if referral.round == 1 else self.scheduler.now())

    def _play(self, referral: OfficeReferral, steps: Sequence[Step], start: datetime) -> None:
        self._stop(referral)
        referral.work = self.scheduler.spawn(self._go_through(referral, steps, start))

    def _stop(self, referral: OfficeReferral) -> None:
        if referral.work is not None:
            referral.work.cancel()

    async def _go_through(self, referral: OfficeReferral, steps: Sequence[Step], start: datetime) -> None:
        due_at = referral.due_at
        assert due_at is not None, "an office that works has a limit"  # noqa: S101 -- set before the work begins
        for step in steps:
            await self.scheduler.until(step.at(start, due_at, self.policy.calendar))
            await self._say(referral, step)

    async def _say(self, referral: OfficeReferral, step: Step) -> None:
        referral.answers_sent += 1
        feedback = Feedback(
            feedback_id=f"{referral.id}-{referral.answers_sent}",
            referral_id=referral.id,
            action=step.action,
            occurred_at=self.scheduler.now(),
            reason=step.reason,
            attributes=_attributes(step),
        )
        if "kafka" in self.policy.offices[referral.office].channels:
            await self.client.send(OFFICE_FEEDBACK.named(referral.office), str(referral.id), feedback)
            return
        url = f"{self.client.addresses.routing}/v1/referrals/{referral.id}/{step.action.value}"
        body = {
            "feedback_id": feedback.feedback_id,
            "occurred_at": feedback.occurred_at,
            "reason": feedback.reason,
            "attributes": feedback.attributes,
        }
        answer = await self.client.post(_officer(referral.office), url, body)
        if answer.code:
            self._was_refused(referral, step.action, answer.code)

    def _was_refused(self, referral: OfficeReferral, action: FeedbackAction, code: str) -> None:
        self.refused[code] += 1
        if code == BLOCKED and action is FeedbackAction.COMPLETE:
            self.scheduler.spawn(self._again(referral))

    async def _again(self, referral: OfficeReferral) -> None:
        await self.scheduler.until(at_desk(self.scheduler.now() + RETRY_AFTER, self.policy.calendar))
        await self._say(referral, Step(action=FeedbackAction.COMPLETE))


def _attributes(step: Step) -> dict[str, str | int | bool]:
    """In a fast city a report takes hours: one of the evening may arrive on another day, and says why."""
    late = {"late_because": "system_outage"} if step.action in (FeedbackAction.HOLD, FeedbackAction.RESUME) else {}
    return {**step.attributes, **late}


def _script(does: Behaviour, referral: OfficeReferral) -> Script:
    if referral.round > 1:
        return does.rework
    if referral.role is ReferralRole.CO:
        return does.co_handler
    return does.next_lead if referral.second else does.first_lead


def _officer(office: str) -> Principal:
    return Principal(subject=f"officer-{office}", role=Role.OFFICER, office=office)


def _from_view(view: Any) -> OfficeReferral:
    return OfficeReferral(
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
