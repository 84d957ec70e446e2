"""A case follows what routing and notify say, on a real database: in order, once, and never for the wrong reason."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.clocks import ClockExtended
from contracts.codes import CaseState, ClockKind, ReferralRole
from contracts.events import CaseBound
from contracts.events.referrals import ReferralExtended
from contracts.topics import ALERTS, REFERRALS
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from libraries.runtime.kafka.records import Reader, Record, read_record
from libraries.runtime.kafka.settling import ConsumerContext, settle
from services.intake import store
from services.intake.domain import actions
from services.intake.domain.case import Case
from services.intake.publishing import act
from services.intake.referral_updates import ReferralUpdates
from services.intake.registration import Registered
from services.intake.time_report import to_time
from services.intake.timeline import to_entries
from tests.integration.intake import fake_events
from tests.integration.intake.test_registration import PACK, WINDOW, a_submission, registered
from tests.sealing import SEALER

LEAD = uuid4()


@pytest.fixture(scope="module")
def watch() -> PolicyWatch:
    return PolicyWatch(PACK)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(SimpleNamespace(database_url=database), "intake")
    yield engine
    await engine.dispose()


class FedReaders:
    """Intake's two readers, fed by hand."""

    def __init__(self, engine: AsyncEngine, watch: PolicyWatch) -> None:
        self.engine = engine
        self.referrals, self.alerts = ReferralUpdates(policy=watch, sealer=SEALER, clock=Clock()).readers()
        self.routing = fake_events.FakeWriter("routing", REFERRALS.name)
        self.notify = fake_events.FakeWriter("notify", ALERTS.name)

    async def consumes(self, *events: CaseBound) -> list[Record]:
        records = self.routing.records(events)
        await self.reads(self.referrals, records)
        return records

    async def consumes_alerts(self, *events: CaseBound) -> None:
        await self.reads(self.alerts, self.notify.records(events))

    async def reads(self, reader: Reader, records: Iterable[Record]) -> int:
        context = ConsumerContext(service="intake", reader=reader, engine=self.engine, sealer=SEALER)
        return await settle(context, [read_record(reader, record) for record in records])

    async def case(self, case_id: UUID) -> Case:
        async with transaction(self.engine) as conn:
            case = await store.find_case(conn, case_id)
        assert case is not None
        return case

    async def said(self, case_id: UUID) -> list[str]:
        """What intake itself said after the registration, without clocks."""
        async with self.engine.connect() as conn:
            rows = await conn.execute(
                text("SELECT type FROM journal WHERE case_id = :case ORDER BY sequence"), {"case": case_id}
            )
            types = [row.type.removeprefix("yimen.").removesuffix(".v1") for row in rows]
        return [name for name in types if not name.startswith("clock.")]


@pytest.fixture
def readers(engine: AsyncEngine, watch: PolicyWatch) -> FedReaders:
    return FedReaders(engine, watch)


async def a_case(engine: AsyncEngine, watch: PolicyWatch, number: int = 1, **changes: object) -> UUID:
    (outcome,) = await registered(engine, watch, a_submission(number, **changes))
    assert isinstance(outcome, Registered)
    return outcome.case.id


