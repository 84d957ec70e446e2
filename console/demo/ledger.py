"""What the topics say, kept by case: what the simulated people react to, and what is shown at the end."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, assert_never
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from contracts.cloudevents import Envelope, Unknown, decode
from contracts.codes import WORK, ReferralRole
from contracts.events import CaseBound
from contracts.events.cases import CaseRegistered, CaseReopened
from contracts.events.clocks import ClockBreached, ClockCleared
from contracts.events.referrals import ReferralCompleted, ReferralDispatched, ReferralFailed
from contracts.offices import OFFICE

OFFICES = rf"^departments\.{OFFICE}\.referrals\.v1$"
STORY = r"^(intake\.cases|routing\.referrals|notify\.alerts)\.v1$"
"""What a partner reads that follows cases."""
Key = tuple[str, str]
Counted = CaseRegistered | ReferralDispatched | ReferralCompleted | ReferralFailed | ClockBreached | ClockCleared


@dataclass(slots=True, kw_only=True)
class Case:
    """The story of one case, as it came over the topics."""

    registered: CaseRegistered
    events: list[Envelope] = field(default_factory=list)
    round: int = 1

    def in_order(self) -> list[Envelope]:
        return sorted(self.events, key=lambda one: (one.time, one.writer, one.sequence or 0))


@dataclass(slots=True, kw_only=True)
class Counts:
    """What the progress bar shows."""

    registered: int = 0
    dispatched: int = 0
    finished: int = 0
    late: int = 0


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Reads as a partner would. The same event that comes twice is kept once, and counted as a repeat."""

    cases: dict[UUID, Case] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    _seen: set[UUID] = field(default_factory=set)
    _early: dict[UUID, list[Envelope]] = field(default_factory=dict)
    _known: dict[UUID, asyncio.Future[Key]] = field(default_factory=dict)

    def take(self, envelope: Envelope) -> bool:
        """Whether it is new."""
        event = envelope.data
        if not isinstance(event, CaseBound) or envelope.id in self._seen:
            return False
        self._seen.add(envelope.id)
        case_id = event.case_id
        if isinstance(event, CaseRegistered):
            self.cases[case_id] = Case(registered=event, events=self._early.pop(case_id, []))
            self._future(case_id).set_result((event.source, event.submission_id))
        case = self.cases.get(case_id)
        (case.events if case is not None else self._early.setdefault(case_id, [])).append(envelope)
        if case is not None and isinstance(event, CaseReopened):
            case.round = event.round
        self._count(event)
        return True

    async def key_of(self, case_id: UUID) -> Key:
        """Which submission it was; waits until the case was heard of."""
        return await self._future(case_id)

    def _future(self, case_id: UUID) -> asyncio.Future[Key]:
        if case_id not in self._known:
            self._known[case_id] = asyncio.get_running_loop().create_future()
        return self._known[case_id]

    def _count(self, event: CaseBound) -> None:
        if not isinstance(event, Counted):
            return
        match event:
            case CaseRegistered():
                self.counts.registered += 1
            case ReferralDispatched():
                self.counts.dispatched += event.role is ReferralRole.LEAD and event.supersedes is None
            case ReferralCompleted():
                self.counts.finished += event.role is ReferralRole.LEAD and event.round == 1
            case ReferralFailed():
                self.counts.finished += event.role is ReferralRole.LEAD
            case ClockBreached():
                self.counts.late += event.kind in WORK
            case ClockCleared():
                self.counts.late -= event.kind in WORK
            case _:
                assert_never(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRecord:
    """One record of a topic."""

    topic: str
    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicListener:
    """Reads the topics of a pattern from their beginning."""

    servers: str
    pattern: str
    wait_ms: int
    """How long a fetch may wait; over hundreds of topics it should be rare."""
    on_record: Callable[[ReceivedRecord], None]

    async def listen(self) -> None:
        """Until it is cancelled."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=self.wait_ms,
            metadata_max_age_ms=60_000,
        )
        consumer.subscribe(pattern=self.pattern)
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for received in _read(records):
                        self.on_record(received)
        finally:
            await consumer.stop()


def _read(records: list[Any]) -> Iterator[ReceivedRecord]:
    for record in records:
        envelope = decode(dict(record.headers), record.value)
        if not isinstance(envelope, Unknown):
            yield ReceivedRecord(topic=record.topic, envelope=envelope)


def office_of(topic: str) -> str | None:
    """The office that the topic belongs to, if it belongs to one."""
    office = topic.removeprefix("departments.").removesuffix(".referrals.v1")
    return office if office != topic and topic.startswith("departments.") else None
