"""Live referrals move with their offices on the day: the successor sees, answers and is told, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.codes import CaseState
from contracts.events.cases import CaseReopened
from libraries.policies import PolicyWatch
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine
from libraries.runtime.kafka.records import Record
from libraries.runtime.web.auth import Principal, Role
from services.routing.answering import Answering
from services.routing.http import ROUTES
from services.routing.relocating import Relocator
from tests.integration.routing.test_routing import Routing, an_accepted_case, an_answer
from tests.integration.web import application, bearer
from tests.unit.policies.changing import write_pack

EVE = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
MORNING = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
OLD, NEW = "education-130721000000", "education-130705000000"


class Place(Routing):
    """Routing in a place whose areas change tonight."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine, self.day, self.pack = engine, EVE, write_pack(folder)
        self.written: datetime | None = None
        self._starts(PolicyWatch(self.pack, lambda: self.day))

    def _starts(self, policy: PolicyWatch) -> None:
        super().__init__(self.engine, Clock(origin=self.day, anchor=datetime.now(UTC)), policy)
        self.relocator = Relocator(engine=self.engine, router=self.router)

    async def the_day_comes(self) -> None:
        self.day, offset, sequences = MORNING, self.offset, self.sequences
        self._starts(self.router.policy)
        self.offset, self.sequences = offset, sequences

    def _record(self, *args: Any) -> Record:
        record = super()._record(*args)
        written = self.router.clock.real(self.written) if self.written is not None else record.timestamp
        return msgspec.structs.replace(record, timestamp=written)

    async def lives(self, referral_id: UUID) -> tuple[Any, ...]:
        (row,) = await self.rows(f"SELECT office, state FROM referrals WHERE referral_id = '{referral_id}'")
        return row

    async def asks(self, method: str, path: str, body: dict[str, Any] | None = None, **who: Any) -> httpx.Response:
        state = {"engine": self.engine, "router": self.router, "places": self.router.policy}
        answering = Answering(engine=self.engine, router=self.router)
        app = application("routing", ROUTES, {**state, "answering": answering})
        token = bearer(Principal(subject="somebody", **who))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://routing") as client:
            return await client.request(method, path, headers=token, json=(body or {}) if method == "POST" else None)


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Place]:
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Place(engine, tmp_path)
    await engine.dispose()


def a_case(area: str = "130721100000") -> Any:
    return an_accepted_case(area=area, first_contact_office=f"township-{area}")


SUCCEEDED = (
    "SELECT count(*) FROM journal WHERE type = 'yimen.referral.office_succeeded.v1' AND topic = 'routing.referrals.v1'"
)


async def test_the_successor_has_the_referral_and_both_topics_say_so_once(place: Place) -> None:
    await place.consumes(a_case())
    referral = await place.referral(OLD)
    await place.relocator.relocate()
    assert await place.rows(SUCCEEDED) == [(0,)], "not before the day"
    before = await place.rows(f"SELECT due_at FROM clocks WHERE referral_id = '{referral}' ORDER BY clock_id")

    await place.the_day_comes()
    await place.relocator.relocate()
    await place.relocator.relocate()

    assert await place.lives(referral) == (NEW, "dispatched")
    assert await place.rows("SELECT DISTINCT area, first_contact_office FROM routed_cases") == [
        ("130705101000", "township-130705101000")
    ]
    assert await place.rows(f"SELECT due_at FROM clocks WHERE referral_id = '{referral}' ORDER BY clock_id") == before
    assert await place.rows("SELECT DISTINCT clock->>'office', clock->>'area' FROM clocks ORDER BY 1") == [
        ("civil_affairs-130705000000", "130705101000"),
        (NEW, "130705101000"),
    ]
    topics = await place.rows(
        f"SELECT DISTINCT topic FROM journal WHERE type = 'yimen.referral.office_succeeded.v1' "
        f"AND convert_from(value, 'UTF8')::json->>'referral_id' = '{referral}' ORDER BY topic"
    )
    assert topics == [
        (f"departments.{NEW}.referrals.v1",),
        (f"departments.{OLD}.referrals.v1",),
        ("routing.referrals.v1",),
    ]
    assert await place.rows(SUCCEEDED) == [(2,)], "the lead and its co-handler, once each"