async def test_a_whole_life_in_one_batch_is_the_same_as_event_by_event(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    one, other = await a_case(engine, watch, 1), await a_case(engine, watch, 2)

    def life(case_id: UUID) -> list[CaseBound]:
        return [
            fake_events.dispatched(case_id, LEAD),
            fake_events.started(case_id, LEAD, ClockKind.SIGNING, ClockKind.HANDLING),
            fake_events.signed(case_id, LEAD),
            fake_events.held(case_id, LEAD),
            fake_events.paused(case_id, LEAD),
            fake_events.resumed(case_id, LEAD),
            fake_events.completed(case_id, LEAD),
        ]

    await readers.consumes(*life(one))
    for event in life(other):
        await readers.consumes(event)

    for case_id in (one, other):
        case = await readers.case(case_id)
        assert (case.state, case.resolved_at, case.handling) == (CaseState.RESOLVED, fake_events.AT, None)
        assert [clock.kind for clock in case.clocks] == [ClockKind.CALLBACK]
        assert await readers.said(case_id) == [
            "case.registered",
            "case.accepted",
            "case.progressed",
            "case.suspended",
            "case.applicant_to_be_told",
            "case.resumed",
            "case.resolved",
        ]


async def test_the_story_names_who_said_what(engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders) -> None:
    case_id = await a_case(engine, watch)
    await readers.consumes(
        fake_events.dispatched(case_id, LEAD), fake_events.started(case_id, LEAD), fake_events.completed(case_id, LEAD)
    )
    async with transaction(engine) as conn:
        story = [(entry.type, entry.by) for entry in await store.list_timeline(conn, case_id)]
    assert story == [
        ("case.registered", "clerk-1"),
        ("case.accepted", "clerk-1"),
        ("referral.dispatched", "routing"),
        ("case.progressed", "routing"),
        ("clock.lapsed", "routing"),
        ("referral.completed", fake_events.OFFICE),
        ("case.resolved", fake_events.OFFICE),
    ]


async def test_an_extension_stands_in_the_story_until_the_applicant_was_told(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch)
    more = {"added": "10wd", "approver": "unit_head", "reason": "complex"}
    clock = fake_events.clock(LEAD, version=2, change=ClockExtended, **more)
    extension = fake_events.referral_event(ReferralExtended, case_id, LEAD, clocks=(clock,))
    await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.started(case_id, LEAD), extension)
    assert (await readers.case(case_id)).pending_notices == ("extension",)
    async with transaction(engine) as conn:
        told = partial(actions.applicant_told, at=fake_events.AT, about="extension")
        await act(case_id, told, conn, watch.policy, initiator=WINDOW)
        story = [(entry.type, entry.by) for entry in await store.list_timeline(conn, case_id)]
    assert story[-3:] == [
        ("referral.extended", fake_events.OFFICE),
        ("case.applicant_to_be_told", fake_events.OFFICE),
        ("case.applicant_told", "clerk-1"),
    ]
    assert (await readers.case(case_id)).pending_notices == ()


async def test_who_answers_by_when_is_what_routing_announced(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch)
    await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.started(case_id, LEAD, ClockKind.SIGNING))
    assert (await readers.case(case_id)).handling is None
    await readers.consumes(fake_events.started(case_id, LEAD))
    handling = (await readers.case(case_id)).handling
    assert handling is not None
    assert (handling.office, handling.due_at, handling.announced) == (fake_events.OFFICE, fake_events.DUE, True)
    await readers.consumes(fake_events.paused(case_id, LEAD))
    handling = (await readers.case(case_id)).handling
    assert handling is not None
    assert handling.due_at is None


async def test_of_a_suspended_case_the_review_is_awaited_and_stands_in_the_story(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch)
    await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.started(case_id, LEAD))
    await readers.consumes(
        fake_events.held(case_id, LEAD),
        fake_events.paused(case_id, LEAD),
        fake_events.started(case_id, LEAD, ClockKind.HOLD_REVIEW),
    )
    case = await readers.case(case_id)
    assert case.handling is not None
    assert (case.handling.kind, case.handling.due_at) == (ClockKind.HOLD_REVIEW, fake_events.DUE)
    assert (case.state, case.pending_notices) == (CaseState.SUSPENDED, ("suspension",))
    async with transaction(engine) as conn:
        told = to_entries(await store.list_timeline(conn, case_id), watch.policy)
    assert [entry.zh for entry in told[-3:]] == ["中止须告知申请人", None, "暂停核查时限至 3月24日（社会救助暂行办法）"]
    await readers.consumes(fake_events.resumed(case_id, LEAD), fake_events.going_on(case_id, LEAD))
    case = await readers.case(case_id)
    assert case.handling is not None
    assert (case.state, case.handling.kind) == (CaseState.IN_PROGRESS, ClockKind.HANDLING)


