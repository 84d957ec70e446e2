"""Notify's readers and alert scheduler on a real database, fed by hand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.clocks import (
    ClockCancelled,
    ClockExtended,
    ClockFacts,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStop,
    LimitBasis,
)
from contracts.cloudevents import attributes
from contracts.codes import ClockKind, Confidence
from contracts.events import CaseBound
from contracts.events.clocks import ClockLapsed
from contracts.topics import HOME, OFFICE_FEEDBACK
from contracts.tracing import Trace
from libraries.ids import new_id
from libraries.marks import Need
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import transaction
from libraries.runtime.kafka.progress import note_progress
from libraries.runtime.kafka.records import Record, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from libraries.runtime.kafka.watermarks import note_marks
from services.notify.domain.writers import BY_ALL
from services.notify.escalation.scheduler import EscalationScheduler
from services.notify.messaging.owing import Messages
from services.notify.watching import store
from services.notify.watching.handlers import CASE_EVENTS, EVENTS, FEEDBACK, READERS, EventHandlers
from services.notify.watching.scheduler import OF_WRITERS, AlertScheduler
from tests.civil_time import CIVIL_TIME
from tests.events import of_clocks
from tests.sealing import SEALER

Facts = TypeVar("Facts", bound=ClockFacts)
Stop = TypeVar("Stop", bound=ClockStop)
PACK = Path(__file__).parents[3] / "deploy" / "policies" / "zhangjiakou"
OFFICE = "education-130722000000"
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=CIVIL_TIME).astimezone(UTC)
"""A Wednesday morning; what is heard is heard then."""
REAL = datetime.now(UTC)
HOUR = timedelta(hours=1)
ANSWER_TIME = 48 * HOUR
"""So long feedback defers a breach."""
REFERRAL = UUID(int=17)


class Notify:
    """Notify's readers and alert scheduler on a database, fed with records by hand."""

    def __init__(self, engine: AsyncEngine, messages: Messages | None = None) -> None:
        self.engine = engine
        clock = Clock(origin=NOW, anchor=REAL)
        policy, answer_seconds = PolicyWatch(PACK), ANSWER_TIME.total_seconds()
        handlers = EventHandlers(clock=clock, policy=policy, answer_seconds=answer_seconds, messages=messages)
        readers = {reader.name: reader for reader in handlers.readers()}
        self.events = ConsumerContext(service="notify", reader=readers[EVENTS], engine=engine, sealer=SEALER)
        self.cases = ConsumerContext(service="notify", reader=readers[CASE_EVENTS], engine=engine, sealer=SEALER)
        self.feedback = ConsumerContext(service="notify", reader=readers[FEEDBACK], engine=engine, sealer=SEALER)
        self.offset = 0
        self.said: list[Record] = []
        self.sequences: Counter[tuple[UUID, str]] = Counter()

    def alert_scheduler(self, name: str = "one", *, at: datetime = NOW) -> AlertScheduler:
        clock = Clock(speed=1e-9, origin=at, anchor=datetime.now(UTC))
        return AlertScheduler(engine=self.engine, clock=clock, policy=PolicyWatch(PACK), loops=[], name=name)

    def escalation_scheduler(self, *, at: datetime) -> EscalationScheduler:
        clock = Clock(speed=1e-9, origin=at, anchor=datetime.now(UTC))
        return EscalationScheduler(engine=self.engine, clock=clock, policy=PolicyWatch(PACK))

    async def caught_up_to(
        self, until: datetime, readers: Sequence[str] = READERS, writers: Iterable[Need] = BY_ALL
    ) -> None:
        """And the other services have said everything of up to then."""
        now = datetime.now(UTC)
        async with transaction(self.engine) as conn:
            for reader in readers:
                await store.save_progress(conn, reader, "one", until=until, seen=now)
        await self.writers_have_come_to(until, writers)

    async def writers_have_come_to(self, until: datetime, wanted: Iterable[Need] = BY_ALL) -> None:
        """Writers have said everything of up to then, and it was read."""
        now = datetime.now(UTC)
        async with transaction(self.engine) as conn:
            await note_marks(conn, dict.fromkeys(wanted, until), heard_at=now)
            for reader in OF_WRITERS:
                await note_progress(conn, reader, "one", until=now, seen=now)

    async def consumes(
        self, *events: CaseBound, writer: str = "routing", sent_at: datetime = NOW, trace: Trace | None = None
    ) -> None:
        context = self.cases if writer == "intake" else self.events
        records = []
        for event in events:
            self.sequences[event.case_id, writer] += 1
            headers = attributes(
                event_id=new_id(),
                wire_type=event.wire_type(),
                writer=writer,
                time=NOW,
                subject=event.case_id,
                sequence=self.sequences[event.case_id, writer],
                traceparent=str(trace) if trace is not None else None,
            )
            records.append(self._record(HOME[writer].name, msgspec.json.encode(event), headers, sent_at))
        self.said += records
        assert await settle(context, [read_record(context.reader, record) for record in records]) == 0

    async def consumes_feedback(self, *values: bytes, at: datetime, office: str = OFFICE) -> None:
        records = [self._record(OFFICE_FEEDBACK.named(office), value, [], at) for value in values]
        assert await settle(self.feedback, [read_record(self.feedback.reader, record) for record in records]) == 0

    def _record(self, topic: str, value: bytes, headers: list[tuple[str, bytes]], at: datetime = NOW) -> Record:
        self.offset += 1
        return Record(
            topic=topic,
            partition=0,
            offset=self.offset,
            timestamp=REAL + (at - NOW),
            key=b"",
            value=value,
            headers=dict(headers),
            raw_headers=tuple(headers),
        )

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as conn:
            return [tuple(row) for row in await conn.execute(text(statement))]

    async def rows_changed(self, statement: str) -> None:
        async with transaction(self.engine) as conn:
            await conn.execute(text(statement))

    async def alert_types(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT type FROM alerts ORDER BY xid, place")]


def facts(
    clock_id: UUID, *, due_in: timedelta | None = HOUR, soon_in: timedelta | None = None, **more: Any
) -> ClockFacts:
    """A clock that began an hour ago; it names no level unless a test does."""
    values: dict[str, Any] = {
        "kind": ClockKind.HANDLING,
        "version": 1,
        "office": OFFICE,
        "area": "130722100000",
        "limit": "1h",
        "started_at": NOW - HOUR,
        "due_at": NOW + due_in if due_in is not None else None,
        "due_soon_at": NOW + soon_in if soon_in is not None else None,
        "referral_id": REFERRAL,
        "basis": LimitBasis(policy_version="p", row="r", source="product default", confidence=Confidence.U),
    }
    return ClockFacts(**{**values, "clock_id": clock_id, **more})


def started(*clocks: ClockFacts) -> ClockLapsed:
    return clock_started(new_id(), clocks)


def clock_started(case_id: UUID, clocks: Sequence[ClockFacts]) -> ClockLapsed:
    return of_clocks(case_id, NOW, *(_changed(ClockStarted, clock) for clock in clocks))


def clock_paused(case_id: UUID, clocks: Sequence[ClockFacts], reason: str, paused_at: datetime) -> ClockLapsed:
    return of_clocks(
        case_id, paused_at, *(_changed(ClockPaused, clock, reason=reason, since=paused_at) for clock in clocks)
    )


def clock_resumed(case_id: UUID, clocks: Sequence[ClockFacts], resumed_at: datetime) -> ClockLapsed:
    return of_clocks(case_id, resumed_at, *(_changed(ClockResumed, clock, since=resumed_at) for clock in clocks))


def clock_extended(
    case_id: UUID, clocks: Sequence[ClockFacts], added: str, approver: str, reason: str, extended_at: datetime
) -> ClockLapsed:
    more = {"added": added, "approver": approver, "reason": reason}
    return of_clocks(case_id, extended_at, *(_changed(ClockExtended, clock, **more) for clock in clocks))


def clock_met(case_id: UUID, clocks: Sequence[ClockStop]) -> ClockLapsed:
    return of_clocks(case_id, clocks[0].at, *(_ended(ClockMet, clock) for clock in clocks))


def clock_cancelled(case_id: UUID, clocks: Sequence[ClockStop]) -> ClockLapsed:
    return of_clocks(case_id, clocks[0].at, *(_ended(ClockCancelled, clock) for clock in clocks))


def _changed(how: type[Facts], clock: ClockFacts, **more: Any) -> Facts:
    return how(**{name: getattr(clock, name) for name in ClockFacts.__struct_fields__}, **more)


def _ended(how: type[Stop], stop: ClockStop) -> Stop:
    return how(clock_id=stop.clock_id, kind=stop.kind, version=stop.version, at=stop.at)


def answer(feedback_id: str = "f1", **more: object) -> bytes:
    said = {"feedback_id": feedback_id, "referral_id": REFERRAL, "action": "complete"}
    return msgspec.json.encode({name: value for name, value in (said | more).items() if value is not None})
