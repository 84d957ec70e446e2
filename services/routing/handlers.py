"""What routing does with records: cases become referrals, and offices' answers move them."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never, get_args
from uuid import UUID
from zlib import crc32

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import FeedbackOutcome
from contracts.events.cases import (
    CaseAccepted,
    CaseCheckRequested,
    CaseConsentGiven,
    CaseConsentWithdrawn,
    CaseErased,
    CaseMerged,
    CaseNotAccepted,
    CaseReopened,
    CaseReviewRequested,
    CaseTerminated,
    CaseUnmerged,
    CaseWithdrawn,
)
from contracts.events.rejections import RecordPlace
from contracts.refusals import Fault
from contracts.topics import CASES, FEEDBACK_PATTERN, feedback_office
from contracts.tracing import Trace
from libraries.ids import new_id
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.encryption import Sealer
from libraries.runtime.failures import Rejected
from libraries.runtime.kafka.records import Incoming, Reader, Record, Unreadable, events_of_ours, fault_of, step_of
from services.routing import store
from services.routing.consents import save_consents
from services.routing.domain import checks
from services.routing.domain.dispatching import dispatch, moment_of_end, resend, review, rework, withdraw
from services.routing.domain.feedback import ReceivedFeedback
from services.routing.domain.feedback_body import LARGEST, Misread, read_answer, told_back, whole
from services.routing.domain.referral import Change, Routing
from services.routing.domain.relocating import relocated
from services.routing.domain.timing import Context
from services.routing.erasing import erase_texts
from services.routing.feedback import handle_feedback
from services.routing.feedback_dead_letters import report_dead_letters
from services.routing.feedback_refusals import apart, referral_ids, refuse
from services.routing.publishing import record
from services.routing.translate import to_request

CaseNews = (
    CaseAccepted
    | CaseWithdrawn
    | CaseMerged
    | CaseUnmerged
    | CaseTerminated
    | CaseReopened
    | CaseReviewRequested
    | CaseConsentGiven
    | CaseConsentWithdrawn
    | CaseCheckRequested
    | CaseNotAccepted
    | CaseErased
)
ConsentNews = CaseConsentGiven | CaseConsentWithdrawn
WITHDRAWN, MERGED = "case_withdrawn", "case_merged"
"""The policy's reasons for taking a referral back because of its case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """What routing needs beside the records."""

    policy: PolicyWatch
    sealer: Sealer
    clock: Clock
    make_id: Callable[[], UUID] = new_id
    refused_by_topic: Counter[str] = field(default_factory=Counter)
    """Records of each topic that were no answers."""

    def context(self, at: datetime) -> Context:
        """The policy that is in force at the moment of a decision."""
        return Context(policy=self.policy.at(at), make_id=self.make_id)

    def readers(self) -> list[Reader]:
        return [
            Reader(
                name="routing.cases",
                group="routing.cases",
                topics=(CASES.name,),
                decode=events_of_ours(self.clock),
                handle=self.route,
                deduplicated=True,
                only=frozenset(get_args(CaseNews)),
            ),
            Reader(
                name="routing.feedback",
                group="routing.feedback",
                pattern=FEEDBACK_PATTERN,
                decode=self.read,
                handle=self.hear,
                on_dead_letters=self.on_dead_letters,
                refuse=self.refuse,
                largest=LARGEST,
                refused_by_topic=self.refused_by_topic,
                deduplicated=False,
                max_records=500,
            ),
        ]

    async def route(self, batch: Sequence[Incoming[CaseNews]], conn: AsyncConnection) -> None:
        """Cases that were accepted get their offices; others are taken up again or let go."""
        await self.policy.fresh()
        at = self.clock.now()
        context = self.context(at)
        # An accepted case is new, unless its window has asked about the applicant before.
        before = await store.lock_routings(conn, {incoming.data.case_id for incoming in batch})
        reopened = {incoming.data.case_id for incoming in batch if isinstance(incoming.data, CaseReopened)}
        by_hand = await store.find_decided_by_hand(conn, reopened) if reopened else frozenset()
        now, changes, traces = dict(before), list[Change](), list[Trace | None]()
        for incoming in batch:
            event = incoming.data
            # What was accepted under a version is sent by it, whenever that is heard: its applicant was told so.
            by = self.context(event.accepted_at) if isinstance(event, CaseAccepted) else context
            change = _follow(event, now.get(event.case_id), by, at, by_hand)
            if change is not None:
                now[event.case_id] = change.routing
                changes.append(change)
                traces.append(incoming.trace)
        await record(conn, before, changes, context.policy, traces=traces)
        await save_consents(conn, [one.data for one in batch if isinstance(one.data, ConsentNews)])
        await erase_texts(conn, {one.data.case_id for one in batch if isinstance(one.data, CaseErased)})

    def read(self, record: Record) -> Incoming[ReceivedFeedback | Misread]:
        """Total: whatever an office writes is an answer, or is refused with everything that is wrong with it."""
        given, faults = read_answer(record.value)
        if faults:
            return self._misread(record, faults, **told_back(given, faults))
        feedback, trace = whole(given), step_of(record)
        received_at = self.clock.at(record.came_at)
        office = feedback_office(record.topic)
        return Incoming(
            record=record,
            event_id=f"{office}/{feedback.feedback_id}",
            received_at=received_at,
            about=str(feedback.referral_id),
            trace=trace,
            data=ReceivedFeedback(
                sender=office, feedback=feedback, received_at=received_at, record=_place(record), trace=trace
            ),
        )

    def refuse(self, unread: Unreadable) -> Incoming[Misread]:
        """What the plumbing could not even hand over."""
        return self._misread(unread.record, (fault_of(unread),))

    async def hear(self, batch: Sequence[Incoming[ReceivedFeedback | Misread]], conn: AsyncConnection) -> None:
        """Answers are taken; all else is refused, and nothing that an office can write makes the batch fail."""
        await self.policy.fresh()
        context, received = self.context(self.clock.now()), [incoming.data for incoming in batch]
        owned = await store.find_owned(conn, referral_ids(received))
        answers, nonsense = apart(received, owned, context.policy)
        cases = {referral_id: known.case_id for referral_id, known in owned.items()}
        if nonsense:
            # All cases at once and in one order: two processes that hear the same ones must not wait in a ring.
            await store.lock_routings(conn, {cases[one] for one in referral_ids([*answers, *nonsense]) if one in cases})
            self.refused_by_topic.update(one.record.topic for one in nonsense)
            await refuse(nonsense, owned, conn, context.policy)
        await handle_feedback(answers, cases, conn, context, self.sealer)

    async def on_dead_letters(
        self, batch: Sequence[Incoming[ReceivedFeedback | Misread]], outcome: str, conn: AsyncConnection
    ) -> None:
        """Answers that wait for a person, or that one has given up."""
        received = [incoming.data for incoming in batch]
        await report_dead_letters(received, FeedbackOutcome(outcome), conn, self.policy.policy)

    def _misread(self, record: Record, faults: tuple[Fault, ...], **known: Any) -> Incoming[Misread]:
        received_at = self.clock.at(record.came_at)
        office = feedback_office(record.topic)
        trace = step_of(record)
        misread = Misread(
            sender=office,
            received_at=received_at,
            record=_place(record),
            content=crc32(record.value or b""),
            faults=faults,
            trace=trace,
            **known,
        )
        about = str(misread.referral_id) if misread.referral_id is not None else None
        event_id = f"{record.topic}/{record.partition}/{record.offset}"
        return Incoming(
            record=record, event_id=event_id, received_at=received_at, about=about, trace=trace, data=misread
        )