async def test_what_comes_again_changes_nothing(engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders) -> None:
    case_id = await a_case(engine, watch)
    records = await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.held(case_id, LEAD))
    before = await readers.case(case_id)
    for again in (records, records[:1], records[1:], records * 3):
        assert await readers.reads(readers.referrals, again) == 0
    assert await readers.case(case_id) == before
    assert (await readers.said(case_id)).count("case.suspended") == 1


async def test_a_case_that_nobody_knows_is_parked_and_holds_up_nobody(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id, stranger = await a_case(engine, watch), uuid4()
    events = [
        fake_events.dispatched(case_id, LEAD),
        fake_events.dispatched(stranger, LEAD),
        fake_events.completed(case_id, LEAD),
        fake_events.completed(stranger, LEAD),
    ]
    await readers.consumes(*events)
    assert (await readers.case(case_id)).state is CaseState.RESOLVED
    async with engine.connect() as conn:
        rows = await conn.execute(text("SELECT code, case_id FROM parked_records ORDER BY id"))
        assert [tuple(row) for row in rows] == [("unknown_case", stranger), ("behind", stranger)]


@pytest.mark.parametrize("role", [ReferralRole.CO, ReferralRole.INFO])
async def test_a_co_handler_moves_nothing(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders, role: ReferralRole
) -> None:
    case_id, other = await a_case(engine, watch), uuid4()
    await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.dispatched(case_id, other, role=role))
    await readers.consumes(
        fake_events.held(case_id, other, role=role), fake_events.completed(case_id, other, role=role)
    )
    case = await readers.case(case_id)
    assert (case.state, case.lead) == (CaseState.IN_PROGRESS, LEAD)


async def test_a_hold_that_stops_no_clock_suspends_nothing(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch)
    await readers.consumes(fake_events.dispatched(case_id, LEAD), fake_events.held(case_id, LEAD, stops_clock=False))
    assert (await readers.case(case_id)).state is CaseState.IN_PROGRESS


async def test_a_failed_lead_ends_the_case_and_says_so(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch)
    await readers.consumes(
        fake_events.dispatched(case_id, LEAD), fake_events.started(case_id, LEAD), fake_events.failed(case_id, LEAD)
    )
    case = await readers.case(case_id)
    assert (case.state, case.handling) == (CaseState.TERMINATED, None)
    assert [clock.kind for clock in case.clocks] == [ClockKind.RETENTION]
    assert (await readers.said(case_id))[-1] == "case.terminated"