async def test_the_new_office_the_old_token_and_the_new_county_see_and_answer(place: Place) -> None:
    await place.consumes(a_case())
    referral = await place.referral(OLD)
    path = f"/v1/referrals/{referral}"
    new = {"role": Role.OFFICER, "office": NEW}
    old = {"role": Role.OFFICER, "office": OLD}
    county = {"role": Role.COORDINATOR, "area": "130705000000"}
    assert (await place.asks("GET", path, **new)).status_code == 404
    assert (await place.asks("GET", path, **county)).status_code == 404

    await place.the_day_comes()
    # Also in the moments until the work has moved.
    assert (await place.asks("GET", path, **new)).status_code == 200
    await place.relocator.relocate()

    for who in (new, old, county):
        assert (await place.asks("GET", path, **who)).status_code == 200
        assert [one["referral_id"] for one in (await place.asks("GET", "/v1/referrals", **who)).json()["items"]][:1]
    assert (await place.asks("GET", path, role=Role.OFFICER, office="education-130722000000")).status_code == 404
    assert (await place.asks("POST", f"{path}/sign", **old)).status_code == 200
    assert await place.lives(referral) == (NEW, "signed")


async def test_what_the_old_office_wrote_on_its_own_topic_still_counts(place: Place) -> None:
    await place.consumes(a_case())
    referral = await place.referral(OLD)
    await place.the_day_comes()
    await place.relocator.relocate()
    await place.is_answered(an_answer(referral, "sign"), office=OLD)
    assert await place.lives(referral) == (NEW, "signed")


async def test_a_successor_that_helps_with_the_case_has_one_referral_of_it_afterwards(place: Place) -> None:
    await place.consumes(a_case())
    lead, helper = await place.referral(OLD), await place.referral("civil_affairs-130721000000")
    async with place.engine.begin() as conn:
        there = text("UPDATE referrals SET office = :office WHERE referral_id = :id")
        await conn.execute(there, {"office": NEW, "id": helper})
    await place.the_day_comes()
    await place.relocator.relocate()
    assert await place.lives(lead) == (NEW, "dispatched")
    assert await place.lives(helper) == (NEW, "cancelled")


MOVED, P, Q = "130722200000", "education-130722000000", "education-130705000000"
CIVIL_P, CIVIL_Q = "civil_affairs-130722000000", "civil_affairs-130705000000"


def coordinator_of(office: str) -> dict[str, Any]:
    return {"role": Role.COORDINATOR, "office": office, "area": office.rpartition("-")[2]}


async def told_of(place: Place, referral_id: UUID, type_: str) -> list[str]:
    """The topics on which an event of this type names the referral, in order, as often as it does."""
    found = await place.rows(
        f"SELECT topic FROM journal WHERE type = 'yimen.{type_}.v1' "
        f"AND convert_from(value, 'UTF8') LIKE '%{referral_id}%' ORDER BY topic"
    )
    return [topic for (topic,) in found]


async def test_the_work_of_a_township_that_moves_goes_to_its_new_county_once_however_many_look(place: Place) -> None:
    await place.consumes(a_case(MOVED))
    lead, helper = await place.referral(P), await place.referral(CIVIL_P)
    await place.is_answered(an_answer(lead, "sign"), office=P)
    await place.relocator.relocate()
    assert await place.lives(lead) == (P, "signed")
    before = await place.rows("SELECT clock_id, due_at, clock->'started_at' FROM clocks ORDER BY clock_id")

    await place.the_day_comes()
    await asyncio.gather(*(place.relocator.relocate() for _ in range(3)))
    await place.relocator.relocate()

    assert await place.lives(lead) == (Q, "signed")
    assert await place.lives(helper) == (CIVIL_Q, "dispatched")
    topics = [f"departments.{Q}.referrals.v1", f"departments.{P}.referrals.v1", "routing.referrals.v1"]
    assert await told_of(place, lead, "referral.office_succeeded") == topics
    assert await place.rows("SELECT DISTINCT area, first_contact_office FROM routed_cases") == [
        (MOVED, f"township-{MOVED}")
    ]
    assert await place.rows("SELECT clock_id, due_at, clock->'started_at' FROM clocks ORDER BY clock_id") == before