def _place(record: Record) -> RecordPlace:
    return RecordPlace(topic=record.topic, partition=record.partition, offset=record.offset)


def _follow(
    event: CaseNews, routing: Routing | None, context: Context, at: datetime, by_hand: Collection[UUID]
) -> Change | None:
    """What the news of a case makes of its referrals."""
    match event:
        case CaseAccepted():
            new = routing is None or routing.last_lead is None
            return dispatch(to_request(event), at, context, routing) if new else None
        case CaseCheckRequested():
            return checks.ask_for_window(event, routing, at, context)
        case CaseNotAccepted():
            return checks.end(Change(routing=routing, at=at), context, checks.NOT_NEEDED) if routing else None
        case CaseErased() | CaseConsentGiven():
            return None
        case CaseConsentWithdrawn(consent_id=consent_id, withdrawn_at=withdrawn_at):
            if routing is None:
                return None  # nobody was asked yet
            change = Change(routing=routing, at=moment_of_end(routing, withdrawn_at, at))
            return checks.end(change, context, checks.CONSENT_WITHDRAWN, under={consent_id})
        case CaseReopened():
            if routing is None:
                raise Rejected("unknown_case", case_id=event.case_id)
            again = rework(Change(routing=routing, at=at), event.round, event.reason, context)
            # What was over stayed where it was; who takes it up again is whoever has that work today.
            return relocated(again, context, by_hand)
        case CaseReviewRequested():
            if routing is None:
                raise Rejected("unknown_case", case_id=event.case_id)
            return review(Change(routing=routing, at=at), event, context)
        case CaseWithdrawn(withdrawn_at=ended_at) | CaseTerminated(terminated_at=ended_at):
            if routing is None:
                return None  # it ended before it was ever accepted
            return withdraw(Change(routing=routing, at=moment_of_end(routing, ended_at, at)), context, WITHDRAWN)
        case CaseMerged(merged_at=ended_at):
            if routing is None:
                return None
            return withdraw(Change(routing=routing, at=moment_of_end(routing, ended_at, at)), context, MERGED)
        case CaseUnmerged():
            # What was never accepted before is accepted now, and that is said next.
            sent = routing is not None and routing.last_lead is not None
            return resend(Change(routing=routing, at=at), context) if routing is not None and sent else None
        case _:
            assert_never(event)
