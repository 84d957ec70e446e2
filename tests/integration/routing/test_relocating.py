"""Live referrals move with their offices on the day: the successor sees, answers and is told, once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libraries.policies import PolicyWatch
from libraries.runtime.database.engine import open_engine
from libraries.runtime.database.migrate import upgrade
from libraries.runtime.web.app import build_app
from libraries.runtime.web.auth import Principal, Role, issue_token
from services.routing.http import ROUTES
from services.routing.relocating import Relocator
from tests.integration.routing.test_routing import Routing, an_accepted_case, an_answer
from tests.unit.policies.changing import AREAS, HEADING, write_pack

KEY = "t" * 32
EVE = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
MORNING = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
OLD, NEW = "education-130721000000", "education-130705000000"


class Place(Routing):
    """Routing in a place whose areas change tonight."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.day, self.pack = EVE, write_pack(folder)
        super().__init__(engine, policy=PolicyWatch(self.pack, lambda: self.day))
        self.relocator = Relocator(engine=engine, router=self.router)

    async def the_day_comes(self) -> None:
        self.day = MORNING
        assert await self.router.policy.refresh_unless(self.relocator.open_work)

    async def lives(self, referral_id: UUID) -> tuple[Any, ...]:
        (row,) = await self.rows(f"SELECT office, state FROM referrals WHERE referral_id = '{referral_id}'")
        return row

    async def asks(self, method: str, path: str, **who: Any) -> httpx.Response:
        async def probe() -> dict[str, str]:
            return {"database": "ok"}

        state = {"engine": self.engine, "router": self.router, "places": self.router.policy, "token_key": KEY}
        app = build_app("routing", ROUTES, state=state, probe=probe)
        token = {"authorization": f"Bearer {issue_token(KEY, Principal(subject='somebody', **who))}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://routing") as client:
            return await client.request(method, path, headers=token, json={} if method == "POST" else None)


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Place]:
    await upgrade(database, "routing")
    engine = open_engine(SimpleNamespace(database_url=database), "routing")
    yield Place(engine, tmp_path)
    await engine.dispose()


def a_case(area: str = "130721100000") -> Any:
    return an_accepted_case(area=area, first_contact_office=f"township-{area}")


SUCCEEDED = (
    "SELECT count(*) FROM journal WHERE type = 'yimen.referral.office_succeeded.v1' AND topic = 'routing.referrals.v1'"
)


async def test_the_successor_has_the_referral_and_both_topics_say_so_once(place: Place) -> None:
    await place.hears(a_case())
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
    await place.hears(a_case())
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
    await place.hears(a_case())
    referral = await place.referral(OLD)
    await place.the_day_comes()
    await place.relocator.relocate()
    await place.is_answered(an_answer(referral, "sign"), office=OLD)
    assert await place.lives(referral) == (NEW, "signed")


async def test_an_office_with_live_referrals_is_not_forgotten(place: Place) -> None:
    await place.hears(a_case())
    running = place.router.policy.policy
    gone = ("130721", "130721100", "130721101")
    rows = [line for line in (HEADING + AREAS).splitlines() if line.split(",")[0] not in gone]
    (place.pack / "areas.csv").write_text("\n".join(rows) + "\n")
    assert not await place.router.policy.refresh_unless(place.relocator.open_work)
    assert place.router.policy.policy is running
    told = " ".join(map(str, place.router.policy.refused))
    assert f"office {OLD} has 1 open and no row any more" in told
    assert "area 130721100000 has 2 open and no row any more" in told


async def test_a_successor_that_helps_with_the_case_has_one_referral_of_it_afterwards(place: Place) -> None:
    await place.hears(a_case())
    lead, helper = await place.referral(OLD), await place.referral("civil_affairs-130721000000")
    async with place.engine.begin() as conn:
        there = text("UPDATE referrals SET office = :office WHERE referral_id = :id")
        await conn.execute(there, {"office": NEW, "id": helper})
    await place.the_day_comes()
    await place.relocator.relocate()
    assert await place.lives(lead) == (NEW, "dispatched")
    assert await place.lives(helper) == (NEW, "cancelled")
