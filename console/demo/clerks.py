"""The people on this side of the offices: townships that submit, clerks, applicants, and the counties' coordinators."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from console.demo.arrivals import Arrival, Transport
from console.demo.behaviours import reasons
from console.demo.client import Answer, Client
from console.demo.hours import at_desk
from console.demo.ledger import Ledger
from console.demo.plan import Plan, Planned
from console.demo.scheduler import Never, Scheduler
from contracts.codes import AreaLevel, ClockKind
from contracts.events import CaseBound
from contracts.events.cases import CaseAccepted, CaseClosed, CaseRegistered, CaseResolved
from contracts.events.referrals import ReferralExtensionRequested, ReferralReturnRequested
from contracts.submissions import Submission
from contracts.topics import SUBMISSIONS
from libraries.policies import Policy
from libraries.policies.decision import arbiter, coordinator
from libraries.runtime.web.auth import Principal, Role

AGAIN_AFTER = timedelta(hours=8)
NEXT = ("government_office", "civil_affairs")
"""Who gets what another office returned."""
HandledEvent = (
    CaseRegistered | CaseAccepted | CaseResolved | CaseClosed | ReferralReturnRequested | ReferralExtensionRequested
)


@dataclass(slots=True, kw_only=True)
class Clerks:
    """Plays the plan at the window."""

    plan: Plan
    policy: Policy
    client: Client
    scheduler: Scheduler
    ledger: Ledger
    submitted: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """What was refused, by its code."""

    async def submit(self) -> None:
        """Everything, each at its moment."""
        for planned in self.plan.cases.values():
            await self.scheduler.until(planned.arrival.at)
            self.scheduler.spawn(self._bring(planned.arrival))

    def on_event(self, event: CaseBound) -> None:
        if not isinstance(event, HandledEvent):
            return
        match event:
            case CaseRegistered(case_id=case_id, received_at=at):
                self.scheduler.spawn(self._take_on(case_id, at))
            case CaseAccepted(case_id=case_id, accepted_at=at):
                self.scheduler.spawn(self._may_withdraw(case_id, at))
            case CaseResolved(case_id=case_id, resolved_at=at, round=number):
                self.scheduler.spawn(self._call_back(case_id, at, number))
            case CaseClosed(case_id=case_id, closed_at=at):
                self.scheduler.spawn(self._may_reopen(case_id, at))
            case ReferralReturnRequested():
                self.scheduler.spawn(self._decide_return(event))
            case ReferralExtensionRequested():
                self.scheduler.spawn(self._decide_extension(event))
            case _:
                assert_never(event)

    async def _bring(self, arrival: Arrival) -> None:
        self.submitted += 1
        await self._hand_in(arrival.submission, arrival.window, arrival.transport)
        if arrival.twice:
            await self.scheduler.pass_by(AGAIN_AFTER)
            other = Transport.KAFKA if arrival.transport is Transport.HTTP else Transport.HTTP
            await self._hand_in(arrival.submission, arrival.window, other)

    async def _hand_in(self, submission: Submission, window: str, transport: Transport) -> None:
        if transport is Transport.KAFKA:
            await self.client.send(SUBMISSIONS.name, submission.source, submission)
            return
        who = Principal(
            subject=submission.source,
            role=Role.TOWNSHIP,
            office=f"township-{window}",
            area=window,
            sources=frozenset({submission.source}),
        )
        self._note(await self.client.post(who, f"{self.client.addresses.intake}/v1/cases", submission))

    async def _take_on(self, case_id: UUID, at: datetime) -> None:
        """Ask for what is missing, get it, and decide where a clerk has to."""
        planned = await self._planned(case_id)
        submission, does = planned.arrival.submission, planned.behaviour.window
        category = self.policy.categories[submission.category]
        missing = [one.code for one in category.materials if one.code not in submission.materials]
        if missing:
            await self._later(at, does.notice_hours)
            await self._act(planned, case_id, "request-supplement", {"missing": missing})
            await self._later(self.scheduler.now(), does.material_hours)
            await self._act(planned, case_id, "supplement", {"materials": missing})
        if category.by_clerk:
            await self._later(at, does.decides_hours)
            if does.accepts:
                await self._act(planned, case_id, "accept", {})
            else:
                elsewhere = self._office("justice", submission.area) or self._office("civil_affairs", submission.area)
                why = self._reason("decline", "other_procedure")
                await self._act(planned, case_id, "decline", {"reason": why, "go_to": elsewhere})

    async def _may_withdraw(self, case_id: UUID, at: datetime) -> None:
        planned = await self._planned(case_id)
        await self._later(at, planned.behaviour.window.withdraws_hours)
        await self._act(planned, case_id, "withdraw", {})

    async def _call_back(self, case_id: UUID, at: datetime, number: int) -> None:
        planned = await self._planned(case_id)
        callbacks = planned.behaviour.window.callbacks
        asked = callbacks[min(number, len(callbacks)) - 1]
        await self._later(at, asked.hours)
        reason = {} if asked.satisfied else {"reason": self._reason("reopen", "not_satisfied")}
        await self._act(planned, case_id, "callback", {"satisfied": asked.satisfied, **reason})

    async def _may_reopen(self, case_id: UUID, at: datetime) -> None:
        planned = await self._planned(case_id)
        await self._later(at, planned.behaviour.window.reopens_hours)
        await self._act(planned, case_id, "reopen", {"reason": self._reason("reopen", "not_satisfied")})

    async def _decide_return(self, asked: ReferralReturnRequested) -> None:
        """Whoever decides: to another office of the county, or back to who has it."""
        planned = await self._planned(asked.case_id)
        does = planned.behaviour.window
        await self._later(asked.at, does.return_hours)
        area = self._county(planned.arrival.submission.area)
        decider = coordinator(self.policy, area)
        decider = arbiter(self.policy, area) if decider == asked.office else decider
        elsewhere = next(one for role in NEXT if (one := self._office(role, area)) not in {"", asked.office})
        approved = {"approve": True, "reason": asked.reason, "to": elsewhere}
        who = Principal(subject=f"coordinator-{decider}", role=Role.COORDINATOR, office=decider, post="coordination")
        url = f"{self.client.addresses.routing}/v1/referrals/{asked.referral_id}/decide-return"
        self._note(await self.client.post(who, url, approved if does.approves_return else {"approve": False}))

    async def _decide_extension(self, asked: ReferralExtensionRequested) -> None:
        """Whoever the policy names; who is silent has refused."""
        planned = await self._planned(asked.case_id)
        does = planned.behaviour.window
        decision = next(clock for clock in asked.clocks if clock.kind is ClockKind.EXTENSION_DECISION)
        decider = getattr(decision, "office", asked.office)
        await self._later(asked.at, does.extension_hours)
        role = Role.HEAD if decider == asked.office else Role.COORDINATOR
        who = Principal(subject=f"{role.value}-{decider}", role=role, office=decider)
        url = f"{self.client.addresses.routing}/v1/referrals/{asked.referral_id}/decide-extension"
        refused = {"approve": False, "reason": self._reason("extension_refused", "can_be_done_in_time")}
        self._note(await self.client.post(who, url, {"approve": True} if does.grants_extension else refused))

    async def _act(self, planned: Planned, case_id: UUID, act: str, body: object) -> None:
        area = self._county(planned.arrival.submission.area)
        who = Principal(subject=f"clerk-{area}", role=Role.CLERK, area=area)
        self._note(await self.client.post(who, f"{self.client.addresses.intake}/v1/cases/{case_id}/{act}", body))

    def _note(self, answer: Answer) -> None:
        if answer.code:
            self.answers[answer.code] += 1

    async def _planned(self, case_id: UUID) -> Planned:
        return self.plan.cases[await self.ledger.key_of(case_id)]

    async def _later(self, since: datetime, hours: float | None) -> None:
        """When the desk is open after so many hours; never, where `hours` is `None`."""
        if hours is None:
            raise Never
        await self.scheduler.until(at_desk(since + timedelta(hours=hours), self.policy.calendar))

    def _reason(self, use: str, first: str) -> str:
        return next(iter(reasons(self.policy, use, first)), first)

    def _county(self, area: str) -> str:
        return next(above.code for above in self.policy.upwards(area) if above.level is AreaLevel.COUNTY)

    def _office(self, role: str, area: str) -> str:
        office = self.policy.office_near(role, area)
        return office.code if office is not None else ""