async def test_the_new_county_s_coordinator_decides_on_a_return_that_the_old_one_was_asked(place: Place) -> None:
    await place.consumes(a_case(MOVED))
    lead = await place.referral(P)
    await place.is_answered(an_answer(lead, "return", reason="not_competent"), office=P)
    old, new = coordinator_of(CIVIL_P), coordinator_of(CIVIL_Q)
    path = f"/v1/referrals/{lead}"
    await place.the_day_comes()
    await place.relocator.relocate()

    assert f"departments.{CIVIL_Q}.referrals.v1" in await told_of(place, lead, "clock.recalculated")
    assert (await place.asks("GET", path, **old)).status_code == 404
    assert (await place.asks("GET", path, **new)).json()["decider"] == CIVIL_Q
    assert (await place.asks("POST", f"{path}/decide-return", {"approve": False}, **old)).status_code in {403, 404}
    decided = await place.asks("POST", f"{path}/decide-return", {"approve": False}, **new)
    assert (decided.status_code, decided.json()["referral"]["office"]) == (200, Q)


async def test_what_a_coordinator_chose_stays_and_is_not_looked_at_again(place: Place) -> None:
    await place.consumes(a_case(MOVED))
    lead = await place.referral(P)
    await place.the_day_comes()
    await place.relocator.relocate()
    # The coordinator of the city sends it back to where it came from.
    city = coordinator_of("civil_affairs-130700000000")
    body = {"to": P, "reason": "coordinator_decision"}
    sent = await place.asks("POST", f"/v1/referrals/{lead}/reassign", body, **city)
    assert sent.status_code == 200, sent.text
    chosen = UUID(sent.json()["successor"]["referral_id"])
    await place.relocator.relocate()
    assert await place.lives(chosen) == (P, "dispatched")
    assert await told_of(place, chosen, "referral.office_succeeded") == []


async def test_an_answer_of_the_old_office_counts_from_when_it_came(place: Place) -> None:
    await place.consumes(a_case(MOVED))
    lead = await place.referral(P)
    await place.the_day_comes()
    await place.relocator.relocate()
    # It was written on the evening before, and is read in the morning.
    place.written = EVE + timedelta(hours=1)
    await place.is_answered(an_answer(lead, "sign"), office=P)
    assert await place.lives(lead) == (Q, "signed")
    place.written = MORNING
    await place.is_answered(an_answer(lead, "accept"), office=P)
    assert await place.lives(lead) == (Q, "signed")
    assert await place.rows("SELECT count(*) FROM journal WHERE type = 'yimen.feedback.rejected.v1'") == [(1,)]


async def test_a_case_that_is_taken_up_again_is_with_the_county_of_today(place: Place) -> None:
    await place.consumes(a_case(MOVED))
    lead = await place.referral(P)
    for referral, office in ((await place.referral(CIVIL_P), CIVIL_P), (lead, P)):
        answers = [an_answer(referral, action) for action in ("sign", "accept", "complete")]
        await place.is_answered(*answers, office=office)
    assert await place.lives(lead) == (P, "completed")
    await place.the_day_comes()
    await place.relocator.relocate()
    assert await place.lives(lead) == (P, "completed"), "what is over stays"
    (case_id,) = await place.rows("SELECT case_id FROM routed_cases")
    again = {"reopened_at": MORNING, "round": 2, "reason": "not_satisfied"}
    await place.consumes(CaseReopened(state=CaseState.IN_PROGRESS, case_id=case_id[0], **again))
    assert await place.lives(lead) == (Q, "in_progress")
    assert len(await told_of(place, lead, "referral.office_succeeded")) == 3