async def test_silence_of_the_window_is_acceptance_once(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id = await a_case(engine, watch, category="petition.request")
    await readers.consumes_alerts(
        fake_events.breached(case_id, ClockKind.HANDLING), fake_events.breached(case_id, version=7)
    )
    assert (await readers.case(case_id)).state is CaseState.REGISTERED
    await readers.consumes_alerts(fake_events.breached(case_id), fake_events.breached(case_id))
    case = await readers.case(case_id)
    assert (case.state, [clock.kind for clock in case.clocks]) == (CaseState.ACCEPTED, [ClockKind.DISPATCH])
    assert await readers.said(case_id) == ["case.registered", "case.accepted"]
    async with engine.connect() as conn:
        met = text("SELECT convert_from(value, 'UTF8') FROM journal WHERE type = 'yimen.case.accepted.v1'")
        value = str(await conn.scalar(met))
    # Late stays late: the clock ends after it was due.
    assert fake_events.breached(case_id).fired_at.isoformat().replace("+00:00", "Z") in value


async def test_hundreds_of_cases_follow_in_one_batch(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    outcomes = await registered(engine, watch, *(a_submission(number) for number in range(400)))
    ids = [outcome.case.id for outcome in outcomes if isinstance(outcome, Registered)]
    leads = {case_id: uuid4() for case_id in ids}
    events = [fake_events.dispatched(case_id, lead) for case_id, lead in leads.items()]
    await readers.consumes(*events, *(fake_events.completed(case_id, lead) for case_id, lead in leads.items()))
    async with engine.connect() as conn:
        states = await conn.execute(text("SELECT state, count(*) FROM cases GROUP BY state"))
        assert [tuple(row) for row in states] == [("resolved", 400)]


async def test_who_used_how_many_days_is_read_from_what_was_heard(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    """Registered on Monday at 10:00: a day until the dispatch, a day to the return, half a day to decide on it."""
    case_id, other, helper = await a_case(engine, watch), uuid4(), uuid4()
    day = timedelta(days=1)
    asked, decided, finished = fake_events.AT + day, fake_events.AT + day * 1.5, fake_events.AT + day * 7
    await readers.consumes(
        fake_events.dispatched(case_id, LEAD),
        fake_events.dispatched(case_id, helper, role=ReferralRole.CO, office="housing-130722000000"),
        fake_events.started(case_id, LEAD),
        fake_events.return_asked(case_id, LEAD, at=asked),
        fake_events.deciding(case_id, LEAD, at=asked),
        fake_events.returned(case_id, LEAD, at=decided),
        fake_events.dispatched(case_id, other, office="social_security-130722000000", supersedes=LEAD, at=decided),
        fake_events.completed(case_id, other, office="social_security-130722000000", at=finished),
    )
    async with transaction(engine) as conn:
        story = await store.list_timeline(conn, case_id)
    view = to_time(await readers.case(case_id), story, watch.policy, finished + day)
    used = {one.holder: one.used.working_days for one in view.holders}
    assert used == {
        "dispatching": 1,
        fake_events.OFFICE: 1,
        fake_events.DECIDER: 0.5,
        "social_security-130722000000": 3.5,
        "township-130722100000": 1,
    }
    assert view.whole.working_days == sum(used.values())
    assert view.whole.calendar_seconds == sum(piece.spent.calendar_seconds for piece in view.pieces)
    assert [one.pieces[0].holder for one in view.co_handlers] == ["housing-130722000000"]


@pytest.mark.parametrize("role", [ReferralRole.LEAD, ReferralRole.CO])
async def test_a_pause_that_was_reported_late_counts_from_when_it_began(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders, role: ReferralRole
) -> None:
    case_id = await a_case(engine, watch)
    day = timedelta(days=1)
    kind = ClockKind.HANDLING if role is ReferralRole.LEAD else ClockKind.CO_HANDLING
    await readers.consumes(
        fake_events.dispatched(case_id, LEAD, role=role),
        fake_events.held(case_id, LEAD, role=role, at=fake_events.AT + 2 * day),
        fake_events.paused(case_id, LEAD, kind, at=fake_events.AT + 2 * day, since=fake_events.AT + day),
    )
    async with transaction(engine) as conn:
        story = await store.list_timeline(conn, case_id)
    view = to_time(await readers.case(case_id), story, watch.policy, fake_events.AT + 3 * day)
    (own,) = view.co_handlers or (view,)
    office = next(one for one in own.holders if one.holder == fake_events.OFFICE)
    assert (office.used.calendar_days, office.paused.calendar_days) == (1, 2)


async def test_the_story_says_when_a_thing_was_so_and_not_when_it_was_heard(
    engine: AsyncEngine, watch: PolicyWatch, readers: FedReaders
) -> None:
    case_id, before = await a_case(engine, watch), fake_events.AT - timedelta(hours=5)
    await readers.consumes(
        fake_events.dispatched(case_id, LEAD, at=before), fake_events.deciding(case_id, LEAD, at=before)
    )
    await readers.consumes_alerts(fake_events.urged(case_id, at=before))
    async with transaction(engine) as conn:
        story = await store.list_timeline(conn, case_id)
    assert [(entry.type, entry.by, entry.at) for entry in story[-4:]] == [
        ("referral.dispatched", "routing", before),
        ("case.progressed", "routing", before),
        ("clock.lapsed", "routing", before),
        ("supervision.urged", "notify", before),
    ]
